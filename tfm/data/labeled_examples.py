"""Rows of token ids with their labels, as examples. T tokens, C classes."""

import typing
from collections.abc import Callable

import numpy as np


class Rows(typing.Protocol):
    """Rows of token ids by index: `store.Store`, or anything like it."""

    def rows(self, indices: np.ndarray) -> list[np.ndarray]: ...
    def padded(self, indices: np.ndarray, max_length: int) -> np.ndarray: ...


Labels = Callable[[np.ndarray], np.ndarray]  # indices -> int32 [n] or float32 [n, C]
Augmenter = Callable[[np.ndarray, int, int, int], np.ndarray]  # row, seed, epoch, index


class LabeledExamples:
    """The texts of a split; see batches.Examples.

    Args:
      store: the token ids.
      labels: the labels of indices, such as `records.labels`; None: no labels.
      indices: of the examples, such as `records.splits["train"]`.
      max_length: T, tokens; longer rows are cut, shorter ones padded with 0.
      augment: changes the rows, such as `Augment(...).build(...)`.

    Attributes:
      spec: tokens int32 [T], and label int32 [] or float32 [C].
    """

    def __init__(
        self,
        store: Rows,
        labels: Labels | None,
        indices: np.ndarray,
        max_length: int,
        augment: Augmenter | None = None,
    ):
        self._store = store
        self._labels = labels
        self._indices = np.asarray(indices, np.int64)
        self._max_length = max_length
        self._augment = augment
        self.spec = {"tokens": (np.dtype(np.int32), (max_length,))}
        if labels:
            none = labels(self._indices[:0])
            self.spec["label"] = (none.dtype, none.shape[1:])

    def __len__(self) -> int:
        return len(self._indices)

    def batch(
        self, places: np.ndarray, epochs: np.ndarray, seed: int
    ) -> dict[str, np.ndarray]:
        indices = self._indices[places]
        found = {"tokens": self._tokens(indices, epochs, seed)}
        if self._labels:
            found["label"] = self._labels(indices)
        return found

    def _tokens(self, indices, epochs, seed: int) -> np.ndarray:
        if not self._augment:
            return self._store.padded(indices, self._max_length)
        tokens_NT = np.zeros((len(indices), self._max_length), np.int32)
        changed = zip(
            tokens_NT,
            self._store.rows(indices),
            epochs.tolist(),
            indices.tolist(),
            strict=True,
        )
        for tokens_T, row, epoch, index in changed:
            cut = self._augment(row[: self._max_length], seed, epoch, index)
            tokens_T[: len(cut)] = cut
        return tokens_NT
