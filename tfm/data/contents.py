"""Content of labelled data, texts or pictures: found in a row, checked and kept."""

import typing
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm.data import column_names
from tfm.data import labels
from tfm.data import row_texts
from tfm.data import splits
from tfm.data import unlabeled_rows
from tfm.data.readers import folders
from tfm.data.readers import formats
from tfm.data.readers import sources

_MISSING = labels.MISSING | {"nat", "-"}
_LONGEST = 1 + max(map(len, _MISSING))


class Content(typing.Protocol):
    """A kind of content, by the config of the data that has it.

    Attributes:
      column: its name in rows, and the field of the config that names the source's.
      files: what the files of a source are; see readers.folders.
      is_bytes: whether it is bytes; else a text.
      looked_at: rows that are looked at ahead of all else.
    """

    column: str
    files: folders.Texts
    is_bytes: bool
    looked_at: int

    def reading(self, **others) -> sources.Reading:
        """The reading of its sources; `others` as of sources.Reading."""

    def columns(self, spec: str, format: str = "auto") -> tuple[str, str]:
        """The names of its column and the label's in a source, found and told."""

    def taken(
        self, rows: Iterable[formats.Row]
    ) -> Iterator[tuple[formats.Row, object, str]]:
        """Yields each row, its content, and what is wrong with it (or "")."""

    def unlabeled(self, spec: str) -> Iterator[interfaces.Read]:
        """Yields the rows of a source without labels, for prediction."""

    def digest(self, content) -> bytes:
        """16 bytes that are equal for contents that are to be in one split."""

    def doubtful(self, content) -> str:
        """The content where it may stand for a missing one; else ""."""

    def shown(
        self, values: Mapping[str, object], origin: str, line: int
    ) -> dict[str, object]:
        """The values of a row as outputs have them."""

    def error(self, origin: str, line: int, problem: str) -> errors.UserError:
        """The error that a bad row is, with its place, reason and cure."""


class Texts:
    """Texts without the space around them; see Content.

    Args:
      config: a LabeledTextSettings.
    """

    column, files, is_bytes, looked_at = "text", "classes", False, 1000

    def __init__(self, config):
        self._config = config

    def reading(self, **others) -> sources.Reading:
        return sources.Reading.of(self._config, **others)

    def columns(self, spec: str, format: str = "auto") -> tuple[str, str]:
        """See column_names."""
        reading = self.reading(format=format, label=self._config.label)
        return column_names.found(spec, reading, label=True)

    def taken(
        self, rows: Iterable[formats.Row]
    ) -> Iterator[tuple[formats.Row, str, str]]:
        for row in rows:
            text, problem = "", row.problem
            if not problem:
                value = row.values[self._config.text]
                text, problem = row_texts.text_of(value, self._config.encoding)
            yield row, text, problem

    def unlabeled(self, spec: str) -> Iterator[interfaces.Read]:
        return unlabeled_rows.read(self._config, spec)

    def digest(self, content: str) -> bytes:
        """Equal for texts that differ in white space only."""
        return splits.digest(content)

    def doubtful(self, content: str) -> str:
        is_one = len(content) < _LONGEST and content.casefold() in _MISSING
        return content if is_one else ""

    def shown(
        self, values: Mapping[str, object], origin: str, line: int
    ) -> dict[str, object]:
        return unlabeled_rows.shown(values)

    def error(self, origin: str, line: int, problem: str) -> errors.UserError:
        return row_texts.error(origin, line, problem, self._config.encoding)
