"""Rows with texts for the entry points: a user's file, or standard input."""

import pathlib
import sys
from collections.abc import Iterable
from collections.abc import Iterator

from tfm import errors


def read(data, path: str) -> Iterator[dict]:
    """The rows of a file, as {column: value}; a bad one stops it.

    Args:
      data: a run's data config, which says how its files are written.
      path: of the file, or any other source.
    """
    from tfm.data import sources

    rows = sources.read(
        path,
        text=data.text,
        columns=data.columns,
        encoding=data.encoding,
        quoted=data.quoted,
        all_columns=True,
    )
    for row in rows:
        if row.problem:
            raise errors.UserError(f"{row.origin}:{row.line}: {row.problem}.")
        yield {name: _valid(value) for name, value in row.values.items()}


def batched(rows: Iterable[dict], size: int) -> Iterator[list[dict]]:
    """The rows again, so many at a time."""
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def standard_input(size: int) -> Iterator[list[dict]]:
    """Whole lines as they arrive, many at a time where many are there."""
    if sys.stdin.isatty():
        print("Type a text and press Enter; Ctrl-D ends.", file=sys.stderr)
    rest = b""
    while chunk := sys.stdin.buffer.read1(1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from batched(map(_line, lines), size)
    if rest:
        yield [_line(rest)]


def check_output(path: str) -> None:
    """Raises UserError unless a .csv or .jsonl file can be written there."""
    path = pathlib.Path(path)
    if path.suffix not in (".csv", ".jsonl"):
        raise errors.UserError(f"--output must end in .csv or .jsonl. Got {path}.")
    if not path.parent.is_dir():
        raise errors.UserError(f"There is no folder {path.parent} for --output.")


def _valid(value):
    """`value` with a mark in place of each byte that was not valid."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value


def _line(line: bytes) -> dict:
    return {"text": line.decode("utf-8", errors="replace").rstrip("\r")}
