"""Word vectors as a NumPy table [N, D], with the words in a file beside it."""

import itertools
import json
import pathlib
import typing
from collections.abc import Collection
from collections.abc import Iterator

from tfm import errors

if typing.TYPE_CHECKING:
    import numpy as np

_ENDINGS = (".parquet", ".json", ".txt", ".vocab", ".tsv")  # of a file of words


def shape(path: pathlib.Path) -> tuple[int, int]:
    """N and D of a table.

    Raises:
      UserError: it is no table of numbers, is not whole, or has no words beside it.
    """
    num_words, width = _open(path).shape
    words_of(path)
    return num_words, width


def read(
    path: pathlib.Path, num_words: int, wanted: Collection[str], found
) -> Iterator[tuple[str, "np.ndarray"]]:
    """Yields the wanted words with their rows, float32 [D], in the table's order.

    Args:
      path: of the table.
      num_words: N.
      wanted: words.
      found: whose num_words is counted up.

    Raises:
      UserError: the words beside the table are not as many as its rows.
    """
    import numpy as np

    beside, rows = words_of(path), {}
    for word, row in _words(beside):
        found.num_words += 1
        if not 0 <= row < num_words:
            raise errors.UserError(
                f"{beside} must name a row of {path.name} for each word. "
                f"Got row {row:,} for {word!r}; the table has {num_words:,}."
            )
        if word in wanted:
            rows.setdefault(word, row)
    if found.num_words != num_words:
        raise errors.UserError(
            f"{beside} must have a word for each row of {path.name}. "
            f"Got {found.num_words:,} words, {num_words:,} rows."
        )
    table_ND = _open(path)
    for word, row in sorted(rows.items(), key=lambda pair: pair[1]):
        yield word, np.array(table_ND[row], np.float32)


def words_of(path: pathlib.Path) -> pathlib.Path:
    """The file of a table's words: of its name, or the only one in its folder.

    That is a Parquet file with a column of words, JSON (a list, or {word: row}), or
    text with a word a line; a tab and the row may follow. Without rows the words are
    in the table's order.

    Raises:
      UserError: there is none, or several of which none has the table's name.
    """
    others = sorted(
        other for other in path.parent.iterdir() if other.suffix.lower() in _ENDINGS
    )
    same_name = [other for other in others if other.stem == path.stem]
    found = same_name or others
    if len(found) != 1:
        names = ", ".join(other.name for other in found[:5])
        raise errors.UserError(
            f"The words of {path} are read from one file beside it, such as "
            f"{path.stem}.txt with a word a line. Got {names or 'none'}."
        )
    return found[0]


def _open(path: pathlib.Path) -> "np.ndarray":
    """The table, mapped and not read."""
    import numpy as np

    try:
        table = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError) as error:
        raise errors.UserError(f"{path} cannot be read: {error}.") from error
    if table.ndim != 2 or table.dtype.kind != "f":
        raise errors.UserError(
            f"A table of word vectors must have a row of numbers for each word. "
            f"{path} has shape {table.shape} and dtype {table.dtype}."
        )
    return table


def _words(path: pathlib.Path) -> Iterator[tuple[str, int]]:
    """Yields the words of a file with their rows."""
    if path.suffix.lower() == ".parquet":
        yield from _of_parquet(path)
        return
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            if path.suffix.lower() != ".json":
                for number, line in enumerate(file):
                    word, mark, row = line.rstrip("\r\n").rpartition("\t")
                    yield (word, int(row)) if mark else (row, number)
                return
            body = json.load(file)
    except ValueError as error:
        raise errors.UserError(f"{path} cannot be read: {error}.") from None
    if isinstance(body, dict) and all(type(row) is int for row in body.values()):
        yield from body.items()
    elif isinstance(body, list) and all(isinstance(word, str) for word in body):
        yield from zip(body, itertools.count(), strict=False)
    else:
        raise errors.UserError(f"{path} must hold a list of words, or {{word: row}}.")


def _of_parquet(path: pathlib.Path) -> Iterator[tuple[str, int]]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            fields, types = list(file.schema_arrow), pyarrow.types
            words = [
                f.name
                for f in fields
                if types.is_string(f.type) or types.is_large_string(f.type)
            ]
            rows = [f.name for f in fields if types.is_integer(f.type)]
            if len(words) != 1 or len(rows) > 1:
                raise errors.UserError(
                    f"{path} must have a column of words, and at most one of rows. "
                    f"Its columns: {', '.join(f.name for f in fields)}."
                )
            first = 0
            for batch in file.iter_batches(columns=[*words, *rows]):
                numbers = range(first, first := first + len(batch))
                if rows:
                    numbers = batch.column(rows[0]).to_pylist()
                yield from zip(batch.column(words[0]).to_pylist(), numbers, strict=True)
    except (pyarrow.ArrowException, OSError) as error:
        raise errors.UserError(f"{path} cannot be read: {error}.") from error
