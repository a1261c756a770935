"""The rows of one open file: CSV and TSV, JSONL, Parquet, plain text."""

import csv
import itertools
import json
import pathlib
import typing
from collections.abc import Collection
from collections.abc import Iterator

from tfm import errors
from tfm.data import locations

_LONGEST_FIELD = 2**24  # characters; an unclosed quote must not swallow a huge file


class Row(typing.NamedTuple):
    values: dict[str, object]  # by column; empty where there is a problem
    origin: str  # the file's path
    line: int  # where the row begins, from 1; of Parquet and TFDS its number
    problem: str = ""  # `reason: details`


def need(
    wanted: Collection[str], present: Collection[str], origin: str, hint=""
) -> None:
    """Raises UserError where a wanted column is not present."""
    for name in wanted:
        if name not in present:
            raise errors.UserError(
                f"{origin} has no column {name!r}. It has: {', '.join(present)}."
                f"{locations.nearest(name, present)}{hint}"
            )


def table(
    stream: typing.TextIO,
    origin: str,
    wanted: tuple[str, ...],
    *,
    delimiter: str,
    header: tuple[str, ...] = (),
    quoted: bool = True,
    all_columns: bool = False,
) -> Iterator[Row]:
    """Yields the rows of CSV or TSV; `header` where there is no header line."""
    csv.field_size_limit(_LONGEST_FIELD)
    lines = _Lines(stream)
    # strict: a stray quote is a bad row, where it would swallow the rows after it
    reader = csv.reader(
        lines,
        delimiter=delimiter,
        strict=True,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    hint = ""
    columns = header
    if not columns:
        try:
            columns = next((fields for fields in reader if fields), ())
        except csv.Error as error:
            raise errors.UserError(f"{origin}:1: not valid CSV: {error}.") from error
        hint = " Without a header line, name the columns with --data.header."
    columns = [name.strip() for name in columns]
    try:
        "".join(columns).encode()
    except UnicodeEncodeError:  # a byte that is not valid came as a lone surrogate
        raise errors.UserError(
            f"{origin}:1: the header line is not text. Is it a CSV file, and in the "
            "right --data.encoding?"
        ) from None
    need(wanted, columns, origin, hint)
    if all_columns:
        wanted = tuple(columns)
    for name in wanted:
        if columns.count(name) > 1:
            raise errors.UserError(f"{origin} has two columns {name!r}.")
    places = [(name, columns.index(name)) for name in wanted]
    while True:
        line = lines.count + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = (
                f"not valid CSV: {error} (are quotes letters? --data.quoted=false)"
            )
            yield Row({}, origin, line, problem)
            continue
        if len(fields) == len(columns):
            yield Row({name: fields[place] for name, place in places}, origin, line)
        elif fields:
            problem = f"wrong number of columns: {len(fields)}, not {len(columns)}"
            yield Row({}, origin, line, problem)


class _Lines:
    """The lines of a stream; `count` counts them as editors do: by line feeds.

    A lone carriage return ends a line for the csv module. It is counted only where
    the first line ends with one, as in files of the old Macintosh.
    """

    def __init__(self, stream: typing.TextIO):
        self.stream = stream
        self.count = 0

    def __iter__(self):
        old_macintosh = None
        for line in self.stream:
            lone = line.endswith("\r")
            if old_macintosh is None:
                old_macintosh = lone
            if not lone or old_macintosh:
                self.count += 1
            yield line


def jsonl(
    stream: typing.TextIO,
    origin: str,
    wanted: tuple[str, ...],
    all_columns: bool = False,
) -> Iterator[Row]:
    """Yields the rows of a file with one JSON object a line."""
    never_seen = set(wanted)
    present = {}
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Row({}, origin, number, f"not valid JSON: {error}")
            continue
        if not isinstance(values, dict):
            yield Row({}, origin, number, "not a JSON object")
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


def parquet(
    path: pathlib.Path, wanted: tuple[str, ...], all_columns: bool = False
) -> Iterator[Row]:
    """Yields the rows of a Parquet file, reading the wanted columns only."""
    import pyarrow
    from pyarrow import parquet

    origin = str(path)
    try:
        with parquet.ParquetFile(path, memory_map=True) as file:
            need(wanted, file.schema_arrow.names, origin)
            if all_columns:
                wanted = tuple(file.schema_arrow.names)
            numbers = itertools.count(1)
            for batch in file.iter_batches(1024, columns=list(wanted)):
                rows = zip(*(batch[name].to_pylist() for name in wanted), strict=True)
                for values in rows:
                    row = dict(zip(wanted, values, strict=True))
                    yield Row(row, origin, next(numbers))
    except pyarrow.ArrowException as error:
        first_line = str(error).partition("\n")[0]
        raise errors.UserError(
            f"{origin} is not valid Parquet: {first_line}"
        ) from error


def lines(stream: typing.TextIO, origin: str, text: str) -> Iterator[Row]:
    """Yields the lines of plain text that are not blank."""
    for number, line in enumerate(stream, 1):
        if line.strip():
            yield Row({text: line.rstrip("\r\n")}, origin, number)
