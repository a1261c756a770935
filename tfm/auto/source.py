"""An experiment as the Python file that makes it."""

import dataclasses
import json

_INDENT = "    "
_WIDTH = 88


def of(experiment, first_line: str) -> str:
    """The text of an experiment's file; fields that have their defaults are left out.

    Args:
      experiment: whose parts are tfm's.
      first_line: of the file's docstring.
    """
    body, rooms = [], set()
    for field in dataclasses.fields(experiment):
        part = getattr(experiment, field.name)
        if part == _default(field):
            continue
        text = _call(part, rooms, 2, len(field.name) + 1)
        body.append(f"{2 * _INDENT}{field.name}={text},")
    imports = [f"from tfm import {room}" for room in sorted(rooms)]
    return "\n".join(
        [
            f'"""{first_line}"""',
            "",
            *imports,
            "from tfm.experiment import Experiment",
            "",
            "",
            "def experiment():",
            f"{_INDENT}return Experiment(",
            *body,
            f"{_INDENT})",
            "",
        ]
    )


def _call(part, rooms: set[str], depth: int, taken: int) -> str:
    """The call that makes a config, on one line where it fits."""
    room = type(part).__module__.split(".")[1]
    rooms.add(room)
    arguments = []
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if value == _default(field):
            continue
        text = _written(value)
        if dataclasses.is_dataclass(value):
            text = _call(value, rooms, depth + 1, len(field.name) + 1)
        arguments.append(f"{field.name}={text}")
    name = f"{room}.{type(part).__name__}"
    line = f"{name}({', '.join(arguments)})"
    if len(depth * _INDENT) + taken + len(line) + 1 <= _WIDTH and "\n" not in line:
        return line
    inner = "".join(f"{(depth + 1) * _INDENT}{a},\n" for a in arguments)
    return f"{name}(\n{inner}{depth * _INDENT})"


def _written(value) -> str:
    """A value as the project writes it: texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        inner = ", ".join(map(_written, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def _default(field: dataclasses.Field):
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
