"""The ranges that fields of a model must lie in."""

import typing

from tfm import errors


def positive(config, *names: str):
    """Raises UserError unless each named field is at least 1."""
    for name in names:
        value = getattr(config, name)
        if value < 1:
            raise errors.UserError(f"{name} must be at least 1. Got {name}={value}.")


def fraction(config, *names: str):
    """Raises UserError unless each named field is in [0, 1)."""
    for name in names:
        value = getattr(config, name)
        if not 0 <= value < 1:
            raise errors.UserError(f"{name} must be in [0, 1). Got {name}={value}.")


def not_negative(config, *names: str):
    """Raises UserError unless each named field is finite and at least 0."""
    for name in names:
        value = getattr(config, name)
        if not 0 <= value < float("inf"):
            raise errors.UserError(f"{name} must be at least 0. Got {name}={value}.")


def one_of(config, **options):
    """Raises UserError unless each named field is one of its Literal's options."""
    for name, literal in options.items():
        value = getattr(config, name)
        if value not in typing.get_args(literal):
            listed = ", ".join(typing.get_args(literal))
            raise errors.UserError(
                f"{name} must be one of {listed}. Got {name}={value!r}."
            )


def not_packed(config, packed: bool):
    """Raises UserError if the model cannot keep the texts of a packed row apart."""
    if packed:
        raise errors.UserError(
            f"models.{type(config).__name__} cannot keep the texts of a packed row "
            "apart. Set task.documents to joined or separate."
        )


def no_types(config, types: int):
    """Raises UserError if the task tells kinds of tokens, which the model cannot."""
    if types:
        raise errors.UserError(
            f"models.{type(config).__name__} has no kinds of tokens, which pairs of "
            f"sentences need; models.Transformer has. Got types={types}."
        )
