"""Leaf fields of nested frozen dataclasses: names, types, help, new values.

A field of an experiment is addressed as on the command line: `train.steps`. A field may
hold configs too, by name or by number: `inputs.parts.text.vocab_size` of the mapping
{"text": inputs.Text()}, `model.stages.0.width` of a tuple.
"""

import ast
import dataclasses
import difflib
import functools
import inspect
import textwrap
import types
import typing
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import errors
from tfm import validation

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


@dataclasses.dataclass(frozen=True)
class Field:
    """One leaf: `path` as in train.steps, its type, value and help text."""

    path: str
    type: object
    value: object
    help: str

    def parse(self, text: str) -> object:
        """The value that `text` writes; UserError names the field and the rule."""
        try:
            return parse(self.type, text)
        except ValueError as error:
            raise errors.UserError(
                f"--{self.path} takes {error}. Got {text!r}."
            ) from None


def parse(kind: object, text: str) -> object:
    """`text` as a value of the type `kind`.

    Raises:
      ValueError: its message says what the type takes, as "a whole number".
    """
    options = typing.get_args(kind)
    if typing.get_origin(kind) is typing.Literal:
        if text not in options:
            near = nearest(text, options)
            raise ValueError(f"one of {', '.join(options)}{near}")
        return text
    if isinstance(kind, types.UnionType):  # T | None
        if text.lower() in ("none", "null", ""):
            return None
        inner = next(option for option in options if option is not type(None))
        try:
            return parse(inner, text)
        except ValueError as error:
            raise ValueError(f"{error}, or none") from None
    if typing.get_origin(kind) is tuple:
        parts = [part.strip() for part in text.split(",")] if text else []
        return tuple(parse(options[0], part) for part in parts)
    if kind is bool:
        if text.lower() not in _TRUE + _FALSE:
            raise ValueError("true or false")
        return text.lower() in _TRUE
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            name = "a whole number" if kind is int else "a number"
            raise ValueError(name) from None
    if kind is str:
        return text
    raise ValueError("no value here: set it in the experiment's file")


def show(value: object) -> str:
    """`value` as it is written on the command line."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(show(item) for item in value)
    return str(value)


def leaves(config: object, prefix: str = "") -> Iterator[Field]:
    """Every leaf field below `config`, in the order of its definition.

    Args:
      config: a dataclass, or a mapping or tuple of some.
      prefix: of the paths, as "inputs.".

    Raises:
      UserError: a mapping or tuple holds configs and what is none.
    """
    if not dataclasses.is_dataclass(config):
        for name, part in parts(config, prefix).items():
            yield from leaves(part, f"{prefix}{name}.")
        return
    hints = typing.get_type_hints(type(config))
    comments = field_comments(type(config))
    for name, value in parts(config, prefix).items():
        if parts(value, prefix + name) is not None:
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield Field(prefix + name, hints[name], value, comments.get(name, ""))


def parts(value: object, path: str = "") -> dict[str, object] | None:
    """The fields of a config; configs in a mapping or tuple; None of anything else.

    Raises:
      UserError: a mapping or tuple holds configs and what is none, or a name that no
        flag can have.
    """
    if dataclasses.is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    mixed = isinstance(value, tuple) and any(map(dataclasses.is_dataclass, value))
    if isinstance(value, Mapping) or mixed:
        return validation.inner_configs(path.removesuffix("."), value)
    return None


def values(config: object, prefix: str = "") -> dict[str, object]:
    """All that two configs share if they are the same one, by path.

    These are the values of all leaves; of each inner config its class; and of each
    mapping or tuple of configs their names, in order.
    """
    found = {}
    for name, value in parts(config, prefix).items():
        path = prefix + name
        inner = parts(value, path)
        if inner is None:
            found[path] = value
            continue
        is_config = dataclasses.is_dataclass(value)
        found[path] = type(value).__name__ if is_config else tuple(inner)
        found |= values(value, path + ".")
    return found


def override(config: object, changes: Mapping[str, object], prefix: str = ""):
    """A copy of `config` with new values by path; all checks run again.

    Args:
      config: a dataclass, or a mapping or tuple of some.
      changes: as {"train.steps": 200}.
      prefix: of the paths in messages.

    Raises:
      UserError: an unknown path, or a value that a check refuses.
    """
    there = parts(config, prefix) or {}
    own, deeper = {}, {}
    for path, value in changes.items():
        head, _, rest = path.partition(".")
        if head not in there:
            near = nearest(head, there)
            raise errors.UserError(f"There is no field {prefix}{head}{near}.")
        if rest:
            deeper.setdefault(head, {})[rest] = value
        else:
            own[head] = value
    for head, below in deeper.items():
        own[head] = override(own.get(head, there[head]), below, f"{prefix}{head}.")
    if isinstance(config, Mapping):
        changed = validation.FrozenDict(there | own)
    elif isinstance(config, tuple):
        changed = tuple((there | own).values())
    else:
        return _replaced(config, own, prefix)
    parts(changed, prefix)  # which checks it
    return changed


def _replaced(config, changes: dict[str, object], prefix: str):
    try:
        return dataclasses.replace(config, **changes)
    except errors.UserError as error:
        where = f"{prefix[:-1]}: " if prefix else ""
        raise errors.UserError(f"{where}{error}") from None


def nearest(name: str, names: typing.Iterable[str]) -> str:
    """` (did you mean X?)` for the nearest name in any case, or nothing."""
    lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return f" (did you mean {lower[close[0]]}?)" if close else ""


@functools.cache
def field_comments(cls: type) -> dict[str, str]:
    """Each field's comment, behind it or on the lines above it, as its help."""
    comments = {}
    for base in reversed(cls.__mro__):
        if not dataclasses.is_dataclass(base):
            continue
        try:
            lines = textwrap.dedent(inspect.getsource(base)).splitlines()
        except (OSError, TypeError):  # a class typed at a prompt has no source
            continue
        for node in ast.parse("\n".join(lines)).body[0].body:
            if isinstance(node, ast.AnnAssign):
                comments[node.target.id] = _comment(lines, node)
    return comments


def _comment(lines: list[str], node: ast.AnnAssign) -> str:
    last = lines[node.end_lineno - 1]
    behind = last.encode()[node.end_col_offset :].decode().strip()
    if behind.startswith("#"):
        return behind.lstrip("# ")
    above = []
    for line in reversed(lines[: node.lineno - 1]):
        if not line.strip().startswith("#"):
            break
        above.insert(0, line.strip().lstrip("# "))
    return " ".join(above)
