"""Pairs of texts, such as sentences with their translations, from a user's files."""

import collections
import dataclasses
import itertools
import pathlib
import typing
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm.data import column_names
from tfm.data import labeled_rows
from tfm.data import row_texts
from tfm.data import unlabeled_rows
from tfm.data.readers import formats
from tfm.data.readers import notes
from tfm.data.readers import sources

_LOOKED_AT = 1000  # rows
_ENDS = (".", "!", "?", "。")  # of sentences, and of no name of a column
# what people call the two columns, the likeliest first
_NAMES = """
    source:target src:tgt src:trg text:target input:output input_text:target_text
    word:pronunciation text:translation sentence:translation original:translation
    document:summary article:summary article:highlights dialogue:summary
    prompt:completion question:answer
"""


class Pair(typing.NamedTuple):
    text: str
    target: str
    origin: str  # the file's path
    line: int
    values: dict[str, object]  # by column


def aligned(spec: str) -> tuple[str, str] | None:
    """The two files of `FILE,FILE`, whose lines belong together; None: it is a source.

    Raises:
      UserError: there are more than two.
    """
    if "," not in spec or pathlib.Path(spec).expanduser().exists():
        return None
    parts = [part.strip() for part in spec.split(",")]
    if len(parts) != 2 or not all(parts):
        raise errors.UserError(
            "A source is one file of pairs, or two of texts whose lines belong "
            f"together, as a.en,a.es. Got {spec}."
        )
    return parts[0], parts[1]


def found(config, spec: str) -> tuple[str, str]:
    """The columns of the text and the target in a source; those named stay as they are.

    Args:
      config: a ParallelText.
      spec: the source.

    Raises:
      UserError: several columns may be meant; the message names them.
    """
    if (config.text and config.target) or aligned(spec):
        return config.text or "text", config.target or "target"
    reading = sources.Reading.of(config, format=config.format)
    reading = dataclasses.replace(reading, text=config.text.partition(".")[0])
    rows = column_names.first_rows(spec, reading)
    if not rows:  # the reader says why
        return config.text or "text", config.target or "target"
    names = _text_columns(rows)
    pair, why = _pair(names, config)
    if pair is None:
        has = ", ".join(dict.fromkeys(name for row in rows for name in row))
        raise errors.UserError(
            f"{spec} must have two columns of text, one to read and one to write. "
            f"Name them with --data.text= and --data.target=. It has: {has}."
        )
    if not config.header:
        _check_header(spec, rows, pair)
    notes.tell(f"{spec}: text is {pair[0]!r}, target {pair[1]!r} ({why})")
    return pair


def _text_columns(rows: list[dict]) -> list[str]:
    """Columns of strings; of dicts {name: string}, as COLUMN.NAME."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = []
    for name in names:
        values = [row[name] for row in rows if row.get(name) is not None]
        if values and all(isinstance(value, Mapping) for value in values):
            columns += [f"{name}.{inner}" for inner in values[0]]
        elif values and all(isinstance(value, str | bytes) for value in values):
            columns.append(name)
    return columns


def _pair(names: list[str], config) -> tuple[tuple[str, str] | None, str]:
    """The two columns, if it is clear which, and why these."""
    given = {"text": config.text, "target": config.target}
    if any(given.values()):
        others = [name for name in names if name not in given.values()]
        if len(others) != 1:
            return None, ""
        pair = config.text or others[0], config.target or others[0]
        return pair, "the other column of text"
    lower = {name.lower(): name for name in names}
    for known in _NAMES.split():
        text, _, target = known.partition(":")
        if text in lower and target in lower:
            return (lower[text], lower[target]), "by their names"
    if len(names) == 2:
        return (names[0], names[1]), "in their order"
    return None, ""


def _check_header(spec: str, rows: list[dict], pair: tuple[str, str]) -> None:
    """Raises UserError where the first line of a table is a pair as any other."""
    names = [name for name in rows[0] if "." not in name or name.endswith(".")]
    like_text = [
        name
        for name in names
        if len(name.split()) > column_names.NAME_WORDS or name.endswith(_ENDS)
    ]
    if like_text:
        header = column_names.header(rows[0], {pair[0]: "text", pair[1]: "target"})
        raise errors.UserError(
            f"{spec} has no header line, it seems: {like_text[0]!r:.60} would be the "
            f"name of a column. Name the columns: --data.header={header}."
        )


def pairs(
    config,
    spec: str,
    tally: labeled_rows.Tally,
    *,
    all_columns: bool = False,
    limit: int | None = None,
) -> Iterator[Pair]:
    """Yields the good pairs of a source.

    Args:
      config: a ParallelText with its columns named.
      spec: the source.
      tally: is counted up.
      all_columns: whether to keep the values of other columns too.
      limit: of the rows that are looked at; None: all.

    Raises:
      UserError: of a bad row where `config.bad_rows` is stop, of a source without a
        good row or with files of different lengths, and what `sources.read` raises.
    """
    two = aligned(spec)
    rows = _of_two(config, *two) if two else _of_table(config, spec, all_columns)
    for row, text, target in itertools.islice(rows, limit):
        tally.read += 1
        problem = row.problem
        if not problem and two and not _filled(text) and not _filled(target):
            problem = "both lines are blank"
            tally.skip(problem, _error(row, problem, config))
            continue
        if not problem:
            text, problem = row_texts.text_of(text, config.encoding)
        if not problem:
            target, problem = row_texts.text_of(target, config.encoding)
            if problem:
                problem = f"target: {problem}" if problem == "no text" else problem
        if not problem:
            yield Pair(text, target, row.origin, row.line, row.values)
            continue
        error = _error(row, problem, config)
        if config.bad_rows != "skip":
            raise error
        tally.skip(problem, error)
    if limit is not None and tally.read >= limit:
        return
    tally.check_any(spec)


def reads(config, spec: str, tally: labeled_rows.Tally) -> Iterator[interfaces.Read]:
    """Yields text and target of a source's good rows; see `pairs`."""
    for pair in pairs(config, spec, tally, all_columns=True):
        yield interfaces.Read(
            {"text": pair.text, "target": pair.target},
            unlabeled_rows.shown(pair.values),
            f"{pair.origin}:{pair.line}",
        )


def _error(row: formats.Row, problem: str, config) -> errors.UserError:
    return row_texts.error(row.origin, row.line, problem, config.encoding)


def looked_at(config, spec: str) -> None:
    """Raises UserError of a mistake in the first rows of a source."""
    rows = pairs(config, spec, labeled_rows.Tally(), limit=_LOOKED_AT)
    collections.deque(rows, maxlen=0)


def _filled(value: object) -> bool:
    return bool(value) and (not isinstance(value, str) or bool(value.strip()))


def _of_table(config, spec: str, all_columns: bool):
    """Yields rows of one source with the values of its two columns."""
    text, target = config.text, config.target
    outer = text.partition(".")[0], target.partition(".")[0]
    if "." not in text or "." not in target:
        outer = text, target
    reading = sources.Reading.of(config, format=config.format, all_columns=all_columns)
    reading = dataclasses.replace(reading, text=outer[0], also=(outer[1],))
    for row in sources.read(spec, reading):
        if row.problem:
            yield row, None, None
        elif outer == (text, target):
            yield row, row.values[text], row.values[target]
        else:
            yield row, _inner(row.values, text), _inner(row.values, target)


def _inner(values: Mapping, name: str) -> object:
    column, _, inner = name.partition(".")
    value = values[column]
    return value.get(inner) if isinstance(value, Mapping) else None


def _of_two(config, first: str, second: str):
    """Yields rows of two files of plain text whose lines belong together."""
    reading = sources.Reading(
        format="text", encoding=config.encoding, all_columns=True, blank_lines=True
    )
    both = sources.read(first, reading), sources.read(second, reading)
    for number, (row, other) in enumerate(itertools.zip_longest(*both)):
        if row is None or other is None:
            longer, shorter = (first, second) if other is None else (second, first)
            raise errors.UserError(
                "Two files whose lines belong together must have as many. "
                f"{shorter} has {number:,}, {longer} more."
            )
        values = {"text": row.values["text"], "target": other.values["text"]}
        made = formats.Row(values, row.origin, row.line)
        yield made, values["text"], values["target"]
