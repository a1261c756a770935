"""Windows of a stream, made into examples. T tokens, N examples of a batch."""

import typing
from collections.abc import Mapping

import numpy as np

from tfm import interfaces
from tfm.data import spans


class Maker(typing.Protocol):
    """Makes an example of a window; an objective of tfm.tasks.

    Attributes:
      window: tokens of a window.
      context: tokens before the window that its example is given too, 0 or 1.
      documents: what a window holds: packed, several documents that do not see each
        other; joined, the same as one text; separate, a part of one document.
      spec: {name: Spec} of an example.
    """

    window: int
    context: int
    documents: str
    spec: Mapping[str, interfaces.Spec]

    def example(self, tokens_T, segments_T, rng, other) -> interfaces.Arrays: ...


class Windows:
    """The windows of a split as examples; see interfaces.Examples.

    In training, windows of several documents lie beside each other in the line of all
    documents. They begin at another token in each epoch, so that the cuts fall
    elsewhere, and the last one goes on with the beginning of the line: each token is
    in one window. Windows of single documents begin with each, and anew after
    `window` tokens; the last one of a document may be short.

    In evaluation windows do not move. Packed documents that fit into a window are not
    cut, so that each token has the context that it has in windows of single documents.

    Args:
      stream: the split.
      maker: makes the examples.
      training: whether the windows move.
      stride: of evaluation. Given, there are the windows of a second layout too, as
        many tokens apart, and two arrays more: is_plain, float32 [N], 1 for windows of
        the first layout, and first, int32 [N], the place from which on the second one
        counts a window's tokens, which the windows before do not hold.
    """

    def __init__(
        self,
        stream: interfaces.Stream,
        maker: Maker,
        training: bool,
        stride: int | None = None,
    ):
        self._stream = stream
        self._maker = maker
        self._moves = training and maker.documents != "separate"
        self.spec = dict(maker.spec)
        self._length = int(stream.ends[-1]) if len(stream.ends) else 0
        self._layout = self._laid_out(maker.window)
        self._both = None
        if stride is not None:
            self._both = spans.Both(self._layout, self._laid_out(stride))
            self._layout = self._both
            self.spec["is_plain"] = interfaces.Spec((), "float32")
            self.spec["first"] = interfaces.Spec((), "int32")

    def _laid_out(self, stride: int) -> spans.Layout:
        window, ends = self._maker.window, np.asarray(self._stream.ends, np.int64)
        if self._moves:
            return spans.Moving(self._length, window)
        if self._maker.documents == "packed":
            return spans.WholeDocuments(ends, window, stride)
        if self._maker.documents == "joined":
            ends = ends[-1:]
        return spans.OfEach(ends, window, stride)

    def __len__(self) -> int:
        return len(self._layout)

    def batch(
        self, places: np.ndarray, epochs: np.ndarray, seed: int
    ) -> dict[str, np.ndarray]:
        """The arrays of `spec`, and row: the document in which each window begins."""
        phases = {epoch: self._phase(seed, epoch) for epoch in np.unique(epochs)}
        phases = np.array([phases[epoch] for epoch in epochs], np.int64)
        found = self._layout.spans(places, phases)
        rows = []
        for place, epoch, start, stop in zip(
            places.tolist(), epochs.tolist(), found.starts, found.stops, strict=True
        ):
            rng = np.random.default_rng([seed % 2**64, epoch, place])
            window = self._read(int(start) - self._maker.context, int(stop))
            rows.append(dict(self._maker.example(*window, rng, self._other)))
        if self._both:
            firsts = found.firsts - found.starts
            for row, place, first in zip(rows, places, firsts, strict=True):
                row |= {"is_plain": self._both.in_first[place], "first": first}
        arrays = {
            name: np.array([row[name] for row in rows], spec.dtype).reshape(
                -1, *spec.shape
            )
            for name, spec in self.spec.items()
        }
        begins = found.starts % max(self._length, 1)
        arrays["row"] = np.searchsorted(self._stream.ends, begins, "right")
        return arrays

    def _phase(self, seed: int, epoch: int) -> int:
        if not self._moves or len(self._layout) < 2:
            return 0
        rng = np.random.default_rng([seed % 2**64, int(epoch)])
        return int(rng.integers(self._maker.window))

    def _read(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Tokens and segments of a part of the line, which may go on at its beginning.

        What comes before the line is of no document: token and segment 0.
        """
        parts = []
        if start < 0:
            parts.append((np.zeros(1, np.int32), np.zeros(1, np.int32)))
        for a, b in (
            (max(start, 0), min(stop, self._length)),
            (max(start - self._length, 0), stop - self._length),
        ):
            if a < b:
                number = parts[-1][1][-1] if parts else 0
                segments = self._stream.segments(a, b) + number
                parts.append((self._stream.read(a, b), segments))
        if not parts:
            return np.zeros(0, np.int32), np.zeros(0, np.int32)
        tokens, segments = zip(*parts, strict=True)
        return np.concatenate(tokens), np.concatenate(segments)

    def _other(self, rng: np.random.Generator) -> np.ndarray:
        """The tokens of a window of any document."""
        number = int(rng.integers(len(self._stream.ends)))
        begin = int(self._stream.ends[number - 1]) if number else 0
        end = int(self._stream.ends[number])
        start = begin + int(rng.integers(max(1, end - begin - self._maker.window)))
        return self._stream.read(start, min(start + self._maker.window, end))
