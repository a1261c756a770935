"""Language-model head: logits over the vocabulary, tied to the embedding or not.

B batch, T positions, D width, E width of the embedding, V vocabulary.
"""

import keras
from keras import ops

from tfm import errors

_HEAD, _PROJECTION = "head", "head_projection"


def build(backbone: keras.Model, x_BTD, vocab_size: int, tied: bool):
    """logits_BTV of x_BTD, by new layers and those of the backbone.

    Args:
      backbone: with a layers.TokenEmbedding named "embedding", if tied.
      x_BTD: features.
      vocab_size: V.
      tied: multiply by the embedding's own table (Press & Wolf 2016,
        https://arxiv.org/abs/1608.05859), after a projection where D and E differ;
        else by a kernel of its own, with a bias.

    Raises:
      UserError: the backbone has no such embedding.
    """
    if not tied:
        return keras.layers.Dense(vocab_size, name=_HEAD)(x_BTD)
    width = embedding_width(backbone)
    if x_BTD.shape[-1] != width:
        x_BTD = keras.layers.Dense(width, use_bias=False, name=_PROJECTION)(x_BTD)
    return backbone.get_layer("embedding")(x_BTD, reverse=True)


def logits(model: keras.Model, x_BTD):
    """logits_BTV of x_BTD, by the layers that `build` gave to `model`."""
    names = {layer.name for layer in model.layers}
    if _HEAD in names:
        return model.get_layer(_HEAD)(x_BTD)
    if _PROJECTION in names:
        x_BTD = model.get_layer(_PROJECTION)(x_BTD)
    return model.get_layer("embedding")(x_BTD, reverse=True)


def embedding_width(backbone: keras.Model) -> int:
    """E; UserError unless there is an embedding that can be tied to."""
    if "embedding" not in {layer.name for layer in backbone.layers}:
        raise errors.UserError(
            "The model has no embedding that the output can be tied to. "
            "Give --task.tied=false."
        )
    return backbone.get_layer("embedding").table.shape[-1]


@keras.saving.register_keras_serializable(package="tfm")
class Bias(keras.layers.Layer):
    """Adds a number of its own to each of the last axis's entries; x -> x."""

    def build(self, shape):
        self.bias = self.add_weight((shape[-1],), initializer="zeros", name="bias")

    def call(self, x):
        return x + ops.cast(self.bias, x.dtype)
