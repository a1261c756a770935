"""An experiment as JSON and back: what a run folder's config.json holds."""

import dataclasses
import importlib
import pathlib
import typing

from tfm import errors
from tfm.config import fields
from tfm.config import loading


def to_json(config: object) -> dict:
    """`config` with the import path of each dataclass, for json.dump."""
    cls = type(config)
    body = {"class": f"{cls.__module__}.{cls.__qualname__}"}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            value = to_json(value)
        elif isinstance(value, tuple):
            value = list(value)
        body[field.name] = value
    return body


def from_json(body: dict, source: pathlib.Path | None = None):
    """The dataclass that `to_json` wrote.

    Args:
      body: from a config.json.
      source: the run folder's copy of a user's own experiment file, for the
        classes defined in it.

    Raises:
      UserError: a class or field that this version of tfm does not know.
    """
    cls = _find_class(body["class"], source)
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]
    values = {}
    for name, value in body.items():
        if name == "class":
            continue
        if name not in names:
            raise errors.UserError(
                f"The saved configuration has a field {name} that "
                f"{body['class']} does not have; was it written by another "
                f"version of tfm{fields.nearest(name, names)}?"
            )
        if isinstance(value, dict):
            value = from_json(value, source)
        elif isinstance(value, list):
            value = tuple(value)
        elif hints[name] is float and isinstance(value, int):
            value = float(value)
        values[name] = value
    return cls(**values)


def _find_class(path: str, source: pathlib.Path | None) -> type:
    module_name, _, name = path.rpartition(".")
    try:
        if source and module_name.startswith("tfm_own_experiment_"):
            module = loading.load_module(source)
        else:
            module = importlib.import_module(module_name)
        cls = getattr(module, name)
    except (ImportError, AttributeError):
        cls = None
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        raise errors.UserError(
            f"The saved configuration names {path}, which cannot be imported here."
        )
    return cls
