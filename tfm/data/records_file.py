"""Rows on disk as an Arrow file, mapped into memory: written as a stream, by index."""

import hashlib
import json
import os
import pathlib
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np
import pyarrow

PLACES = (  # where a row is from
    pyarrow.field("origin", pyarrow.string()),  # the file's path
    pyarrow.field("line", pyarrow.int64()),
)
_BATCH_ROWS = 4096
_BATCH_SIZE = 2**22  # characters or bytes


class Records:
    """The rows of a prepared folder: records.arrow, meta.json, NAME.npy of each split.

    Attributes:
      fingerprint: changes with the rows and their splits.
      splits: train, validation and test -> their rows' indices, int64, ascending.
        Rows that were dropped are in none.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = pathlib.Path(folder)
        meta = (self.folder / "meta.json").read_bytes()
        self.meta = json.loads(meta)
        self.fingerprint = hashlib.blake2b(meta, digest_size=16).hexdigest()
        self.splits = {name: self._load(name) for name in self.meta["sizes"]}
        self._file = Reader(self.folder / "records.arrow")

    def __len__(self) -> int:
        return len(self._file)

    @property
    def sources(self) -> dict[str, str]:
        """A hash of the content of each source, by its path."""
        paths, found = self.meta["paths"], self.meta["fingerprints"]
        return {paths[n]: found[n]["content"] for n in paths if found[n]}

    def origins(self, indices: Sequence[int] | np.ndarray) -> list[str]:
        """`FILE:LINE` of these rows."""
        return self._file.origins(indices)

    def _load(self, name: str) -> np.ndarray:
        return np.load(self.folder / f"{name}.npy", mmap_mode="r")


class Reader:
    """The rows of a file that `Writer` wrote.

    Args:
      path: of the file.
    """

    def __init__(self, path: pathlib.Path):
        file = pyarrow.ipc.open_file(pyarrow.memory_map(str(path)))
        self._batches = [file.get_batch(i) for i in range(file.num_record_batches)]
        self._starts = np.cumsum([0, *(batch.num_rows for batch in self._batches)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def values(self, column: str, indices: Sequence[int] | np.ndarray) -> list:
        """A column's values of these rows, in this order."""
        indices = np.asarray(indices, np.int64)
        numbers = np.searchsorted(self._starts, indices, "right") - 1
        rows = indices - self._starts[numbers]
        return [
            self._batches[number][column][row].as_py()
            for number, row in zip(numbers.tolist(), rows.tolist(), strict=True)
        ]

    def iterate(self, column: str, indices: np.ndarray) -> Iterator:
        """Yields the same of ascending indices, a batch of the file at a time."""
        places = np.searchsorted(indices, self._starts)
        for number, batch in enumerate(self._batches):
            rows = indices[places[number] : places[number + 1]] - self._starts[number]
            yield from batch[column].take(pyarrow.array(rows)).to_pylist()

    def origins(self, indices: Sequence[int] | np.ndarray) -> list[str]:
        """`FILE:LINE` of these rows."""
        files = self.values("origin", indices)
        lines = self.values("line", indices)
        return [f"{file}:{line}" for file, line in zip(files, lines, strict=True)]


class Writer:
    """Streams rows, with their origin and line, to a file; a context manager.

    Args:
      path: of the file.
      columns: names of their contents, which come first in a row.
      is_bytes: whether these are bytes; else texts.
    """

    def __init__(
        self, path: pathlib.Path, columns: Sequence[str], is_bytes: bool = False
    ):
        kind = pyarrow.large_binary() if is_bytes else pyarrow.large_string()
        contents = [pyarrow.field(name, kind) for name in columns]
        self._schema = pyarrow.schema([*contents, *PLACES])
        self._width = len(columns)
        self._rows = []
        self._size = self._written = 0
        self._sink = pyarrow.OSFile(str(path), "wb")
        self._file = pyarrow.ipc.new_file(self._sink, self._schema)

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        if not any(raised):
            self._flush()
        self._file.close()
        self._sink.close()

    def __len__(self) -> int:
        return self._written + len(self._rows)

    def add(self, *row) -> None:
        """Adds a row: its contents, origin and line."""
        self._rows.append(row)
        self._size += sum(map(len, row[: self._width]))
        if len(self._rows) == _BATCH_ROWS or self._size > _BATCH_SIZE:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        arrays = [
            pyarrow.array(column, field.type)
            for column, field in zip(
                zip(*self._rows, strict=True), self._schema, strict=True
            )
        ]
        self._file.write_batch(pyarrow.record_batch(arrays, schema=self._schema))
        self._written += len(self._rows)
        self._rows, self._size = [], 0
