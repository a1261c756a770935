"""N-grams of words and characters, weighted by TF-IDF."""

from tfm.inputs.ngrams.config import Ngrams as Ngrams
