"""Embeddings of tokens and of their positions.

B batch, T positions, D width, V vocabulary, H heads, K head width.
"""

import math

import keras
from keras import ops

from tfm.layers import base


@keras.saving.register_keras_serializable(package="tfm")
class TokenEmbedding(base.Layer):
    """A vector for each token.

    Args:
      vocab_size: V, ids are 0 to V - 1; 0 is padding and has a vector as well.
      width: D.
      scale: multiply the vectors by sqrt(D), as in Vaswani et al. 2017
        (https://arxiv.org/abs/1706.03762), section 3.4. The table then starts with
        variance 1 / D, fit to be the output's kernel as well.
      dropout: share of the vectors' entries dropped.

    Call arguments:
      tokens_BT: int32 ids.

    Returns:
      x_BTD.
    """

    def __init__(self, vocab_size, width, scale=False, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = math.sqrt(width) if scale else 1.0
        initializer = "uniform"
        if scale:
            initializer = keras.initializers.RandomNormal(stddev=width**-0.5)
        self.lookup = keras.layers.Embedding(
            vocab_size, width, embeddings_initializer=initializer, name="lookup"
        )
        self.dropout = keras.layers.Dropout(dropout)

    @property
    def table(self):
        """The variable [V, D], for an output tied to it: x_BTD @ transpose(table)."""
        return self.lookup.embeddings

    def call(self, tokens_BT):
        x_BTD = self.lookup(tokens_BT)
        if self.factor != 1.0:
            x_BTD = x_BTD * self.factor
        return self.dropout(x_BTD)


@keras.saving.register_keras_serializable(package="tfm")
class LearnedPositions(base.Layer):
    """Adds a learned vector for each position (BERT: arxiv.org/abs/1810.04805).

    Args:
      max_length: the most positions T of an input.
      width: D.

    Call arguments:
      x_BTD.

    Returns:
      x_BTD.
    """

    def __init__(self, max_length, width, **kwargs):
        super().__init__(**kwargs)
        self.max_length = max_length
        self.lookup = keras.layers.Embedding(max_length, width, name="lookup")

    def call(self, x_BTD):
        if (x_BTD.shape[1] or 0) > self.max_length:
            raise ValueError(
                "The input must not be longer than max_length. "
                f"Got length={x_BTD.shape[1]}, max_length={self.max_length}."
            )
        return x_BTD + self.lookup(ops.arange(ops.shape(x_BTD)[1], dtype="int32"))


@keras.saving.register_keras_serializable(package="tfm")
class SinusoidalPositions(base.Layer):
    """Adds the sinusoids of each position to x_BTD; see `sinusoids`."""

    def call(self, x_BTD):
        _, length, width = ops.shape(x_BTD)
        return x_BTD + ops.cast(sinusoids(length, width), x_BTD.dtype)


def sinusoids(length: int, width: int, longest: float = 10000.0):
    """Sines and cosines of geometrically spaced wavelengths.

    Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762), section 3.5:
    entry 2i of position t is sin(t / longest^(2i / D)), entry 2i + 1 its cosine.

    Returns:
      float32 [T, D].
    """
    entry_D = ops.arange(width, dtype="int32")
    exponent_D = ops.cast(entry_D // 2 * 2, "float32") / width
    position_T = ops.arange(length, dtype="float32")
    angle_TD = position_T[:, None] * ops.power(1 / longest, exponent_D)
    return ops.where(entry_D % 2 == 0, ops.sin(angle_TD), ops.cos(angle_TD))


def rotate(x_BTHK, positions_T=None, longest: float = 10000.0):
    """Turns each pair of a head's entries by an angle that grows with the position.

    RoFormer (https://arxiv.org/abs/2104.09864): the product of a rotated query and a
    rotated key depends on the distance between them only. Entry i is paired with
    entry i + K/2, as GPT-NeoX and Llama do; the paper's pairs (2i, 2i + 1) are the
    same up to the order of the entries.

    Args:
      x_BTHK: queries or keys, K even.
      positions_T: their positions; 0 to T - 1 if None.
      longest: the slowest pair turns by about 1 / longest a position.

    Returns:
      The rotated x_BTHK, in its dtype.
    """
    _, length, _, head_width = ops.shape(x_BTHK)
    if head_width % 2:
        raise ValueError(f"The width of a head must be even. Got {head_width}.")
    if positions_T is None:
        positions_T = ops.arange(length, dtype="float32")
    exponent_P = ops.arange(0, head_width, 2, dtype="float32") / head_width
    positions_T = ops.cast(positions_T, "float32")
    # angles in float32: bfloat16 cannot tell position 256 from 257
    angle_TP = positions_T[:, None] * ops.power(1 / longest, exponent_P)
    cos_T1P = ops.cast(ops.cos(angle_TP), x_BTHK.dtype)[:, None]
    sin_T1P = ops.cast(ops.sin(angle_TP), x_BTHK.dtype)[:, None]
    a_BTHP, b_BTHP = ops.split(x_BTHK, 2, axis=-1)
    return ops.concatenate(
        [a_BTHP * cos_T1P - b_BTHP * sin_T1P, b_BTHP * cos_T1P + a_BTHP * sin_T1P],
        axis=-1,
    )
