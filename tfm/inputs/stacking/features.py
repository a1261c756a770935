"""Features of texts for each part of a stack: n-grams and sentence vectors.

N texts, V features.
"""

import json
import pathlib
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from tfm.inputs.ngrams import config as ngrams
from tfm.inputs.ngrams import preprocessor as ngram_preprocessor
from tfm.inputs.sentence_vectors import config as sentence_vectors
from tfm.inputs.stacking import settings

_NGRAMS, _VECTORS = "ngrams", "vectors"  # folders
_WEIGHTS = 25_000_000  # of a part at the most: fewer n-grams where classes are many


class Features:
    """Texts to the features of each part, in the order of config.parts.

    Args:
      config: an inputs.Stacked.
      grams: an NgramPreprocessor, or None where no part has n-grams.
      vectors: a VectorPreprocessor, or None where no part has vectors.
    """

    def __init__(self, config: settings.StackingSettings, grams, vectors):
        self._config, self._grams, self._vectors = config, grams, vectors

    def __call__(
        self, texts: Sequence[str]
    ) -> Iterator[sparse.csr_matrix | np.ndarray]:
        """Yields float32 [N, V] of each part."""
        tfidf_NV = self._grams.tfidf(texts) if self._grams else None
        for part in self._config.parts:
            if part == "vectors":
                yield self._vectors.vectors(texts)
            else:
                yield of_part(tfidf_NV, part, self._grams)

    def counts(self, texts: Sequence[str]) -> np.ndarray | None:
        """Counts of each text, text.measures.FIELDS [N]; None without vectors."""
        return self._vectors.counts(texts) if self._vectors else None

    def save(self, folder: pathlib.Path) -> None:
        """Writes n-grams and encoder to folders of their own."""
        for name, made in ((_NGRAMS, self._grams), (_VECTORS, self._vectors)):
            if made:
                (folder / name).mkdir()
                made.save(folder / name)


def fit(
    config: settings.StackingSettings, texts: Sequence[str], num_classes: int
) -> Features:
    """Learns the n-grams of texts, and loads the preset."""
    grams = vectors = None
    if _has_grams(config):
        most = min(config.max_features, max(1000, _WEIGHTS // num_classes))
        grams = _ngrams(config, most).fit({"text": text} for text in texts)
    if config.preset:
        vectors = _sentence_vectors(config).fit()
    return Features(config, grams, vectors)


def load(config: settings.StackingSettings, folder: pathlib.Path) -> Features:
    """The features that were saved in a folder."""
    grams = vectors = None
    if _has_grams(config):
        path = folder / _NGRAMS / ngram_preprocessor.FIELDS
        most = json.loads(path.read_text("utf-8"))["max_features"]
        grams = _ngrams(config, most).load(folder / _NGRAMS)
    if config.preset:
        vectors = _sentence_vectors(config).load(folder / _VECTORS)
    return Features(config, grams, vectors)


def _has_grams(config: settings.StackingSettings) -> bool:
    return {*config.parts} != {"vectors"}


def _ngrams(config: settings.StackingSettings, most: int) -> ngrams.Ngrams:
    return ngrams.Ngrams(
        words=config.words,
        characters=config.characters,
        max_features=most,
        lowercase=config.lowercase,
        strip_html=config.strip_html,
    )


def _sentence_vectors(config: settings.StackingSettings):
    return sentence_vectors.SentenceVectors(
        preset=config.preset,
        max_length=config.max_length,
        strip_html=config.strip_html,
    )


def of_part(tfidf_NV: sparse.csr_matrix, part: str, grams) -> sparse.csr_matrix:
    """The n-grams of a part; those of words are of length 1, as those of characters.

    Args:
      tfidf_NV: of an NgramPreprocessor.
      part: "words", "characters", or "ngrams" for both.
      grams: the NgramPreprocessor.
    """
    own_NV = tfidf_NV.copy()
    row_of = np.repeat(np.arange(own_NV.shape[0]), np.diff(own_NV.indptr))
    is_word = grams.are_words[own_NV.indices]
    for kind, kept in (("words", is_word), ("characters", ~is_word)):
        if part in ("ngrams", kind):
            squares = own_NV.data[kept].astype(np.float64) ** 2
            squares_N = np.bincount(row_of[kept], squares, own_NV.shape[0])
            own_NV.data[kept] /= np.sqrt(squares_N[row_of[kept]])
        else:
            own_NV.data[kept] = 0
    own_NV.eliminate_zeros()
    return own_NV
