"""Token embeddings and positional embeddings: learned, sinusoidal, rotary.

B batch, T positions, D width, V vocabulary, H heads, K head width.
"""

import math

import keras
from keras import ops

from tfm.layers import base


@keras.saving.register_keras_serializable(package="tfm")
class TokenEmbedding(base.Layer):
    """Token embedding, whose table can score the vocabulary too (weight tying).

    Args:
      vocab_size: V, ids are 0 to V - 1; 0 is padding and has a vector as well.
      width: D.
      scale: multiply the vectors by sqrt(D), as in Vaswani et al. 2017
        (https://arxiv.org/abs/1706.03762), section 3.4. The table then starts with
        variance 1 / D, fit to be the output's kernel as well.
      dropout: share of the vectors' entries dropped.

    Call arguments:
      tokens_BT: int32 ids; if reverse, the vectors x_BTD, or x_BD of one position.
      reverse: score each token of the vocabulary by its vector's product with x, for
        an output tied to the input (Press & Wolf 2017, https://arxiv.org/abs/1608.05859).

    Returns:
      x_BTD; if reverse, logits_BTV in the compute dtype: take the softmax in float32.
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
        """The variable [V, D]."""
        return self.lookup.embeddings

    def call(self, tokens_BT, reverse=False):
        if reverse:
            return self._logits(tokens_BT)
        x_BTD = self.lookup(tokens_BT)
        if self.factor != 1.0:
            x_BTD = x_BTD * self.factor
        return self.dropout(x_BTD)

    def _logits(self, x_BTD):
        table_VD = ops.cast(self.table, self.compute_dtype)
        if len(x_BTD.shape) == 2:
            # As text is generated, B is small and the table is what takes time: this
            # way XLA reads it as it lies. `matmul` would have it turned for each token.
            return ops.einsum("vd,bd->bv", table_VD, x_BTD)
        return ops.matmul(x_BTD, ops.transpose(table_VD))


@keras.saving.register_keras_serializable(package="tfm")
class LearnedPositions(base.Layer):
    """Learned positional embeddings, added (BERT: arxiv.org/abs/1810.04805).

    Args:
      max_length: the most positions T of an input.
      width: D.

    Call arguments:
      x_BTD.
      positions: int32 [T] or [B, T]; 0 to T - 1 if None.

    Returns:
      x_BTD.
    """

    def __init__(self, max_length, width, **kwargs):
        super().__init__(**kwargs)
        self.max_length = max_length
        self.lookup = keras.layers.Embedding(max_length, width, name="lookup")

    def call(self, x_BTD, positions=None):
        if (x_BTD.shape[1] or 0) > self.max_length:
            raise ValueError(
                "The input must not be longer than max_length. "
                f"Got length={x_BTD.shape[1]}, max_length={self.max_length}."
            )
        if positions is None:
            positions = ops.arange(ops.shape(x_BTD)[1], dtype="int32")
        return x_BTD + self.lookup(positions)


@keras.saving.register_keras_serializable(package="tfm")
class SinusoidalPositions(base.Layer):
    """Sinusoidal positional encoding, added to x_BTD; see `sinusoids`.

    Call arguments:
      x_BTD.
      positions: int32 [T] or [B, T]; 0 to T - 1 if None.

    Returns:
      x_BTD.
    """

    def call(self, x_BTD, positions=None):
        if positions is None:
            positions = ops.arange(ops.shape(x_BTD)[1], dtype="int32")
        return x_BTD + ops.cast(sinusoids(positions, x_BTD.shape[-1]), x_BTD.dtype)


def sinusoids(positions, width: int, longest: float = 10000.0):
    """Sines and cosines of geometrically spaced wavelengths.

    Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762), section 3.5:
    entry 2i of position t is sin(t / longest^(2i / D)), entry 2i + 1 its cosine.

    Args:
      positions: int [T] or [B, T]; or a number T, for 0 to T - 1.
      width: D.
      longest: the slowest pair turns by about 1 / longest a position.

    Returns:
      float32 [T, D] or [B, T, D].
    """
    if isinstance(positions, int):
        positions = ops.arange(positions, dtype="int32")
    entry_D = ops.arange(width, dtype="int32")
    exponent_D = ops.cast(entry_D // 2 * 2, "float32") / width
    angles = ops.cast(positions, "float32")[..., None] * ops.power(
        1 / longest, exponent_D
    )
    return ops.where(entry_D % 2 == 0, ops.sin(angles), ops.cos(angles))


def rotate(x_BTHK, positions_T=None, longest: float = 10000.0):
    """Rotary positional embeddings (RoPE): pairs of a head's entries, turned.

    The angle grows with the position.

    RoFormer (https://arxiv.org/abs/2104.09864): the product of a rotated query and a
    rotated key depends on the distance between them only. Entry i is paired with
    entry i + K/2, as GPT-NeoX and Llama do; the paper's pairs (2i, 2i + 1) are the
    same up to the order of the entries.

    Args:
      x_BTHK: queries or keys, K even.
      positions_T: their positions, for each row alike [T] or its own [B, T]; 0 to
        T - 1 if None.
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
    angle_T1P = positions_T[..., None, None] * ops.power(1 / longest, exponent_P)
    cos_T1P = ops.cast(ops.cos(angle_T1P), x_BTHK.dtype)
    sin_T1P = ops.cast(ops.sin(angle_T1P), x_BTHK.dtype)
    a_BTHP, b_BTHP = ops.split(x_BTHK, 2, axis=-1)
    return ops.concatenate(
        [a_BTHP * cos_T1P - b_BTHP * sin_T1P, b_BTHP * cos_T1P + a_BTHP * sin_T1P],
        axis=-1,
    )
