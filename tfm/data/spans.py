"""Spans of windows in a line of documents. N windows.

A window that overlaps the one before counts only what that one does not hold, from its
`first` on: each token of the line counts once, whatever the stride.
"""

import typing
from typing import Protocol

import numpy as np


class Spans(typing.NamedTuple):
    """The parts of the line that windows hold, and where what counts begins; int64."""

    starts: np.ndarray
    stops: np.ndarray
    firsts: np.ndarray


class Layout(Protocol):
    def __len__(self) -> int: ...

    def spans(self, places: np.ndarray, phases: np.ndarray) -> Spans:
        """Of the windows with these numbers, from 0 to len - 1.

        Args:
          places: int64 [n].
          phases: int64 [n]: by how much windows that move have moved.
        """


class Moving:
    """Windows that lie beside each other, and begin anywhere in the first one.

    The last one goes on with the beginning of the line: a stop may be beyond its
    end. So every token is in one window, wherever they begin.
    """

    def __init__(self, length: int, window: int):
        self._length, self._window = length, window

    def __len__(self) -> int:
        return -(-self._length // self._window)

    def spans(self, places: np.ndarray, phases: np.ndarray) -> Spans:
        starts = phases + places * self._window
        stops = np.minimum(starts + self._window, phases + self._length)
        return Spans(starts, stops, starts)


class OfEach:
    """Windows of each document by itself, from its beginning on.

    Args:
      ends: of the documents, int64.
      window: tokens of one; the last ones of a document may have fewer.
      stride: tokens from one to the next, at most `window`.
    """

    def __init__(self, ends: np.ndarray, window: int, stride: int):
        self._doc_ends, self._window, self._stride = ends, window, stride
        lengths = np.diff(ends, prepend=0)
        numbers = 1 + np.maximum(-(-(lengths - window) // stride), 0)
        self._ends = np.cumsum(np.where(lengths, numbers, 0))  # windows up to its end

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def spans(self, places: np.ndarray, phases: np.ndarray) -> Spans:
        numbers = np.searchsorted(self._ends, places, "right")
        before = np.maximum(numbers - 1, 0)
        within = places - np.where(numbers, self._ends[before], 0)
        begins = np.where(numbers, self._doc_ends[before], 0)
        starts = begins + within * self._stride
        stops = np.minimum(starts + self._window, self._doc_ends[numbers])
        firsts = starts + np.where(within, self._window - self._stride, 0)
        return Spans(starts, stops, firsts)


class WholeDocuments:
    """Windows of several documents, none of which is cut if it fits into a window.

    A longer one has its windows as OfEach has them, and shares its last one. So a
    token has the same context before it, in its document, as there.

    Args:
      ends, window, stride: as of OfEach.
    """

    def __init__(self, ends: np.ndarray, window: int, stride: int):
        length = int(ends[-1]) if len(ends) else 0
        found = []
        start = first = 0
        while first < length:
            last = np.searchsorted(ends, start + window, "right") - 1
            if last >= 0 and ends[last] > first:  # documents end in it
                stop = int(ends[last])
                found.append((start, stop, first))
                start = first = stop
            else:
                stop = start + window
                found.append((start, stop, first))
                start, first = start + stride, stop
        self._spans = np.array(found, np.int64).reshape(-1, 3)

    def __len__(self) -> int:
        return len(self._spans)

    def spans(self, places: np.ndarray, phases: np.ndarray) -> Spans:
        return Spans(*self._spans[places].T)


class Both:
    """The windows of two layouts; one that is in both is there once.

    Attributes:
      in_first: whether each is in the first layout, bool [N].
      in_second: in the second, whose `firsts` its spans have.
    """

    def __init__(self, first: Layout, second: Layout):
        parts = [_every(layout) for layout in (first, second)]
        places = np.concatenate([np.stack(part[:2], axis=1) for part in parts])
        distinct, numbers = np.unique(places, axis=0, return_inverse=True)
        numbers = numbers.reshape(-1)
        self._starts, self._stops = distinct.T
        self._firsts = self._stops.copy()
        self._firsts[numbers[len(first) :]] = parts[1].firsts
        self.in_first = np.zeros(len(distinct), bool)
        self.in_first[numbers[: len(first)]] = True

    def __len__(self) -> int:
        return len(self._starts)

    def spans(self, places: np.ndarray, phases: np.ndarray) -> Spans:
        return Spans(*(a[places] for a in (self._starts, self._stops, self._firsts)))


def _every(layout: Layout) -> Spans:
    places = np.arange(len(layout))
    return layout.spans(places, np.zeros_like(places))
