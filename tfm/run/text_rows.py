"""Rows for the commands: of a user's file, the command line, or standard input."""

import contextlib
import sys
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

from tfm import console
from tfm import errors
from tfm import interfaces
from tfm import progress
from tfm.data.readers import meter


class Tally:
    """Counts of rows, for progress and the last lines.

    Args:
      before: rows that an earlier, interrupted command has done.
      left_out: of these, those that have a problem.
    """

    def __init__(self, before: int = 0, left_out: int = 0):
        self.rows = self._before = before
        self.left_out = left_out

    def add(self, reads: Sequence[interfaces.Read]) -> None:
        """Counts rows that are done."""
        self.rows += len(reads)
        self.left_out += sum(bool(read.problem) for read in reads)

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


def phase(name: str, tally: Tally, source: str, texts: Sequence[str]):
    """The phase in which something is made of rows.

    Args:
      name: as "Predicting".
      tally: counts them.
      source: the file that they come from, if any.
      texts: of the command line, if any. Given neither they come from standard input,
        and nothing is shown to who types them there.
    """
    if not source and not texts and sys.stdin.isatty():
        return contextlib.nullcontext()
    share = meter.present.share if source else None
    total = None if source else len(texts)
    return progress.phase(name, lambda: tally.rows, total, "rows", share=share)


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
        console.tell("Type a text and press Enter; Ctrl-D ends.", to_error=True)
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
