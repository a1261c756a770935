"""Bag-of-words prediction: a text's tokens, told from its pooled vector.

Ma et al. 2024 (https://arxiv.org/abs/2401.11248). Hidden tokens can be told from their
neighbours; a text's vector has to say what the whole text is about.

B batch, T tokens, D width, V vocabulary.
"""

import keras
import numpy as np
from keras import ops

from tfm import layers
from tfm.tasks.language import vocabulary_head


def bag(tokens: np.ndarray, first_word_id: int, size: int) -> np.ndarray:
    """The distinct tokens but for reserved ones, int32 [size], then 0s."""
    distinct = np.unique(tokens)
    distinct = distinct[distinct >= first_word_id]
    return np.pad(distinct, (0, size - len(distinct))).astype(np.int32)


def logits(backbone: keras.Model, vocab_size: int, tied: bool):
    """logits_BV by new layers on the backbone's pooled vector.

    It is normalized first: the means of many positions differ little between texts.
    """
    x_BD = layers.normalize("layer", name="bag_norm")(backbone.output["pooled"])
    if not tied:
        return keras.layers.Dense(vocab_size, name="bag_head")(x_BD)
    width = vocabulary_head.embedding_width(backbone)
    x_BD = keras.layers.Dense(width, name="bag_dense")(x_BD)
    logits_BV = backbone.get_layer("embedding")(x_BD, reverse=True)
    return vocabulary_head.Bias(name="bag_bias")(logits_BV)


def losses(logits_BV, bags_BT):
    """Each text's cross-entropy to an even share for each of its tokens; float32 [B].

    It is that of a guess at one of the tokens, in nats; 0 where there are none.
    """
    logits_BV = ops.cast(logits_BV, "float32")  # softmax and loss in float32
    in_bag_BT = ops.cast(bags_BT > 0, "float32")
    log_p_BT = ops.take_along_axis(logits_BV, bags_BT, axis=-1)
    log_p_BT -= ops.logsumexp(logits_BV, axis=-1, keepdims=True)
    sizes_B = ops.maximum(ops.sum(in_bag_BT, axis=-1), 1.0)
    return -ops.sum(log_p_BT * in_bag_BT, axis=-1) / sizes_B
