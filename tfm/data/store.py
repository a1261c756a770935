"""The stored arrays of a preprocessor on disk, by the records that they are of.

NAME.DTYPE       the rows, one after the other; bytes that are the record's own content
                 are not written again, and have no length here
NAME.ends.npy    where each row ends there, int64 [n]: the values of its first axis
NAME.counts.npy  what became of each row, where that is measured; see cuts.Measures
"""

import contextlib
import functools
import json
import os
import pathlib
import typing
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import files
from tfm import interfaces
from tfm import progress
from tfm.data import cuts

_BATCH_ROWS, _READ_ROWS = 1024, 64
_BATCH_SIZE = 2**22  # characters or bytes


class Records(typing.Protocol):
    """Rows by index, cut into splits."""

    fingerprint: str  # changes with the rows and their splits
    splits: Mapping[str, np.ndarray]  # indices of each, int64

    def __len__(self) -> int: ...

    def rows(self, indices: np.ndarray) -> list[interfaces.Row]: ...


class StoredArray:
    """The rows of an array by index, mapped into memory.

    Args:
      folder: which `write` has written.
      name: of the array.
      spec: of a row.
      contents: indices -> contents of these records, for bytes that are the same.

    Attributes:
      counts: what became of each row, a structured array [n]; None: not measured.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        name: str,
        spec: interfaces.Spec,
        contents: Callable[[np.ndarray], list],
    ):
        self._spec, self._contents = spec, contents
        self._ends = np.load(folder / f"{name}.ends.npy")
        counts = folder / f"{name}.counts.npy"
        self.counts = np.load(counts) if counts.is_file() else None
        dtype, inner = _dtype(spec), spec.shape[1:]
        if not len(self._ends) or not self._ends[-1]:  # an empty file is not mapped
            self._values = np.zeros((0, *inner), dtype)
        else:
            shape = (int(self._ends[-1]), *inner)
            self._values = np.memmap(_path(folder, name, spec), dtype, "r", shape=shape)

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray | list:
        """The rows: a list of arrays or bytes, or one array [n] of single values."""
        indices = np.asarray(indices, np.int64)
        ends = self._ends[indices].tolist()
        starts = np.where(indices > 0, self._ends[indices - 1], 0).tolist()
        rows = [self._values[a:b] for a, b in zip(starts, ends, strict=True)]
        if self._spec.dtype == "string":
            own = [place for place, row in enumerate(rows) if not len(row)]
            theirs = dict(zip(own, self._contents(indices[own]), strict=True))
            return [theirs.get(i) or row.tobytes() for i, row in enumerate(rows)]
        if not self._spec.shape:
            return np.concatenate([self._values[:0], *rows])
        return rows


def write(
    records: Records,
    preprocessor: interfaces.Preprocessor,
    folder: str | os.PathLike,
) -> dict[str, StoredArray]:
    """Encodes the records of all splits, unless `folder` holds them already.

    Args:
      records: the texts or pictures. Those in no split get an empty row.
      preprocessor: makes the arrays.
      folder: where to write; it appears whole or not at all. One of other records, or
        of arrays of other shapes, is replaced.

    Returns:
      The array of each name that the preprocessor stores, with the records' indices.
    """
    folder = pathlib.Path(folder)
    stored = preprocessor.stored
    shapes = {n: [spec.dtype, *spec.shape] for n, spec in stored.items()}
    measured = "counts" if isinstance(preprocessor, cuts.Measures) else False
    meta = {"records": records.fingerprint, "arrays": shapes, "measured": measured}
    path = folder / "meta.json"
    if not path.exists() or json.loads(path.read_text("utf-8")) != meta:
        if path.exists():
            path.unlink()  # from here on the folder is no store
            for old in folder.iterdir():
                old.unlink()
        with files.whole(folder) as partial:
            _write(records, preprocessor, partial)
            (partial / "meta.json").write_text(json.dumps(meta), "utf-8")
    return {
        name: StoredArray(folder, name, spec, functools.partial(_own, records, name))
        for name, spec in stored.items()
    }


def cuts_of(
    preprocessor: interfaces.Preprocessor,
    arrays: Mapping[str, StoredArray],
    indices: np.ndarray,
) -> list:
    """The unknown and the cut-off of these records, where measured; see cuts.told."""
    counts = {n: a.counts[indices] for n, a in arrays.items() if a.counts is not None}
    return cuts.told(preprocessor, counts)


def _own(records: Records, name: str, indices: np.ndarray) -> list:
    """The records' own values by the name of an array; see the file's head."""
    return [row[name] for row in records.rows(indices)]


def _write(
    records: Records,
    preprocessor: interfaces.Preprocessor,
    folder: pathlib.Path,
) -> None:
    stored = preprocessor.stored
    lengths = {name: np.zeros(len(records), np.int64) for name in stored}
    counts: dict[str, np.ndarray] = {}
    done, total = 0, sum(map(len, records.splits.values()))
    with contextlib.ExitStack() as stack:
        opened = {
            name: stack.enter_context(_path(folder, name, spec).open("wb"))
            for name, spec in stored.items()
        }
        phase = progress.phase("Encoding", lambda: done, total, "rows")
        stack.enter_context(phase)
        for indices, rows in _batches(records):
            found, counted = cuts.encoded(preprocessor, rows)
            for name, values in counted.items():
                zeros = np.zeros(len(records), values.dtype)
                counts.setdefault(name, zeros)[indices] = values
            for name, spec in stored.items():
                for index, row, own in zip(indices, found[name], rows, strict=True):
                    row = _flat(b"" if row is own.get(name) else row, spec)
                    opened[name].write(row.tobytes())
                    lengths[name][index] = len(row)
            done += len(indices)
    for name in stored:
        np.save(folder / f"{name}.ends.npy", np.cumsum(lengths[name]))
    for name, array in counts.items():
        np.save(folder / f"{name}.counts.npy", array)


def _path(folder: pathlib.Path, name: str, spec: interfaces.Spec) -> pathlib.Path:
    return folder / f"{name}.{spec.dtype}"


def _dtype(spec: interfaces.Spec) -> np.dtype:
    """The type of the values on disk, with the lowest byte first."""
    kind = np.uint8 if spec.dtype == "string" else spec.dtype
    return np.dtype(kind).newbyteorder("<")


def _flat(row, spec: interfaces.Spec) -> np.ndarray:
    """A row as it is written: its first axis may have any length."""
    if spec.dtype == "string":
        return np.frombuffer(row, np.uint8)
    return np.asarray(row, _dtype(spec)).reshape(-1, *spec.shape[1:])


def _batches(records: Records) -> Iterator[tuple[list[int], list[interfaces.Row]]]:
    """Yields indices and rows of all splits in the order of the files."""
    all_indices = np.sort(np.concatenate(list(records.splits.values())))
    indices, rows, size = [], [], 0
    for start in range(0, len(all_indices), _READ_ROWS):
        chunk = all_indices[start : start + _READ_ROWS]
        for index, row in zip(chunk.tolist(), records.rows(chunk), strict=True):
            indices.append(index)
            rows.append(row)
            size += sum(map(len, row.values()))
            if len(rows) == _BATCH_ROWS or size > _BATCH_SIZE:
                yield indices, rows
                indices, rows, size = [], [], 0
    if rows:
        yield indices, rows
