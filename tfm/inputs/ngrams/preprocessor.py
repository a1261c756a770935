"""Preprocessor of n-grams: texts to ids and TF-IDF weights."""

import dataclasses
import itertools
import json
import pathlib
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from tfm import errors
from tfm import interfaces
from tfm.inputs import saved_fields
from tfm.inputs.ngrams import counts
from tfm.inputs.ngrams import settings
from tfm.inputs.text import normalization

FIELDS = "ngrams.json"  # the fields that decide what an id means
ARRAYS = "ngrams.npz"
_TEXTS = 512  # counted at a time
_FREE = ("max_ngrams",)  # fields that do not decide what an id means


class NgramPreprocessor:
    """Texts to ids of n-grams and their weights; see interfaces.Preprocessor.

    Args:
      config: an inputs.Ngrams.
      buckets: of the known n-grams, int64 [V], ascending.
      idf: their inverse document frequency, float32 [V].

    Attributes:
      stored: ngrams int32 [K], ids from 1, ascending; weights float32 [K].
      specs: the same.
    """

    def __init__(
        self, config: settings.NgramSettings, buckets: np.ndarray, idf: np.ndarray
    ):
        self.config = config
        self._buckets, self._idf = buckets, idf
        self._counter = counts.NgramCounter(config.words, config.characters)
        shape = (config.max_ngrams,)
        self.stored = {
            "ngrams": interfaces.Spec(shape, "int32", len(buckets) + 1),
            "weights": interfaces.Spec(shape, "float32"),
        }
        self.specs = self.stored

    @property
    def are_words(self) -> np.ndarray:
        """Whether each n-gram is one of words, bool [V]; else it is of characters."""
        if not self.config.words:
            return np.zeros(len(self._buckets), bool)
        return self._buckets < counts.BUCKETS

    def encode(self, rows: Sequence[interfaces.Row]) -> dict[str, list[np.ndarray]]:
        """{"ngrams": ids, "weights": of length 1} of each row's text, K at the most."""
        ids, weights = [], []
        for start in range(0, len(rows), _TEXTS):
            texts = [row["text"] for row in rows[start : start + _TEXTS]]
            tfidf_NV = self.tfidf(texts)
            for begin, end in itertools.pairwise(tfidf_NV.indptr):
                found = tfidf_NV.indices[begin:end], tfidf_NV.data[begin:end]
                row_ids, row_weights = _heaviest(*found, self.config.max_ngrams)
                ids.append(row_ids + 1)
                weights.append(row_weights)
        return {"ngrams": ids, "weights": weights}

    def tfidf(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """The TF-IDF of texts, float32 [N, V], rows of length 1."""
        counts_NG = self._counter(normalized(texts, self.config))
        tfidf_NV = counts_NG[:, self._buckets].tocsr()
        tfidf_NV.sort_indices()
        tfidf_NV.data = (1 + np.log(tfidf_NV.data)) * self._idf[tfidf_NV.indices]
        squares_N = np.asarray(tfidf_NV.multiply(tfidf_NV).sum(axis=1)).ravel()
        scale_N = 1 / np.sqrt(np.maximum(squares_N, 1e-12))
        tfidf_NV.data *= np.repeat(scale_N, np.diff(tfidf_NV.indptr))
        return tfidf_NV.astype(np.float32)

    def graph(self) -> Callable[[Mapping, object], Mapping]:
        """(arrays, seeds) -> the same arrays: nothing is augmented."""
        return lambda stored, seeds: dict(stored)

    def save(self, folder: pathlib.Path) -> None:
        """Writes the fields, the buckets and their frequencies."""
        body = json.dumps(_deciding(self.config), indent=1)
        (folder / FIELDS).write_text(body + "\n", encoding="utf-8")
        np.savez(folder / ARRAYS, buckets=self._buckets, idf=self._idf)


def fit(config: settings.NgramSettings, texts: Iterable[str]) -> NgramPreprocessor:
    """Learns which n-grams there are, and in how many texts each is.

    Raises:
      UserError: there is no text.
    """
    counter = counts.NgramCounter(config.words, config.characters)
    frequency_G = np.zeros(counter.size, np.int32)
    total = 0
    texts = iter(texts)
    while chunk := list(itertools.islice(texts, _TEXTS)):
        total += len(chunk)
        found = counter(normalized(chunk, config))
        found.sum_duplicates()
        frequency_G += np.bincount(found.indices, minlength=counter.size)
    known = np.flatnonzero(frequency_G >= config.min_count)
    if not len(known):  # of a handful of texts
        known = np.flatnonzero(frequency_G)
    if not len(known):
        raise errors.UserError("inputs.Ngrams found no n-gram: there is no text.")
    most = np.argsort(-frequency_G[known], kind="stable")[: config.max_features]
    buckets = np.sort(known[most])
    # smoothed, as scikit-learn's TfidfTransformer has it
    idf = np.log((1 + total) / (1 + frequency_G[buckets])) + 1
    return NgramPreprocessor(config, buckets, idf.astype(np.float32))


def load(config: settings.NgramSettings, folder: pathlib.Path) -> NgramPreprocessor:
    """The preprocessor that was saved in a folder, as `config` wants it."""
    path = folder / FIELDS
    if not path.is_file():
        raise errors.UserError(f"{folder} holds no n-grams ({FIELDS}).")
    saved = json.loads(path.read_text(encoding="utf-8"))
    saved_fields.check_same(_deciding(config), saved, folder, "n-grams")
    arrays = np.load(folder / ARRAYS)
    return NgramPreprocessor(config, arrays["buckets"], arrays["idf"])


def normalized(texts: Sequence[str], config: settings.NgramSettings) -> list[str]:
    """The texts as n-grams are counted in them."""
    return [normalization.normalize(text, config) for text in texts]


def _heaviest(ids: np.ndarray, weights: np.ndarray, most: int):
    """The ids of the highest weights, ascending, and these, of length 1."""
    if len(ids) > most:
        kept = np.sort(np.argpartition(-weights, most)[:most])
        ids, weights = ids[kept], weights[kept]
        weights = weights / np.linalg.norm(weights)
    return ids.astype(np.int32), weights


def _deciding(config: settings.NgramSettings) -> dict:
    fields = dataclasses.asdict(config)
    return {name: value for name, value in fields.items() if name not in _FREE}
