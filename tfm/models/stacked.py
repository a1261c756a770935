"""Stacked classifiers: a weight for each part's scores.

B batch, P parts, C classes.
"""

import dataclasses
from collections.abc import Mapping

from tfm import interfaces


@dataclasses.dataclass(frozen=True)
class Stacked:
    """The weighted sum of the scores of inputs.Stacked's parts (stacking).

    A weight for each part, a factor and a bias for each class: so few that a hundred
    texts teach them, and that the probabilities are calibrated.
    """

    reads, optional = frozenset({"scores"}), frozenset()
    gives = frozenset({"pooled", "class_logits"})

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"scores": float32 [B, P, C]} -> its outputs.

        Returns:
          a keras.Model with "class_logits" and "pooled" [B, C], which are the same.
        """
        import keras

        scores = specs["scores"]
        num_parts, num_classes = scores.shape
        scores_BPC = keras.Input(scores.shape, dtype=scores.dtype, name="scores")
        x_BCP = keras.layers.Permute((2, 1), name="by_class")(scores_BPC)
        x_BC1 = keras.layers.Dense(
            1,
            use_bias=False,
            kernel_initializer=keras.initializers.Constant(1 / num_parts),
            name="parts",
        )(x_BCP)
        x_BC = keras.layers.Reshape((num_classes,), name="sums")(x_BC1)
        logits_BC = keras.layers.EinsumDense(
            "bc,c->bc",
            output_shape=(num_classes,),
            bias_axes="c",
            kernel_initializer="ones",
            name="classes",
        )(x_BC)
        outputs = {"class_logits": logits_BC, "pooled": logits_BC}
        return keras.Model({"scores": scores_BPC}, outputs, name="stacked_model")
