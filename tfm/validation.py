"""What a config's fields must be; one line for each mistake.

Each function takes the config and the names of fields. A field that is None is right.
"""

import dataclasses
import typing

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


def _check(config, names, is_right, rule: str) -> None:
    for name in names:
        value = getattr(config, name)
        if value is not None and not is_right(value):
            kinds = {field.name: field.type for field in dataclasses.fields(config)}
            if type(None) in typing.get_args(kinds[name]):
                rule += ", or none"
            raise errors.UserError(f"{name} {rule}. Got {name}={value!r}.")
