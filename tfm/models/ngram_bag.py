"""Bag of n-grams: the weighted sum of their vectors (fastText).

B batch, K n-grams of a text, D width.
"""

import dataclasses
from collections.abc import Mapping

from tfm import interfaces
from tfm import validation


@dataclasses.dataclass(frozen=True)
class NgramBag:
    """A vector for each n-gram, summed by TF-IDF weights (Joulin et al. 2017).

    With the task's linear layer on top it is as good as a linear support vector machine
    over TF-IDF or better, and trains in seconds.
    Source: arXiv:1607.01759; Wang and Manning 2012, "Baselines and Bigrams".
    """

    width: int = 16  # entries of an n-gram's vector
    dropout: float = 0.3  # share of the sum's entries dropped
    hidden: int = 0  # width of a hidden layer on top; 0: none

    reads, optional = frozenset({"ngrams", "weights"}), frozenset()
    gives = frozenset({"pooled"})

    def __post_init__(self):
        validation.at_least(self, 1, "width")
        validation.at_least(self, 0, "hidden")
        validation.fraction(self, "dropout")

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"ngrams": [B, K], "weights": [B, K]} -> {"pooled": [B, D]}.

        Args:
          specs: of both; ids are below the size of "ngrams", 0 is padding.

        Returns:
          a keras.Model with the output "pooled" [B, D], or [B, hidden].
        """
        import keras

        ngrams, weights = specs["ngrams"], specs["weights"]
        ngrams_BK = keras.Input(ngrams.shape, dtype=ngrams.dtype, name="ngrams")
        weights_BK = keras.Input(weights.shape, dtype=weights.dtype, name="weights")
        vectors_BKD = keras.layers.Embedding(
            ngrams.size,
            self.width,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=0.1),
            name="embedding",
        )(ngrams_BK)
        weights_BK1 = keras.ops.cast(weights_BK, vectors_BKD.dtype)[..., None]
        x_BD = keras.ops.sum(vectors_BKD * weights_BK1, axis=1)
        x_BD = keras.layers.Dropout(self.dropout, name="dropout")(x_BD)
        if self.hidden:
            x_BD = keras.layers.Dense(self.hidden, "relu", name="hidden")(x_BD)
        inputs = {"ngrams": ngrams_BK, "weights": weights_BK}
        return keras.Model(inputs, {"pooled": x_BD}, name="ngram_bag_model")
