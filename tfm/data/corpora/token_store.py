"""One split of a prepared corpus: token ids by place, larger than memory."""

import functools
import hashlib
import pathlib
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np

from tfm import errors
from tfm import interfaces
from tfm.data.corpora import documents
from tfm.data.corpora import shards

_OPEN_SHARDS = 256  # that stay mapped, each takes a file handle or two


class TokenStore:
    """The documents of a split in one line of tokens; see interfaces.Stream.

    Attributes:
      name: of the split.
      num_tokens: of the line.
      num_documents: in it.
      num_bytes: of the text in UTF-8.
      skipped: documents of its source that were left out, by reason.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        entries: list[dict],
        dtype: np.dtype,
        files: pathlib.Path,
        decode: Callable[[list[np.ndarray]], list[str]],
        skipped: Mapping[str, int],
    ):
        """Opens a split.

        Args:
          folder: of its shards.
          entries: of the shards, in order, as the manifest has them.
          dtype: of the ids on disk.
          files: lists the source files, a line each.
          decode: ids of documents to their texts.
          skipped: as the attribute.

        Raises:
          UserError: a shard is missing or has another size.
        """
        self.name = folder.name
        self._folder = folder
        self._entries = entries
        self._dtype = dtype
        self._files_path = files
        self._decode = decode
        self.skipped = skipped
        self._first_tokens = np.cumsum([0, *(e["tokens"] for e in entries)])
        self._first_documents = np.cumsum([0, *(e["documents"] for e in entries)])
        self.num_tokens = int(self._first_tokens[-1])
        self.num_documents = int(self._first_documents[-1])
        self.num_bytes = sum(entry["bytes"] for entry in entries)
        self._check_sizes()
        self._shard_tokens = functools.lru_cache(_OPEN_SHARDS)(self._map_tokens)
        self._shard_ends = functools.lru_cache(_OPEN_SHARDS)(self._map_ends)

    @functools.cached_property
    def ends(self) -> np.ndarray:
        """The end of each document in the line, int64 [num_documents]; in memory."""
        found = np.empty(self.num_documents, np.int64)
        for shard, first in enumerate(self._first_tokens[:-1]):
            begin, end = self._first_documents[shard : shard + 2]
            found[begin:end] = np.load(self._paths(shard)[1])
            found[begin:end] += first
        return found

    @property
    def median_tokens(self) -> float:
        """The median length of a document; of more shards than stay mapped, of some."""
        step = -(-len(self._entries) // _OPEN_SHARDS)
        ends = map(self._shard_ends, range(0, len(self._entries), max(1, step)))
        lengths = [np.diff(of_shard, prepend=0) for of_shard in ends]
        return float(np.median(np.concatenate(lengths)))

    def __len__(self) -> int:
        return self.num_documents

    def take(self, indices: np.ndarray) -> dict[str, list[np.ndarray]]:
        """{"tokens": the ids of whole documents}."""
        return {"tokens": [self.document(int(i)) for i in indices]}

    def rows(self, indices: np.ndarray) -> list[interfaces.Row]:
        """The documents as their ids tell them: as the tokenizer normalizes them."""
        texts = self._decode(self.take(indices)["tokens"])
        return [{"text": text} for text in texts]

    def origins(self, indices: np.ndarray) -> list[str]:
        return [self.origin(int(i)) for i in indices]

    def read(self, start: int, stop: int) -> np.ndarray:
        """Returns the ids of a part of the line, int32 [stop - start]."""
        found = np.empty(stop - start, np.int32)
        for shard, a, b in self._parts(start, stop):
            first = self._first_tokens[shard]
            found[a - start : b - start] = self._shard_tokens(shard)[
                a - first : b - first
            ]
        return found

    def segments(self, start: int, stop: int) -> np.ndarray:
        """Returns which document each token is of, int32 [stop - start], from 1."""
        found = np.empty(stop - start, np.int32)
        for shard, a, b in self._parts(start, stop):
            first = self._first_tokens[shard]
            places = np.arange(a - first, b - first)
            numbers = np.searchsorted(self._shard_ends(shard), places, "right")
            found[a - start : b - start] = numbers + self._first_documents[shard]
            if a == start:
                found_first = found[0]
        if stop > start:
            found -= found_first - 1
        return found

    def document(self, index: int) -> np.ndarray:
        """Returns the ids of a document, int32 [length]."""
        shard, within = self._find(index)
        ends = self._shard_ends(shard)
        first = int(self._first_tokens[shard])
        begin = int(ends[within - 1]) if within else 0
        return self.read(first + begin, first + int(ends[within]))

    def origin(self, index: int) -> str:
        """FILE:LINE of a document."""
        shard, within = self._find(index)
        origins = np.load(self._paths(shard)[2], mmap_mode="r")
        return documents.show_origin(int(origins[within]), self._files)

    def verify(self) -> None:
        """Reads all shards and compares their checksums.

        Raises:
          UserError: a file has changed.
        """
        for shard, entry in enumerate(self._entries):
            for path in self._paths(shard):
                with path.open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
                if found != entry["sha256"][path.name]:
                    raise errors.UserError(
                        f"{path} is damaged: its checksum is not the manifest's. "
                        f"Delete {self._folder.parent} and prepare it anew."
                    )

    def _check_sizes(self) -> None:
        for shard, entry in enumerate(self._entries):
            path = self._paths(shard)[0]
            size = path.stat().st_size if path.exists() else -1
            if size != entry["tokens"] * self._dtype.itemsize:
                what = "is missing" if size < 0 else f"has {size:,} bytes"
                raise errors.UserError(
                    f"{path} {what}; it should have "
                    f"{entry['tokens'] * self._dtype.itemsize:,} bytes. "
                    f"Delete {self._folder.parent} and prepare it anew."
                )

    def _find(self, document: int) -> tuple[int, int]:
        """The shard of a document, and its number there."""
        if not 0 <= document < self.num_documents:
            raise IndexError(f"There are {self.num_documents} documents: {document}.")
        shard = int(np.searchsorted(self._first_documents, document, "right")) - 1
        return shard, document - int(self._first_documents[shard])

    def _parts(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Yields the shards of a part of the line, and where it lies in each."""
        if not 0 <= start <= stop <= self.num_tokens:
            raise IndexError(f"There are {self.num_tokens} tokens: {start} to {stop}.")
        shard = int(np.searchsorted(self._first_tokens, start, "right")) - 1
        while start < stop:
            end = min(stop, int(self._first_tokens[shard + 1]))
            if end > start:
                yield shard, start, end
            start = end
            shard += 1

    def _paths(self, shard: int) -> tuple[pathlib.Path, ...]:
        return shards.paths(self._folder, self._entries[shard]["number"])

    def _map_tokens(self, shard: int) -> np.ndarray:
        return np.memmap(self._paths(shard)[0], self._dtype, "r")

    def _map_ends(self, shard: int) -> np.ndarray:
        return np.load(self._paths(shard)[1], mmap_mode="r")

    @functools.cached_property
    def _files(self) -> list[str]:
        return self._files_path.read_text("utf-8").splitlines()
