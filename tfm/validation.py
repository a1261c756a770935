"""Checks of a config's fields; one line for each mistake.

Each function takes the config and the names of fields. A field that is None is right.
"""

import dataclasses
import re
import typing
from collections.abc import Mapping

from tfm import errors


def at_least(config, least: float, *names: str) -> None:
    """Raises UserError unless each named field is finite and not below `least`."""
    rule = f"must be at least {least}"
    _check(config, names, lambda value: least <= value < float("inf"), rule)


def above_zero(config, *names: str) -> None:
    """Raises UserError unless each named field is finite and above 0."""
    _check(config, names, lambda value: 0 < value < float("inf"), "must be above 0")


def fraction(config, *names: str) -> None:
    """Raises UserError unless each named field is in [0, 1)."""
    _check(config, names, lambda value: 0 <= value < 1, "must be in [0, 1)")


def inner_fraction(config, *names: str) -> None:
    """Raises UserError unless each named field is between 0 and 1."""
    _check(config, names, lambda value: 0 < value < 1, "must be between 0 and 1")


def share(config, *names: str) -> None:
    """Raises UserError unless each named field is above 0 and at most 1."""
    rule = "must be above 0 and at most 1"
    _check(config, names, lambda value: 0 < value <= 1, rule)


def one_of(config, **options) -> None:
    """Raises UserError unless each named field is one of its Literal's options."""
    for name, literal in options.items():
        names = typing.get_args(literal)
        rule = f"must be one of {', '.join(names)}"
        _check(config, [name], names.__contains__, rule)


def filled(config, *names: str) -> None:
    """Raises UserError unless each named field holds something."""
    _check(config, names, bool, "must not be empty")


class FrozenDict(dict):
    """A dict that cannot be changed, as the fields of a frozen dataclass."""

    def _refuse(self, *_, **__):
        raise TypeError("A FrozenDict cannot be changed; make another one.")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self):
        return hash(tuple(self.items()))

    def __reduce__(self):
        return FrozenDict, (dict(self),)

    def __repr__(self):
        return f"FrozenDict({dict(self)!r})"


def configs(config, *names: str) -> None:
    """Freezes fields that hold configs: {name: config}, or some in a row.

    Call it in __post_init__. Flags then reach the inner configs by their names or
    numbers, as --parts.text.vocab_size or --parts.0.width.

    Raises:
      UserError: something is no config, or a name that no flag can have.
    """
    for name in names:
        value = getattr(config, name)
        if value is None:
            continue
        inner_configs(name, value)
        frozen = FrozenDict if isinstance(value, Mapping) else tuple
        object.__setattr__(config, name, frozen(value))


def inner_configs(path: str, value: Mapping | typing.Sequence) -> dict[str, object]:
    """The configs in a mapping by their names, in a sequence by their numbers.

    Args:
      path: of the field, for the message.
      value: what it holds.

    Raises:
      UserError: something is no config, or a name that no flag can have.
    """
    found = value
    if not isinstance(value, Mapping):
        found = {str(number): part for number, part in enumerate(value)}
    for name, part in found.items():
        if not isinstance(name, str) or not re.fullmatch(r"[^\s.=]+", name):
            raise errors.UserError(
                f"{path}: a config's name must be text without spaces, dots or =, "
                f"since flags have it. Got {name!r}."
            )
        if not dataclasses.is_dataclass(part) or isinstance(part, type):
            raise errors.UserError(
                f"{path} must hold configs alone, as models.LSTM(). "
                f"Got {path}.{name}={part!r}."
            )
    return dict(found)


def library_objects(body: object, where: object) -> None:
    """Whether a saved Keras object names classes of Keras and KerasHub alone.

    Keras imports any module that it is told to; to load a file must not run one.

    Args:
      body: what keras.saving.serialize_keras_object made, from JSON.
      where: the file, for the message.

    Raises:
      UserError: another module is named.
    """
    if isinstance(body, list):
        for item in body:
            library_objects(item, where)
    if not isinstance(body, dict):
        return
    module = body.get("module")
    if "class_name" in body and module is not None:
        top = str(module).partition(".")[0]
        if top not in ("keras", "keras_hub", "keras_nlp"):
            raise errors.UserError(
                f"{where} must name classes of keras and keras_hub alone. "
                f"Got {module}.{body['class_name']}."
            )
    for item in body.values():
        library_objects(item, where)


def _check(config, names, is_right, rule: str) -> None:
    for name in names:
        value = getattr(config, name)
        if value is not None and not is_right(value):
            kinds = {field.name: field.type for field in dataclasses.fields(config)}
            if type(None) in typing.get_args(kinds[name]):
                rule += ", or none"
            raise errors.UserError(f"{name} {rule}. Got {name}={value!r}.")
