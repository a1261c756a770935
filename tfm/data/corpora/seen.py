"""A set of hashes that takes 8 bytes for each."""

import numpy as np


class Seen:
    """Hashes that were there before.

    They lie in sorted runs, each more than twice as long as the next one.
    """

    def __init__(self, hashes: np.ndarray | None = None):
        """Args: hashes: uint64 [n], what it holds from the start."""
        self._runs = []
        if hashes is not None and len(hashes):
            self._runs.append(np.sort(hashes))

    def holds(self, hashes: np.ndarray) -> np.ndarray:
        """Returns whether each hash was there before, bool [n]."""
        found = np.zeros(len(hashes), bool)
        for run in self._runs:
            places = np.searchsorted(run, hashes)
            found |= run[np.minimum(places, len(run) - 1)] == hashes
        return found

    def add(self, hashes: np.ndarray) -> np.ndarray:
        """Adds hashes; returns which were new, each for the first time, bool [n]."""
        distinct, first = np.unique(hashes, return_index=True)
        new = np.zeros(len(hashes), bool)
        new[first] = ~self.holds(distinct)
        run = np.sort(hashes[new])
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            # two sorted runs: the stable sort merges them
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        if len(run):
            self._runs.append(run)
        return new
