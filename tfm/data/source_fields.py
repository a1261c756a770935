"""Checks of the fields that say where texts come from."""

from tfm import errors


def check_encoding(encoding: str) -> None:
    """Raises UserError for an encoding that Python does not know."""
    try:
        "".encode(encoding)
    except LookupError as error:
        raise errors.UserError(
            "encoding must be one that Python knows, such as utf-8 or latin-1. "
            f"Got {encoding!r}."
        ) from error


def check_distinct(name: str, values: tuple[str, ...]) -> None:
    """Raises UserError where a value is there twice."""
    if len(set(values)) < len(values):
        raise errors.UserError(f"{name} must be distinct. Got {', '.join(values)}.")
