"""Windows of a token store, made into examples by an objective. T tokens."""

import typing

import numpy as np

from tfm import errors


class Tokens(typing.Protocol):
    """A split of a token store: `token_store.TokenStore`, or anything like it."""

    num_tokens: int
    num_documents: int
    ends: np.ndarray  # int64 [num_documents], where each document ends in the stream

    def tokens(self, start: int, stop: int) -> np.ndarray: ...
    def segments(self, start: int, stop: int) -> np.ndarray: ...


class Objective(typing.Protocol):
    """What makes an example of a window; an objective of tfm.tasks.

    Attributes:
      window: tokens that an example takes.
      stride: tokens from one window to the next, at most `window`.
      crosses: whether a window may hold the end of one document and the next ones.
      spec: {name: (dtype, shape)} of an example.
    """

    window: int
    stride: int
    crosses: bool
    spec: dict[str, tuple[np.dtype, tuple[int, ...]]]

    def example(self, tokens_T, segments_T, rng, other) -> dict[str, np.ndarray]: ...


class Windows:
    """The windows of a split as examples; see batches.Examples.

    Windows that cross documents follow each other through the stream of all
    documents. In training, they begin at another token in each epoch, so that the
    cuts fall elsewhere; the few tokens before and after them are left out then. In
    evaluation nothing is left out, and the last window may be short. Windows that
    do not cross begin with each document and anew after every `stride` tokens; the
    last one of a document may be short.

    Args:
      store: the split.
      objective: what makes the examples.
      training: whether windows may move and leave a few tokens out.
      name: of the split, for errors.

    Raises:
      UserError: there is less than one window to train on.
    """

    def __init__(
        self, store: Tokens, objective: Objective, training: bool, name: str = "train"
    ):
        self._store = store
        self._objective = objective
        self._moves = training and objective.crosses
        self.spec = objective.spec
        window, stride = objective.window, objective.stride
        overlap = window - stride
        if objective.crosses:
            if training:
                self._size = (store.num_tokens - window - stride + 1) // stride + 1
            else:
                self._size = -(-(store.num_tokens - overlap) // stride)
        else:
            starts = np.append(0, store.ends[:-1])
            lengths = np.maximum(store.ends - starts - overlap, 0)
            self._ends = np.cumsum(-(-lengths // stride))  # windows up to a document's
            self._size = int(self._ends[-1]) if len(self._ends) else 0
        self._size = max(0, self._size)
        if training and not self._size:
            raise errors.UserError(
                f"The {name} split must hold more tokens than a window or two. "
                f"Got {store.num_tokens:,} tokens, windows of {window:,}. "
                "Give more text or a smaller --tokens.max_length."
            )

    def __len__(self) -> int:
        return self._size

    def batch(
        self, places: np.ndarray, epochs: np.ndarray, seed: int
    ) -> dict[str, np.ndarray]:
        phases = {}
        rows = []
        for place, epoch in zip(places.tolist(), epochs.tolist(), strict=True):
            if epoch not in phases:
                phases[epoch] = self._phase(seed, epoch)
            rng = np.random.default_rng([seed % 2**64, epoch, place])
            start, stop = self._span(place, phases[epoch])
            rows.append(
                self._objective.example(
                    self._store.tokens(start, stop),
                    self._store.segments(start, stop),
                    rng,
                    self._other,
                )
            )
        return {
            name: np.array([row[name] for row in rows], dtype).reshape(-1, *shape)
            for name, (dtype, shape) in self.spec.items()
        }

    def document(self, place: int, epoch: int, seed: int) -> int:
        """The number of the document in which a window begins."""
        start, _ = self._span(place, self._phase(seed, epoch))
        return int(np.searchsorted(self._store.ends, start, "right"))

    def _phase(self, seed: int, epoch: int) -> int:
        if not self._moves:
            return 0
        rng = np.random.default_rng([seed % 2**64, epoch])
        return int(rng.integers(self._objective.stride))

    def _span(self, place: int, phase: int) -> tuple[int, int]:
        """Where a window begins and ends in the stream."""
        window, stride = self._objective.window, self._objective.stride
        if self._objective.crosses:
            start = phase + place * stride
            return start, min(start + window, self._store.num_tokens)
        number = int(np.searchsorted(self._ends, place, "right"))
        first = self._ends[number - 1] if number else 0
        begin = self._store.ends[number - 1] if number else 0
        start = int(begin + (place - first) * stride)
        return start, int(min(start + window, self._store.ends[number]))

    def _other(self, rng: np.random.Generator) -> np.ndarray:
        """The tokens of a window of any document."""
        number = int(rng.integers(self._store.num_documents))
        begin = int(self._store.ends[number - 1]) if number else 0
        end = int(self._store.ends[number])
        start = begin + int(rng.integers(max(1, end - begin - self._objective.window)))
        return self._store.tokens(start, min(start + self._objective.window, end))
