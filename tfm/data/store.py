"""Token ids of the records' texts on disk: one flat array and where each row begins."""

import json
import os
import pathlib
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from tfm import files
from tfm.data import records as records_module

_BATCH_TEXTS = 1024
_BATCH_CHARACTERS = 2**22


class Store:
    """Rows of token ids, by index.

    Attributes:
      lengths: int64 [n], the ids of each row.
    """

    def __init__(self, values: np.ndarray, offsets: np.ndarray):
        self._values = values  # int32 [sum of lengths]
        self._offsets = offsets  # int64 [n + 1]
        self.lengths = np.diff(offsets)

    @classmethod
    def open(cls, folder: str | os.PathLike) -> "Store":
        """Maps a folder that `write` has written."""
        folder = pathlib.Path(folder)
        offsets = np.load(folder / "offsets.npy")
        if not offsets[-1]:  # an empty file cannot be mapped
            return cls(np.zeros(0, np.int32), offsets)
        return cls(np.memmap(folder / "tokens.int32", "<i4", "r"), offsets)

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> "Store":
        """Holds rows in memory, such as a few new texts."""
        rows = [np.asarray(row, np.int32) for row in rows]
        offsets = np.cumsum([0, *(len(row) for row in rows)])
        return cls(np.concatenate([np.zeros(0, np.int32), *rows]), offsets)

    def __len__(self) -> int:
        return len(self.lengths)

    def rows(self, indices: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Returns the whole rows, each int32 [length]."""
        indices = np.asarray(indices, np.int64)
        starts = self._offsets[indices].tolist()
        ends = self._offsets[indices + 1].tolist()
        return [self._values[a:b] for a, b in zip(starts, ends, strict=True)]

    def padded(
        self, indices: Sequence[int] | np.ndarray, max_length: int
    ) -> np.ndarray:
        """Returns the beginnings of the rows, int32 [n, max_length], 0 behind them."""
        indices = np.asarray(indices, np.int64)
        matrix = np.zeros((len(indices), max_length), np.int32)
        starts = self._offsets[indices].tolist()
        lengths = np.minimum(self.lengths[indices], max_length).tolist()
        for row, start, length in zip(matrix, starts, lengths, strict=True):
            row[:length] = self._values[start : start + length]
        return matrix


def write(
    records: records_module.Records,
    encode: Callable[[list[str]], list[np.ndarray]],
    folder: str | os.PathLike,
    key: str = "",
) -> Store:
    """Encodes the texts of all splits, unless `folder` holds them already.

    Args:
      records: the texts. Those in no split get an empty row.
      encode: texts -> the token ids of each.
      folder: where to write; it appears whole or not at all.
      key: what the ids depend on besides the texts, such as the vocabulary's hash.
        A folder of another key or of other records is replaced.

    Returns:
      The store, with the records' indices.
    """
    folder = pathlib.Path(folder)
    meta = {"key": key, "records": records.fingerprint}
    meta_path = folder / "meta.json"
    if meta_path.exists():
        if json.loads(meta_path.read_text("utf-8")) == meta:
            return Store.open(folder)
        meta_path.unlink()  # from here on the folder is no store
        for name in ("tokens.int32", "offsets.npy"):
            (folder / name).unlink()
    with files.whole(folder) as partial:
        lengths = np.zeros(len(records) + 1, np.int64)
        with (partial / "tokens.int32").open("wb") as file:
            for indices, texts in _batches(records):
                for index, ids in zip(indices, encode(texts), strict=True):
                    file.write(np.asarray(ids, "<i4").tobytes())
                    lengths[index + 1] = len(ids)
        np.save(partial / "offsets.npy", np.cumsum(lengths))
        (partial / "meta.json").write_text(json.dumps(meta), "utf-8")
    return Store.open(folder)


def _batches(
    records: records_module.Records,
) -> Iterator[tuple[list[int], list[str]]]:
    """Yields indices and texts of all splits in the order of the files."""
    all_indices = np.sort(np.concatenate(list(records.splits.values())))
    indices, texts, characters = [], [], 0
    for start in range(0, len(all_indices), _BATCH_TEXTS):
        chunk = all_indices[start : start + _BATCH_TEXTS]
        for index, text in zip(chunk.tolist(), records.texts(chunk), strict=True):
            indices.append(index)
            texts.append(text)
            characters += len(text)
            if len(texts) == _BATCH_TEXTS or characters > _BATCH_CHARACTERS:
                yield indices, texts
                indices, texts, characters = [], [], 0
    if texts:
        yield indices, texts
