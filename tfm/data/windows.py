"""Windows of a stream, made into examples. T tokens, N examples of a batch."""

import typing
from collections.abc import Mapping

import numpy as np

from tfm import errors
from tfm import interfaces


class Maker(typing.Protocol):
    """Makes an example of a window; an objective of tfm.tasks.

    Attributes:
      window: tokens that an example takes.
      stride: tokens from one window to the next, at most `window`.
      crosses: whether a window may hold the end of one document and the next ones.
      spec: {name: Spec} of an example.
    """

    window: int
    stride: int
    crosses: bool
    spec: Mapping[str, interfaces.Spec]

    def example(self, tokens_T, segments_T, rng, other) -> interfaces.Arrays: ...


class Windows:
    """The windows of a split as examples; see interfaces.Examples.

    Windows that cross documents follow each other through the line of all
    documents. In training, they begin at another token in each epoch, so that the
    cuts fall elsewhere; the few tokens before and after them are left out then. In
    evaluation nothing is left out, and the last window may be short. Windows that
    do not cross begin with each document and anew after every `stride` tokens; the
    last one of a document may be short.

    Args:
      stream: the split.
      maker: makes the examples.
      training: whether windows may move and leave a few tokens out.

    Raises:
      UserError: there is less than one window to train on.
    """

    def __init__(self, stream: interfaces.Stream, maker: Maker, training: bool):
        self._stream = stream
        self._maker = maker
        self._moves = training and maker.crosses
        self.spec = maker.spec
        self._length = int(stream.ends[-1]) if len(stream.ends) else 0
        window, stride = maker.window, maker.stride
        overlap = window - stride
        if maker.crosses:
            if training:
                self._size = (self._length - window - stride + 1) // stride + 1
            else:
                self._size = -(-(self._length - overlap) // stride)
        else:
            starts = np.append(0, stream.ends[:-1])
            lengths = np.maximum(stream.ends - starts - overlap, 0)
            self._ends = np.cumsum(-(-lengths // stride))  # windows up to a document's
            self._size = int(self._ends[-1]) if len(self._ends) else 0
        self._size = max(0, self._size)
        if training and not self._size:
            raise errors.UserError(
                "The train split must hold more tokens than a window or two. "
                f"Got {self._length:,} tokens, windows of {window:,}. "
                "Give more text or a smaller --inputs.max_length."
            )

    def __len__(self) -> int:
        return self._size

    def batch(
        self, places: np.ndarray, epochs: np.ndarray, seed: int
    ) -> dict[str, np.ndarray]:
        """The arrays of `spec`, and row: the document in which each window begins."""
        phases, starts, rows = {}, [], []
        for place, epoch in zip(places.tolist(), epochs.tolist(), strict=True):
            if epoch not in phases:
                phases[epoch] = self._phase(seed, epoch)
            rng = np.random.default_rng([seed % 2**64, epoch, place])
            start, stop = self._span(place, phases[epoch])
            starts.append(start)
            rows.append(
                self._maker.example(
                    self._stream.read(start, stop),
                    self._stream.segments(start, stop),
                    rng,
                    self._other,
                )
            )
        found = {
            name: np.array([row[name] for row in rows], spec.dtype).reshape(
                -1, *spec.shape
            )
            for name, spec in self.spec.items()
        }
        found["row"] = np.searchsorted(self._stream.ends, starts, "right")
        return found

    def _phase(self, seed: int, epoch: int) -> int:
        if not self._moves:
            return 0
        rng = np.random.default_rng([seed % 2**64, epoch])
        return int(rng.integers(self._maker.stride))

    def _span(self, place: int, phase: int) -> tuple[int, int]:
        """The beginning and the end of a window in the line."""
        window, stride = self._maker.window, self._maker.stride
        if self._maker.crosses:
            start = phase + place * stride
            return start, min(start + window, self._length)
        number = int(np.searchsorted(self._ends, place, "right"))
        first = self._ends[number - 1] if number else 0
        begin = self._stream.ends[number - 1] if number else 0
        start = int(begin + (place - first) * stride)
        return start, int(min(start + window, self._stream.ends[number]))

    def _other(self, rng: np.random.Generator) -> np.ndarray:
        """The tokens of a window of any document."""
        number = int(rng.integers(len(self._stream.ends)))
        begin = int(self._stream.ends[number - 1]) if number else 0
        end = int(self._stream.ends[number])
        start = begin + int(rng.integers(max(1, end - begin - self._maker.window)))
        return self._stream.read(start, min(start + self._maker.window, end))
