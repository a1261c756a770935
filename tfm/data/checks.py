"""Rows -> examples: a bad row stops the reading with its place, or is counted."""

import collections
import dataclasses
import typing
from collections.abc import Iterator

from tfm import errors
from tfm.data import labels as labels_module
from tfm.data import sources

if typing.TYPE_CHECKING:
    from tfm.data import labeled_text


class Example(typing.NamedTuple):
    text: str
    labels: tuple[int, ...]
    origin: str  # the file's path
    line: int


@dataclasses.dataclass
class Tally:
    """What became of the rows of one source."""

    read: int = 0  # rows, without those that `where` leaves out
    left_out: int = 0  # rows that `where` leaves out
    skipped: collections.Counter = dataclasses.field(  # bad rows by reason
        default_factory=collections.Counter
    )


def examples(
    config: "labeled_text.LabeledText",
    spec: str,
    labels: labels_module.Labels | None,
    tally: Tally,
    where: str = "",
) -> Iterator[Example]:
    """Yields the good rows of a source.

    Args:
      config: says where the text and the label are, and what to do with bad rows.
      spec: the source.
      labels: its classes; None for texts without labels.
      tally: is counted up.
      where: COLUMN=VALUE of the rows to take; empty takes all.

    Raises:
      UserError: of a bad row where `config.bad_rows` is stop, of a source without
        a good row, and what `sources.read` raises.
    """
    column, _, wanted = where.partition("=")
    wanted = labels_module.name_of(wanted)
    others = {}  # values that `where` left out, as an ordered set
    rows = sources.read(
        spec,
        text=config.text,
        label=config.label if labels else "",
        also=(column,) if column else (),
        format=config.format,
        columns=config.columns,
        encoding=config.encoding,
        quoted=config.quoted,
    )
    for values, origin, line, problem in rows:
        if column and not problem:
            value = labels_module.name_of(values[column])
            if value != wanted:
                tally.left_out += 1
                if len(others) < 10:
                    others[value] = None
                continue
        tally.read += 1
        numbers = ()
        if not problem:
            text, problem = text_of(values[config.text], config.encoding)
        if labels and not problem:
            numbers, problem = labels.numbers(values[config.label])
        if not problem:
            yield Example(text, numbers, origin, line)
        elif config.bad_rows == "skip":
            tally.skipped[problem.partition(":")[0]] += 1
        else:
            raise errors.UserError(
                f"{origin}:{line}: {problem}. "
                "Fix the row, or skip such rows with --data.bad_rows=skip."
            )
    if not tally.read and others:
        raise errors.UserError(
            f"{spec} has no row with {where}. "
            f"Its values of {column!r}: {', '.join(others)}."
        )
    if not tally.read:
        raise errors.UserError(f"{spec} holds no row.")
    if tally.read == tally.skipped.total():
        reasons = ", ".join(f"{n} {reason}" for reason, n in tally.skipped.items())
        raise errors.UserError(f"{spec} holds no good row. Skipped: {reasons}.")


def text_of(value: object, encoding: str) -> tuple[str, str]:
    """Returns a row's text without the space around it, or what is wrong with it."""
    text, problem = string_of(value, encoding)
    text = text.strip()
    if not text:
        return "", problem or "no text"
    if "\0" in text:
        return "", "a NUL byte in the text"
    return text, ""


def string_of(value: object, encoding: str) -> tuple[str, str]:
    """Returns a row's text as it is, or what is wrong with it; "" where it has none."""
    if isinstance(value, bytes):
        value = value.decode(encoding, errors="surrogateescape")
    if value is None or value != value:  # NaN, an empty cell of Parquet
        return "", ""
    if not isinstance(value, str):
        return "", f"text is not a string: {value!r:.50}"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "", (
                f"text is not valid {encoding}: "
                "another encoding is set with --data.encoding, such as latin-1"
            )
    return value, ""
