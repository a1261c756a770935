"""Experiments as JSON and back: the content of a run folder's config.json.

A dataclass is an object with its "class"; a mapping of some is an object without, and a
tuple is a list.
"""

import dataclasses
import importlib
import typing

from tfm import errors
from tfm import validation
from tfm.config import fields
from tfm.config import own_code

OWN = "own:"  # begins the path of a class of the run's own code


def to_json(config: object) -> dict:
    """`config` with the import path of each dataclass, for json.dump."""
    found = {"class": _class_path(type(config))}
    return found | {name: _body(v, name) for name, v in fields.parts(config).items()}


def _body(value: object, path: str) -> object:
    """A field's value as JSON has it."""
    if dataclasses.is_dataclass(value):
        return to_json(value)
    inner = fields.parts(value, path)
    if isinstance(value, tuple):
        return list(value) if inner is None else list(map(to_json, value))
    return value if inner is None else {k: to_json(v) for k, v in inner.items()}


def from_json(body: dict, code: own_code.OwnCode | None = None):
    """The dataclass that `to_json` wrote.

    Args:
      body: from a config.json.
      code: the user's own code that the run keeps, for the classes defined in it.

    Raises:
      UserError: a class or field that this version of tfm does not know.
    """
    cls = _find_class(body["class"], code)
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
        value = _value(value, code)
        if hints[name] is float and isinstance(value, int):
            value = float(value)
        values[name] = value
    return cls(**values)


def _value(body: object, code: own_code.OwnCode | None) -> object:
    """A field's value as `_body` wrote it."""
    if isinstance(body, list):
        return tuple(_value(item, code) for item in body)
    if not isinstance(body, dict):
        return body
    if isinstance(body.get("class"), str):  # else a config of that name
        return from_json(body, code)
    inner = {name: _value(part, code) for name, part in body.items()}
    return validation.FrozenDict(inner)


def foreign_classes(body: object) -> set[str]:
    """The paths of classes in a saved configuration that are not tfm's own.

    To load them is to run code: that of the run, or any that is installed.
    """
    if isinstance(body, list):
        return set().union(*map(foreign_classes, body))
    if not isinstance(body, dict):
        return set()
    found = set().union(*map(foreign_classes, body.values()))
    path = body.get("class")
    if isinstance(path, str) and not path.startswith("tfm."):
        found.add(path)
    return found


def code_of(experiment: object) -> own_code.OwnCode | None:
    """The user's own code that an experiment's classes are of, if any."""
    for cls in _classes(experiment):
        package = ".".join(cls.__module__.split(".")[:2])
        if found := own_code.loaded(package):
            return found
    return None


def only_here(experiment: object) -> list[str]:
    """A line where an experiment has classes that no other process can import."""
    names = [c.__name__ for c in _classes(experiment) if c.__module__ == "__main__"]
    if not names:
        return []
    listed = ", ".join(dict.fromkeys(names))
    return [
        f"Note        {listed}: defined in a notebook or script, so this run loads "
        "elsewhere only when the class stands in a file that is imported"
    ]


def _classes(config: object) -> list[type]:
    """The class of a config and of all within it."""
    found = [type(config)] if dataclasses.is_dataclass(config) else []
    for value in fields.parts(config).values():
        if dataclasses.is_dataclass(value) or fields.parts(value) is not None:
            found += _classes(value)
    return found


def _class_path(cls: type) -> str:
    """Import path of a class; of a user's own code without the name of its version."""
    module = cls.__module__
    if module.startswith(f"{own_code.PACKAGE}."):
        module = OWN + module.split(".", 2)[2]
    return f"{module}.{cls.__qualname__}"


def _find_class(path: str, code: own_code.OwnCode | None) -> type:
    module_name, _, name = path.rpartition(".")
    try:
        if module_name.startswith(OWN):
            module = code.module(module_name.removeprefix(OWN)) if code else None
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
