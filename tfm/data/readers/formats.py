"""Rows, and those of JSONL and plain text; see tables and arrow_files for others."""

import json
import typing
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

from tfm import errors
from tfm.data.readers import locations


class Row(typing.NamedTuple):
    values: dict[str, object]  # by column; empty where there is a problem
    origin: str  # the file's path
    line: int  # where the row begins, from 1; of Parquet and TFDS its number
    problem: str = ""  # `reason: details`


class MissingColumnError(errors.UserError):
    """A source has no column of the name that is wanted."""

    def __init__(self, name: str, message: str):
        super().__init__(message)
        self.name = name


def need(
    wanted: Collection[str], present: Collection[str], origin: str, hint=""
) -> None:
    """Raises MissingColumnError where a wanted column is not present."""
    for name in wanted:
        if name not in present:
            raise MissingColumnError(
                name,
                f"{origin} has no column {name!r}. It has: {', '.join(present)}."
                f"{locations.nearest(name, present)}{hint}",
            )


def places(
    columns: Sequence[str], wanted: Sequence[str], all_columns: bool, origin: str
) -> dict[str, int]:
    """{name: place} of the wanted columns of a table, or of all by `distinct` names.

    Raises:
      UserError: a wanted column is there twice.
    """
    for name in wanted:
        if columns.count(name) > 1:
            raise errors.UserError(
                f"{origin} has two columns {name!r}. Rename one of them in its first "
                "line."
            )
    if all_columns:
        return {name: place for place, name in enumerate(distinct(columns))}
    return {name: columns.index(name) for name in wanted}


def distinct(columns: Collection[str]) -> list[str]:
    """Names of columns: one without is named by its place, a second one by its number.

    So ["text", "", "text"] become ["text", "column_2", "text_2"].
    """
    found: list[str] = []
    for place, name in enumerate(columns, 1):
        name = name or f"column_{place}"
        number, plain = 1, name
        while name in found:
            number += 1
            name = f"{plain}_{number}"
        found.append(name)
    return found


def jsonl(
    stream: typing.TextIO,
    origin: str,
    wanted: tuple[str, ...],
    all_columns: bool = False,
) -> Iterator[Row]:
    """Yields the rows of a file with one JSON object a line, or one list of objects.

    Of a list the number of the object is its line.
    """
    values = (
        (number, value, problem or ("" if isinstance(value, dict) else _NO_OBJECT))
        for number, value, problem in _json_values(stream, origin)
    )
    yield from of_objects(values, origin, wanted, all_columns)


def of_objects(
    numbered: Iterable[tuple[int, dict, str]],
    origin: str,
    wanted: tuple[str, ...],
    all_columns: bool,
) -> Iterator[Row]:
    """Yields rows of objects each with columns of its own, as JSON and TFRecord have.

    Args:
      numbered: number, values by column, and problem of each; no values where it has
        one.
      origin: the file.
      wanted: columns that are needed; one without such a column is a bad row.
      all_columns: keep the columns that are not needed too.

    Raises:
      UserError: none has a wanted column.
    """
    present, never_seen = {}, set(wanted)
    for number, values, problem in numbered:
        if problem:
            yield Row({}, origin, number, problem)
            continue
        if never_seen:
            never_seen.difference_update(values)
            present.update(dict.fromkeys(list(values)[:20]))
        absent = [name for name in wanted if name not in values]
        if absent:
            problem = f"no value: {absent[0]!r} is not among {', '.join(values)}"
            yield Row({}, origin, number, problem)
        else:
            kept = values if all_columns else {name: values[name] for name in wanted}
            yield Row(kept, origin, number)
    if present:
        need(sorted(never_seen), present, origin)


_NO_OBJECT = "not a JSON object"
_ROWS_OF_JSON = (
    "A row must be an object on a line of its own, or in one list of all: pandas "
    "writes it with to_json(orient='records', lines=True)."
)


def _json_values(stream: typing.TextIO, origin: str):
    """Yields number, value and problem of each line, or of each item of one list."""
    first = None  # an object that holds the rows, if no other line follows
    for number, line in enumerate(stream, 1):
        text = line.strip()
        if number == 1 and text == "{":
            raise errors.UserError(
                f"{origin} is one JSON object over several lines. {_ROWS_OF_JSON}"
            )
        if number == 1 and (text == "[" or text.startswith("[{")):
            yield from _json_list(line + stream.read(), origin)
            return
        if not text:
            continue
        if first is not None:
            yield 1, first, ""
            first = None
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, None, f"not valid JSON: {error}"
            continue
        if number == 1 and _holds_rows(value):
            first = value
        else:
            yield number, value, ""
    if first is not None:
        raise errors.UserError(
            f"{origin} is one JSON object that holds all rows. {_ROWS_OF_JSON}"
        )


def _holds_rows(value: object) -> bool:
    """Whether an object is one of columns or of lists, not a row."""
    if not isinstance(value, dict) or not value:
        return False
    inner = [item for item in value.values() if isinstance(item, dict | list)]
    return len(inner) == len(value) or any(
        isinstance(item, list) and item and isinstance(item[0], dict) for item in inner
    )


def _json_list(text: str, origin: str):
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise errors.UserError(f"{origin} is not valid JSON: {error}.") from error
    return ((number, value, "") for number, value in enumerate(values, 1))


def parts(stream: typing.TextIO, origin: str, text: str, end: str) -> Iterator[Row]:
    """Yields the parts of plain text that are not blank, without blank lines around.

    Args:
      stream: of lines, with their ends as they are.
      origin: the file.
      text: the name of the column.
      end: a mark after each part; empty: a blank line.
    """
    found, first = [], 0  # the lines of a part, and the number of its first one
    for number, line in enumerate(stream, 1):
        if end:
            *ended, rest = line.split(end)
        else:
            ended, rest = ([], line) if line.strip() else ([""], "")
        for piece in ended:
            first = first or (number if piece.strip() else 0)
            if first:
                part = "".join([*found, piece]).strip("\r\n")
                yield Row({text: part}, origin, first)
            found, first = [], 0
        first = first or (number if rest.strip() else 0)
        if first:
            found.append(rest)
    if first:
        yield Row({text: "".join(found).strip("\r\n")}, origin, first)


def lines(
    stream: typing.TextIO, origin: str, text: str, blank_lines: bool = False
) -> Iterator[Row]:
    """Yields the lines of plain text; blank ones if they are asked for."""
    for number, line in enumerate(stream, 1):
        if blank_lines or line.strip():
            yield Row({text: line.rstrip("\r\n")}, origin, number)
