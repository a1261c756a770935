"""Tables of text: CSV and TSV, their separator, and what becomes of a broken record."""

import collections
import csv
import itertools
import re
import typing
from collections.abc import Iterator

from tfm import errors
from tfm.data.readers import encodings
from tfm.data.readers import formats
from tfm.data.readers import notes

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_LONGEST_FIELD = 2**24  # characters; an unclosed quote must not swallow a huge file
_RETURN = "\ud800"  # no text has it: what is not valid arrives as \udc80 to \udcff
_LOOKED_AT = 20  # records, to find the separator


def read(
    stream: typing.TextIO,
    origin: str,
    wanted: tuple[str, ...],
    *,
    separator: str,
    header: tuple[str, ...] = (),
    quoted: bool = True,
    all_columns: bool = False,
    encoding: str = "utf-8",
) -> Iterator[formats.Row]:
    """Yields the rows of a table.

    A record that is not valid, as where a quote is not closed, is one bad row: the
    lines after its first are read again as rows of their own.

    Args:
      stream: of lines, with their ends as they are.
      origin: the file, for messages.
      wanted: columns that are needed.
      separator: a name of SEPARATORS; auto finds it.
      header: names of the columns where there is no header line.
      quoted: fields may stand in quotes.
      all_columns: keep the columns that are not needed too.
      encoding: as which the stream was opened, for messages.

    Raises:
      UserError: a column is missing or there twice, or the header is not valid.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    lines = _Lines(stream)
    if named := lines.take_separator():  # sep=; as Excel writes it
        separator = next((n for n, s in SEPARATORS.items() if s == named), separator)
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    if separator == "auto":
        separator = _separator_of(lines, wanted, header, quoting)
        if separator != "comma":
            notes.tell(f"{origin}: columns are parted by {separator}")

    def reader():
        # strict: a stray quote is a bad row, where it would swallow the rows after it
        delimiter = SEPARATORS[separator]
        return csv.reader(lines, delimiter=delimiter, strict=True, quoting=quoting)

    records = reader()
    columns = _columns(records, origin, wanted, header, encoding)
    places = formats.places(columns, wanted, all_columns, origin)
    for line, fields, problem in _records(lines, reader, records, len(columns)):
        fields = lines.restored(fields)
        values = {name: fields[place] for name, place in places.items() if fields}
        yield formats.Row(values, origin, line, problem)


def _records(lines: "_Lines", reader, records, width: int):
    """Yields line, fields and problem of each record; without fields where it has one.

    Args:
      lines: from which the records come.
      reader: makes a csv.reader of them, to begin anew.
      records: the one that has read the header.
      width: of a record.
    """
    while True:
        line = lines.count + 1
        lines.mark()
        problem, fields = "", []
        try:
            fields = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            hint = "are quotes letters? --data.quoted=false"
            problem = f"not valid CSV: {error} ({hint})"
        if fields and len(fields) != width:
            problem = f"wrong number of columns: {len(fields)}, not {width}"
        if problem:
            lines.back_to_second()
            records = reader()
            yield line, [], problem
        elif fields or width == 1:  # a blank line is an empty cell of one column
            yield line, fields or [""], ""


def _columns(records, origin: str, wanted, header, encoding: str) -> list[str]:
    """The names of the columns, those that are wanted among them."""
    hint, columns = "", header
    if not columns:
        try:
            columns = next((fields for fields in records if fields), ())
        except csv.Error as error:
            raise errors.UserError(f"{origin}:1: not valid CSV: {error}.") from error
        hint = " Without a header line, name the columns with --data.header."
    columns = [name.strip() for name in columns]
    try:
        "".join(columns).encode()
    except UnicodeEncodeError:  # a byte that is not valid came as a lone surrogate
        raise errors.UserError(
            f"{origin}:1: the header line is not valid {encoding}. "
            f"{encodings.cure(origin, encoding)}."
        ) from None
    formats.need(wanted, columns, origin, hint)
    return columns


def _separator_of(lines: "_Lines", wanted, header, quoting: int) -> str:
    """The separator by which the first records make the likeliest table.

    That is one by which the wanted columns are there; else one by which all records
    have as many fields, and more than one. Between equals the first of SEPARATORS.
    """
    start = lines.peek(_LOOKED_AT)
    best, chosen = (False, False, 0), "comma"
    for name, delimiter in SEPARATORS.items():
        found = []
        try:
            for fields in csv.reader(start, delimiter=delimiter, quoting=quoting):
                if fields:
                    found.append([field.strip() for field in fields])
        except csv.Error:
            pass
        if not found:
            continue
        widths = collections.Counter(map(len, found))
        (width, times) = widths.most_common(1)[0]
        names = list(header) or found[0]
        there = len(names) == len(found[0]) and set(wanted) <= set(names)
        score = (there and len(found[0]) > 1, width > 1, times if width > 1 else 0)
        if score > best:
            best, chosen = score, name
    return chosen


class _Lines:
    """The lines of a stream; `count` counts them.

    A carriage return within a line is text, where the csv module takes it for a line's
    end. It goes through that as another character; see `restored`.
    """

    def __init__(self, stream: typing.TextIO):
        self.count = 0
        self._stream = iter(stream)
        self._waiting: collections.deque[str] = collections.deque()
        self._taken: list[str] = []  # since the mark
        self._has_returns = False

    def __iter__(self):
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._next()
        self.count += 1
        self._taken.append(line)
        return line

    def _next(self) -> str:
        line = next(self._stream)
        body = line.removesuffix("\n").removesuffix("\r")
        if "\r" not in body:
            return line
        self._has_returns = True
        return body.replace("\r", _RETURN) + line[len(body) :]

    def restored(self, fields: list[str]) -> list[str]:
        """The fields of a record as they were in the file."""
        if not self._has_returns:
            return fields
        return [field.replace(_RETURN, "\r") for field in fields]

    def peek(self, number: int) -> list[str]:
        """The next lines, which are still to come."""
        missing = max(0, number - len(self._waiting))
        self._waiting.extend(itertools.islice(iter(self._next, None), missing))
        return list(itertools.islice(self._waiting, number))

    def take_separator(self) -> str:
        """Takes a first line that says sep=X, and returns X; else nothing."""
        first = self.peek(1)
        found = re.fullmatch(r'"?sep=(.)"?\r?\n?', first[0], re.I) if first else None
        if found:
            next(self)
        return found[1] if found else ""

    def mark(self) -> None:
        """Begins a record."""
        self._taken = []

    def back_to_second(self) -> None:
        """Has all lines of the record but its first come again."""
        again = self._taken[1:]
        self._waiting.extendleft(reversed(again))
        self.count -= len(again)
        self._taken = []
