"""The columns of the text and the label, found where the user has not named them."""

import collections
import dataclasses
import itertools
import re
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import errors
from tfm.data import labels
from tfm.data.readers import notes
from tfm.data.readers import sources

_LOOKED_AT = 1000  # rows
# what people call them, the likeliest first
_TEXTS = """
    text texts sentence review reviews content body message comment tweet post document
    article description question utterance query prompt title headline subject sms email
"""
_LABELS = """
    label labels class category target sentiment polarity topic intent stars rating
    genre tag y emotion spam department priority language
"""
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{2,4}")
NAME_WORDS = 3  # in the name of a column, at the most
_SHARE = 5  # a label comes again: this many rows a class, on average


def found(spec: str, reading: sources.Reading, label: bool) -> tuple[str, str]:
    """The names of the text's and the label's column of a source.

    Those that `reading` names stay as they are. What was taken, and why, is told.

    Args:
      spec: the source.
      reading: how it is written; an empty `text` or `label` is found.
      label: whether a label is needed.

    Raises:
      UserError: no column, or several, may be the one; the message names them.
    """
    text, name = reading.text, reading.label
    if spec.startswith("tfds:"):  # whose features are named for what they are
        return text or "text", (name or "label") if label else ""
    rows = first_rows(spec, reading, label)
    if not rows:  # the reader says why
        return text or "text", (name or "label") if label else ""
    values = by_column(rows)
    if not text:
        if not label and not reading.header:
            _check_name(spec, [*values])
        text = _text(spec, values, name)
    if label and not name:
        name = label_of(spec, values, text)
    if label and not reading.header and not (reading.text and reading.label):
        _check_header(spec, values, text, name)
    return text, name


def candidates(values: dict[str, list], taken: str) -> list[str]:
    """The columns whose values come again, as a label's do, those of fewest first."""
    counts = {
        name: len(collections.Counter(map(str, column)))
        for name, column in values.items()
        if name != taken
    }
    likely = [
        name
        for name, count in counts.items()
        if 2 <= count <= max(2, len(values[name]) // _SHARE)
        and not all(_DATE.match(str(value)) for value in values[name])
    ]
    return sorted(likely, key=counts.get)


def _check_header(spec: str, values: dict[str, list], text: str, label: str) -> None:
    """Raises UserError where the first line of a table is a row as any other."""
    if label in {str(value) for value in values.get(label, ())}:
        names = header(values, {text: "text", label: "label"})
        raise errors.UserError(
            f"{spec} has no header line, it seems: {label!r} in its first line is a "
            f"label of other rows too. Name the columns: --data.header={names}."
        )


def _check_name(spec: str, columns: list[str]) -> None:
    """Raises UserError where the one column of a table has a sentence as its name."""
    if len(columns) == 1 and len(columns[0].split()) > NAME_WORDS:
        raise errors.UserError(
            f"{spec} has no header line, it seems: {columns[0]!r:.60} would be the "
            "name of its one column. Name the column: --data.header=text."
        )


def header(columns: Iterable[str], known: Mapping[str, str]) -> str:
    """Names of columns for --data.header: those known, and others by their places."""
    return ",".join(
        known.get(name, f"column_{place}") for place, name in enumerate(columns, 1)
    )


def first_rows(
    spec: str, reading: sources.Reading, label: bool = False, most: int = _LOOKED_AT
) -> list[dict]:
    """The first good rows with all columns, those that were named among them."""
    reading = dataclasses.replace(reading, all_columns=True, labelled=label)
    good = (row.values for row in sources.read(spec, reading) if not row.problem)
    return list(itertools.islice(good, most))


def by_column(rows: list[dict]) -> dict[str, list]:
    """The values of rows that are no null, by column; perhaps none of one."""
    columns = dict.fromkeys(column for row in rows for column in row)
    return {c: [row[c] for row in rows if row.get(c) is not None] for c in columns}


def _text(spec: str, values: dict[str, list], label: str) -> str:
    others = [name for name in values if name != label]
    named = [
        name
        for name in called(others, _TEXTS)
        if name == "text" or _is_text(values[name])
    ]
    texts = [name for name in others if _is_text(values[name])]
    if named:
        return told(spec, "text", named[0], "by its name", texts)
    words = {
        name: sum(len(value.split()) for value in values[name]) / len(values[name])
        for name in texts
    }
    if not words:
        raise errors.UserError(
            f"{spec} has no column of text. It has: {', '.join(values)}. Name one with "
            "--data.text."
        )
    name = max(words, key=words.get)
    reason = f"its texts are the longest, {words[name]:.0f} words on average"
    return told(spec, "text", name, reason, texts)


def label_of(spec: str, values: dict[str, list], text: str) -> str:
    others = [name for name in values if name != text]
    likely = candidates(values, text)
    named = [
        name
        for name in called(others, _LABELS)
        if name == "label" or _comes_again(values[name])
    ]
    if named:
        return told(spec, "label", named[0], "by its name", likely)
    if len(likely) == 1:
        count = len(set(map(str, values[likely[0]])))
        reason = f"the only one whose values come again, {count} of them"
        return told(spec, "label", likely[0], reason, others)
    if likely:
        raise errors.UserError(
            f"{spec} has several columns that may be the label: {', '.join(likely)}. "
            "Name one with --data.label."
        )
    if not others:
        raise errors.UserError(
            f"{spec} has texts and no labels. To learn from plain text, take an "
            "experiment of a language model; --list shows them all."
        )
    raise errors.UserError(
        f"{spec} has no column that looks like a label, whose values come again. "
        f"It has: {', '.join(values)}. Name one with --data.label."
    )


def called(columns: Sequence[str], names: str) -> list[str]:
    """The columns that are called so, the likeliest name first."""
    by_name = {column.strip().casefold(): column for column in reversed(columns)}
    return [by_name[name] for name in names.split() if name in by_name]


def _is_text(values: list) -> bool:
    texts = sum(isinstance(value, str) and not _is_number(value) for value in values)
    return texts > len(values) / 2


def _comes_again(values: list) -> bool:
    return len(set(map(str, values))) < max(2, len(values))


def _is_number(value: str) -> bool:
    return labels.is_number(value.strip())


def told(spec: str, what: str, name: str, reason: str, others: Sequence[str]) -> str:
    if name != what:
        rest = [other for other in others if other != name]
        more = f"; --data.{what} names another: {', '.join(rest[:8])}" if rest else ""
        notes.tell(f"{spec}: the {what} is the column {name!r}, {reason}{more}")
    return name
