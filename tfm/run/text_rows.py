"""Rows for the commands: of a user's file, the command line, or standard input."""

import pathlib
import sys
from collections.abc import Iterable
from collections.abc import Iterator

from tfm import errors
from tfm import interfaces


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
    """Texts from the command line as rows of one column."""
    return [_read(text, column) for text in texts]


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


def check_output(path: str, sources: Iterable[str] = ()) -> None:
    """Raises UserError unless a .csv or .jsonl file can be written there.

    Args:
      path: of the output.
      sources: files that must not be overwritten: the input, and the run's data.
    """
    path = pathlib.Path(path)
    for source in sources:
        if (
            source
            and path.exists()
            and pathlib.Path(source).resolve() == path.resolve()
        ):
            raise errors.UserError(
                f"--output={path} would overwrite {source}. Give another file."
            )
    if path.suffix not in (".csv", ".jsonl"):
        raise errors.UserError(f"--output must end in .csv or .jsonl. Got {path}.")
    if not path.parent.is_dir():
        raise errors.UserError(f"There is no folder {path.parent} for --output.")


def _read(text: str, column: str) -> interfaces.Read:
    problem = "" if text.strip() else "no text"
    return interfaces.Read({column: text}, {column: text}, problem=problem)


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r")
