"""Counts of n-grams in texts, by scikit-learn's vectorizers, hashed into buckets.

N texts, G buckets.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.feature_extraction import text as vectorizers

BUCKETS = 2**22  # of either kind: hashed n-grams need no vocabulary in memory
_WORD = r"(?u)\w+|[^\w\s]"


class NgramCounter:
    """Counts the n-grams of texts.

    Args:
      words: the fewest and most words of an n-gram, or empty.
      characters: likewise of characters within a word, with a space at either end.

    Attributes:
      size: G, buckets in all.
    """

    def __init__(self, words: Sequence[int], characters: Sequence[int]):
        self._words = _hashing(words, token_pattern=_WORD) if words else None
        self._characters = None
        if characters:
            self._characters = _hashing(characters, analyzer="char_wb")
        self.size = BUCKETS * (bool(words) + bool(characters))

    def __call__(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Counts float32 [N, G] of normalized texts."""
        found = []
        if self._words:
            found.append(self._words.transform(texts))
        if self._characters:
            found.append(self._of_characters(texts))
        return sparse.hstack(found, format="csr", dtype=np.float32)

    def _of_characters(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """The n-grams of each different word once, times the counts of the words."""
        try:
            counter = vectorizers.CountVectorizer(analyzer=str.split, dtype=np.float32)
            words_NW = counter.fit_transform(texts)
        except ValueError:  # there is no word at all
            return sparse.csr_matrix((len(texts), BUCKETS), dtype=np.float32)
        return words_NW @ self._characters.transform(counter.get_feature_names_out())


def _hashing(sizes: Sequence[int], **fields) -> vectorizers.HashingVectorizer:
    return vectorizers.HashingVectorizer(
        ngram_range=tuple(sizes),
        n_features=BUCKETS,
        alternate_sign=False,  # counts, so that those of one bucket add up
        norm=None,
        lowercase=False,  # the text was normalized
        dtype=np.float32,
        **fields,
    )
