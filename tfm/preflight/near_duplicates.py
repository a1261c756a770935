"""Nearly the same texts by MinHash (Broder 1997) and locality-sensitive hashing.

Texts are compared by their sets of shingles, runs of three words. Two with a Jaccard
similarity s agree in a value of MinHash with probability s; pairs that agree in a whole
band of values are compared exactly, so that none is told that is not alike.

n texts, S shingles of all of them, H hash functions.
"""

import dataclasses
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm.data import splits

SIMILARITY = 0.8  # Jaccard, from which texts are nearly the same
_WORDS = 3  # of a shingle
_BANDS, _ROWS = 16, 4  # of a pair with similarity 0.8 it finds 99.98 %, of 0.4 a third
_CROWD = 50  # texts that agree in a band; of more, each is compared with so many


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two texts of different splits, by split and place, and how alike they are."""

    first: tuple[str, int]
    second: tuple[str, int]
    similarity: float  # Jaccard; 1.0: the same words in the same order


def between(texts: Mapping[str, Sequence[str]], least: float = SIMILARITY):
    """The texts of a later split that are alike to one of an earlier split.

    Args:
      texts: by split.
      least: the similarity from which on they are.

    Returns:
      For each such text the Pair with the likest other one that was found, the likest
      first.
    """
    places = [(name, i) for name, own in texts.items() for i in range(len(own))]
    numbers = np.repeat(np.arange(len(texts)), [len(own) for own in texts.values()])
    shingles = [_shingles(text) for own in texts.values() for text in own]
    if not shingles:
        return []
    best: dict[int, tuple[float, int]] = {}
    for i, j in _candidates(_signatures(shingles), numbers):
        first, second = (i, j) if numbers[i] < numbers[j] else (j, i)
        alike = similarity(shingles[first], shingles[second])
        if alike >= least:
            best[second] = max(best.get(second, (0.0, 0)), (alike, first))
    pairs = [Pair(places[i], places[j], alike) for j, (alike, i) in best.items()]
    return sorted(pairs, key=lambda pair: -pair.similarity)


def similarity(first: np.ndarray, second: np.ndarray) -> float:
    """The Jaccard similarity of two sets: the share of all that both have."""
    both = len(np.intersect1d(first, second, assume_unique=True))
    return both / (len(first) + len(second) - both)


def _shingles(text: str) -> np.ndarray:
    """Hashes of the runs of three words of a text, uint64, each once and at least one.

    They are the same within a process: Python salts hashes of texts.
    """
    words = text.casefold().split()
    hashes = np.fromiter(map(hash, words), np.int64, len(words)).view(np.uint64)
    if len(hashes) < _WORDS:
        hashes = np.append(hashes, np.zeros(_WORDS - len(hashes), np.uint64))
    count = len(hashes) - _WORDS + 1
    found = np.zeros(count, np.uint64)
    for place in range(_WORDS):
        found = splits.mix(found + hashes[place : place + count])
    return np.unique(found)


def _signatures(shingles: Sequence[np.ndarray]) -> np.ndarray:
    """The MinHash values of each text, uint64 [n, H]."""
    starts = np.cumsum([0, *map(len, shingles)])[:-1]
    flat_S = np.concatenate(shingles)
    salts_H = splits.mix(np.arange(_BANDS * _ROWS, dtype=np.uint64))
    found = [np.minimum.reduceat(splits.mix(flat_S ^ salt), starts) for salt in salts_H]
    return np.stack(found, axis=1)


def _candidates(
    signatures: np.ndarray, numbers: np.ndarray
) -> Iterator[tuple[int, int]]:
    """Pairs of texts of different splits that agree in a band, each once."""
    seen = set()
    for band in np.split(signatures, _BANDS, axis=1):
        keys = np.zeros(len(band), np.uint64)
        for column in band.T:
            keys = splits.mix(keys + column)
        order = np.argsort(keys, kind="stable")
        ends = np.flatnonzero(np.diff(keys[order])) + 1
        for group in np.split(order, ends):
            if len(group) < 2 or (numbers[group] == numbers[group[0]]).all():
                continue
            for i, j in _crossing(group.tolist(), numbers):
                if (i, j) not in seen:
                    seen.add((i, j))
                    yield i, j


def _crossing(group: list[int], numbers: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs of a group that are of different splits."""
    for place, i in enumerate(group):  # in the order of the splits
        others = (j for j in group[:place] if numbers[j] != numbers[i])
        for _, j in zip(range(_CROWD), others, strict=False):
            yield j, i
