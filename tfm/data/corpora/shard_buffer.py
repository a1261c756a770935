"""Shard buffers: files of cleaned texts on their way to the tokenizer, one a shard.

SPLIT-SLOT.text has the texts in UTF-8, one after the other; SPLIT-SLOT.index for each
text where it ends there, its origin, its sampling key and its place, four int64.
"""

import pathlib
import typing
from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np

_COLUMNS = 4


class Place(typing.NamedTuple):
    """Place of a text in the document that it is a part of, or the whole of."""

    begins: bool = True  # with it the document begins
    ends: bool = True  # and ends
    is_last: bool = True  # of its document, in this split


class Text(typing.NamedTuple):
    text: str
    origin: int
    key: int  # see documents.sample_keys
    place: Place = Place()


class Index(typing.NamedTuple):
    """Columns of n texts; the places are bool [n, 3]."""

    ends: np.ndarray  # in the file, int64 [n]
    origins: np.ndarray  # int64 [n]
    keys: np.ndarray  # uint64 [n]
    places: np.ndarray


class ShardBuffer:
    """The texts of one slot of a split."""

    def __init__(self, folder: pathlib.Path, split: str, slot: int):
        self.split = split
        self.slot = slot
        self.text = folder / f"{split}-{slot:08d}.text"
        self.index = self.text.with_suffix(".index")

    def read_index(self) -> Index:
        table = np.fromfile(self.index, "<i8").reshape(-1, _COLUMNS)
        ends, origins, keys, places = table.T
        places = (places[:, None] >> np.arange(3)) & 1
        return Index(ends, origins, keys.astype(np.uint64), places.astype(bool))

    def texts(self, wanted: np.ndarray | None = None) -> Iterator[str]:
        """Yields the texts, or those wanted, bool [n], from disk one by one."""
        ends = self.read_index().ends.tolist()
        wanted = [True] * len(ends) if wanted is None else wanted.tolist()
        start = 0
        with self.text.open("rb") as file:
            for end, wants in zip(ends, wanted, strict=True):
                if wants:
                    yield file.read(end - start).decode()
                else:
                    file.seek(end)
                start = end

    def remove(self) -> None:
        self.text.unlink(missing_ok=True)
        self.index.unlink(missing_ok=True)


class Writer:
    """Adds texts to a buffer, perhaps on from a size that it had.

    Args:
      buffer: where to.
      size: as `size` was then, to drop what came later.
    """

    def __init__(self, buffer: ShardBuffer, size: tuple[int, int] = (0, 0)):
        self.buffer = buffer
        self._end, self._count = size
        self._files = []
        ends = {buffer.text: size[0], buffer.index: size[1] * _COLUMNS * 8}
        for path, end in ends.items():
            file = path.open("ab")
            file.truncate(end)
            self._files.append(file)

    @property
    def size(self) -> tuple[int, int]:
        """Bytes and number of the texts."""
        return self._end, self._count

    def add(self, texts: Iterable[Text]) -> None:
        bodies, rows = [], []
        for text, origin, key, place in texts:
            body = text.encode()
            bodies.append(body)
            self._end += len(body)
            bits = sum(bit << i for i, bit in enumerate(place))
            rows.append((self._end, origin, np.uint64(key).view(np.int64), bits))
        table = np.array(rows, "<i8").reshape(-1, _COLUMNS)
        self._count += len(rows)
        self._files[0].write(b"".join(bodies))
        self._files[1].write(table.tobytes())

    def flush(self) -> None:
        for file in self._files:
            file.flush()

    def close(self) -> None:
        for file in self._files:
            file.close()
