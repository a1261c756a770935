"""Experiments as JSON and back: the content of a run folder's config.json.

A dataclass is an object with its "class"; a mapping of some is an object without, and a
tuple is a list.
"""

import dataclasses
import importlib
import pathlib
import typing

from tfm import errors
from tfm import validation
from tfm.config import fields
from tfm.config import loading


def to_json(config: object) -> dict:
    """`config` with the import path of each dataclass, for json.dump."""
    cls = type(config)
    found = {"class": f"{cls.__module__}.{cls.__qualname__}"}
    return found | {name: _body(v, name) for name, v in fields.parts(config).items()}


def _body(value: object, path: str) -> object:
    """A field's value as JSON has it."""
    if dataclasses.is_dataclass(value):
        return to_json(value)
    inner = fields.parts(value, path)
    if isinstance(value, tuple):
        return list(value) if inner is None else list(map(to_json, value))
    return value if inner is None else {k: to_json(v) for k, v in inner.items()}


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
        value = _value(value, source)
        if hints[name] is float and isinstance(value, int):
            value = float(value)
        values[name] = value
    return cls(**values)


def _value(body: object, source: pathlib.Path | None) -> object:
    """A field's value as `_body` wrote it."""
    if isinstance(body, list):
        return tuple(_value(item, source) for item in body)
    if not isinstance(body, dict):
        return body
    if isinstance(body.get("class"), str):  # else a config of that name
        return from_json(body, source)
    inner = {name: _value(part, source) for name, part in body.items()}
    return validation.FrozenDict(inner)


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
