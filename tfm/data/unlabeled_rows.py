"""Rows without labels, for prediction."""

import typing
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm.data import sources


class Format(typing.Protocol):
    """Fields of a config that say how files are written: of LabeledText, Corpus."""

    text: str
    header: tuple[str, ...]
    encoding: str
    separator: str
    quoted: bool


def read(config: Format, spec: str) -> Iterator[interfaces.Read]:
    """Yields the rows of a source with their texts; the files' names tell formats.

    Raises:
      UserError: of a bad row.
    """
    rows = sources.read(
        spec,
        text=config.text,
        header=config.header,
        encoding=config.encoding,
        separator=config.separator,
        quoted=config.quoted,
        all_columns=True,
    )
    for row in rows:
        place = f"{row.origin}:{row.line}"
        if row.problem:
            raise errors.UserError(f"{place}: {row.problem}.")
        values = shown(row.values)
        yield interfaces.Read({"text": str(values[config.text])}, values, place)


def shown(values: Mapping[str, object]) -> dict[str, object]:
    """The values with U+FFFD in place of each byte that was not valid."""
    return {name: _valid(value) for name, value in values.items()}


def _valid(value: object) -> object:
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value
