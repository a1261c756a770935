"""Frozen layers, which stay as they are; linear probing."""

from collections.abc import Sequence

import keras

from tfm import errors
from tfm.adaptation import groups

BACKBONE = "backbone"  # in place of a pattern: all but the head


def freeze(model: keras.Model, patterns: Sequence[str]) -> None:
    """Makes the layers whose name or path matches a pattern untrainable.

    "backbone" is all under the head, for linear probing. Its dropout ends as well: the
    head is then trained on the same features of a text each time.

    Args:
      model: built.
      patterns: with * and ?, such as embedding, block_* or lstm/forward_0; or backbone.

    Raises:
      UserError: a pattern that matches no layer with weights, or no weight is left.
    """
    if BACKBONE in patterns:
        for top in groups.backbone_layers(model):
            for layer in top._flatten_layers():
                layer.trainable = False
                if isinstance(layer, keras.layers.Dropout):
                    layer.rate = 0.0
    others = [pattern for pattern in patterns if pattern != BACKBONE]
    for layer in groups.matching(model, others, "adapt.freeze"):
        layer.trainable = False
    if not model.trainable_variables:
        raise errors.UserError(
            f"adapt.freeze leaves no weight to train. Got {', '.join(patterns)}."
        )
