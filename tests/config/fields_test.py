"""Fields: parsing by type, overriding with checks, help from comments."""

import dataclasses
import typing

import pytest

from tfm import errors
from tfm.config import fields


@dataclasses.dataclass(frozen=True)
class Inner:
    width: int = 8  # of the thing, in metres
    # a comment above,
    # on two lines
    names: tuple[str, ...] = ()
    rate: float | None = None

    def __post_init__(self):
        if self.width < 1:
            raise errors.UserError(f"width must be at least 1. Got {self.width}.")


@dataclasses.dataclass(frozen=True)
class Outer:
    inner: Inner = Inner()
    kind: typing.Literal["a", "bee"] = "a"  # which "#" one
    fast: bool = False


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "-12", -12),
        (float, "1e-3", 0.001),
        (bool, "True", True),
        (bool, "no", False),
        (str, "a b", "a b"),
        (typing.Literal["x", "y"], "y", "y"),
        (tuple[int, ...], "1, 2", (1, 2)),
        (tuple[str, ...], "", ()),
        (int | None, "none", None),
        (int | None, "3", 3),
    ],
)
def test_each_type_is_parsed_and_shown_again(kind, text, value):
    assert fields.parse(kind, text) == value
    assert fields.parse(kind, fields.show(value)) == value


@pytest.mark.parametrize(
    ("kind", "text", "rule"),
    [
        (int, "1.5", "a whole number"),
        (float, "fast", "a number"),
        (bool, "maybe", "true or false"),
        (int | None, "x", "a whole number, or none"),
        (tuple[int, ...], "1,b", "a whole number"),
        (typing.Literal["x", "yes"], "yess", r"one of x, yes \(did you mean yes\?\)"),
    ],
)
def test_a_wrong_value_is_told_by_its_rule(kind, text, rule):
    with pytest.raises(ValueError, match=f"^{rule}$"):
        fields.parse(kind, text)


def test_leaves_come_in_order_with_their_comments():
    found = list(fields.leaves(Outer()))
    assert [leaf.path for leaf in found] == [
        "inner.width",
        "inner.names",
        "inner.rate",
        "kind",
        "fast",
    ]
    assert [leaf.help for leaf in found] == [
        "of the thing, in metres",
        "a comment above, on two lines",
        "",
        'which "#" one',
        "",
    ]


def test_override_changes_only_what_is_named():
    changed = fields.override(Outer(), {"inner.width": 3, "fast": True})
    assert changed == Outer(inner=Inner(width=3), fast=True)


def test_override_runs_the_checks_again():
    with pytest.raises(errors.UserError, match="^inner: width must be at least 1"):
        fields.override(Outer(), {"inner.width": 0})


def test_override_of_an_unknown_field_names_the_nearest():
    with pytest.raises(errors.UserError, match=r"no field inner\.wdth \(did you mean"):
        fields.override(Outer(), {"inner.wdth": 3})
