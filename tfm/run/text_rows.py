"""Rows for the commands: of a user's file, the command line, or standard input."""

import sys
import time
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

from tfm import errors
from tfm import interfaces

_SECONDS = 15.0  # between two lines of how far it is


class Tally:
    """Counts of rows for the last lines, and a line now and then while they are made.

    Args:
      before: rows that an earlier, interrupted command has done.
      left_out: of these, those that have a problem.
    """

    def __init__(self, before: int = 0, left_out: int = 0):
        self.rows = self._before = before
        self.left_out = left_out
        self._started = self._told = time.monotonic()

    def add(self, reads: Sequence[interfaces.Read], tells: bool = False) -> None:
        """Counts rows that are done; `tells` every 15 seconds how far it is."""
        self.rows += len(reads)
        self.left_out += sum(bool(read.problem) for read in reads)
        now = time.monotonic()
        if tells and now - self._told >= _SECONDS:
            self._told = now
            speed = (self.rows - self._before) / (now - self._started)
            line = f"{self.rows:,} rows done  {speed:,.1f} rows/s"
            print(line, file=sys.stderr, flush=True)

    def say(self, what: str, output: str, each: int = 1) -> None:
        """The last lines.

        Args:
          what: was made, such as predictions.
          output: the file that they were written to, if any.
          each: how many of them of one row.
        """
        if output:
            count = (self.rows - self.left_out) * each
            before = f"; {self._before:,} rows were done before" if self._before else ""
            print(f"{count:,} {what} written to {output}{before}")
        if self.left_out:
            print(
                f"note: {self.left_out:,} of {self.rows:,} rows have no "
                f"{what.removesuffix('s')}; the reason stands in each",
                file=sys.stderr,
            )


def batched(rows: Iterable, size: int) -> Iterator[list]:
    """The rows again, so many at a time."""
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def of_texts(texts: Iterable[str], column: str) -> list[interfaces.Read]:
    """Texts from the command line as rows of one column; UTF-8 in any locale."""
    return [_read(_argument(text), column) for text in texts]


def standard_input(size: int, column: str) -> Iterator[list[interfaces.Read]]:
    """Whole lines as they arrive, many at a time where many are there."""
    if sys.stdin.isatty():
        print("Type a text and press Enter; Ctrl-D ends.", file=sys.stderr)
    rest = b""
    while chunk := sys.stdin.buffer.read1(1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from batched((_read(_text(line), column) for line in lines), size)
    if rest:
        yield [_read(_text(rest), column)]


def only_column(inputs: interfaces.Inputs) -> str:
    """The column that texts given alone are of.

    Raises:
      UserError: the inputs read several columns, so that a file is needed.
    """
    columns = sorted(inputs.columns)
    if len(columns) > 1:
        raise errors.UserError(
            f"The model reads {', '.join(columns)}: give --input=FILE with these."
        )
    return columns[0]


def _read(text: str, column: str) -> interfaces.Read:
    problem = "" if text.strip() else "no text"
    return interfaces.Read({column: text}, {column: text}, problem=problem)


def _argument(text: str) -> str:
    try:  # bytes that the locale does not know came as lone surrogates
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r")
