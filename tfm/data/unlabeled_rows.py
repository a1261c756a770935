"""Rows without labels, for prediction."""

import dataclasses
import typing
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import interfaces
from tfm.data import column_names
from tfm.data import row_texts
from tfm.data.readers import encodings
from tfm.data.readers import sources


class Format(typing.Protocol):
    """Fields of a config that say how files are written: of LabeledText, Corpus."""

    text: str
    header: tuple[str, ...]
    encoding: str
    separator: str
    quoted: bool


def read(config: Format, spec: str) -> Iterator[interfaces.Read]:
    """Yields the rows of a source with their texts; the files' names tell formats.

    Each row keeps its place: one that training would not take, as it has no text or
    not the right encoding, says so in `problem`. Bytes that are not valid are lone
    surrogates in what is shown, so that they can be written as they came.
    """
    reading = sources.Reading.of(config, all_columns=True, blank_lines=True)
    if not config.text:
        text, _ = column_names.found(spec, reading, label=False)
        reading = dataclasses.replace(reading, text=text)
    for row in sources.read(spec, reading):
        place = f"{row.origin}:{row.line}"
        if row.problem:
            yield interfaces.Read({"text": ""}, {}, place, row.problem)
            continue
        value = row.values[reading.text]
        text, problem = row_texts.string_of(value, config.encoding)
        if not problem:  # by the rules of training
            _, problem = row_texts.text_of(value, config.encoding)
        if problem.startswith(row_texts.NOT_VALID):
            problem = f"{problem}: {encodings.cure(row.origin, config.encoding)}"
        yield interfaces.Read({"text": text}, row.values, place, problem)


def shown(values: Mapping[str, object]) -> dict[str, object]:
    """The values with U+FFFD in place of each byte that was not valid."""
    return {name: _valid(value) for name, value in values.items()}


def _valid(value: object) -> object:
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value
