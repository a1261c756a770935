"""Attention.

B batch, T queries, S keys, H heads, G key heads, K head width, D width.
"""

import keras
from keras import ops

from tfm.layers import base
from tfm.layers import embedding
from tfm.layers import masking
from tfm.layers import regularization


def dot_product_attention(
    q_BTHK, k_BSGK, v_BSGK, mask=None, causal=False, dropout=None
):
    """softmax(Q K^T / sqrt(K)) V for each head.

    Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762), equation 1. With fewer
    key heads than heads, H / G heads in a row share one: grouped queries, Ainslie et
    al. 2023 (https://arxiv.org/abs/2305.13245).

    Args:
      q_BTHK: queries.
      k_BSGK: keys, G dividing H.
      v_BSGK: values.
      mask: bool, True = may be attended to: [B, S] for all queries, or [B, T, S].
      causal: query t sees the keys 0 to t only; needs T = S.
      dropout: a function of the attention weights, such as a Dropout layer.

    Returns:
      mixed_BTHK; zeros for a query that may attend to nothing.
    """
    num_heads, num_key_heads = q_BTHK.shape[2], k_BSGK.shape[2]
    if num_heads % num_key_heads:
        raise ValueError(
            "The number of heads must divide by the number of key heads. "
            f"Got heads={num_heads}, key heads={num_key_heads}."
        )
    if causal and q_BTHK.shape[1] != k_BSGK.shape[1]:
        raise ValueError(
            "Causal attention needs as many queries as keys. "
            f"Got queries={q_BTHK.shape[1]}, keys={k_BSGK.shape[1]}."
        )
    if num_heads != num_key_heads:
        k_BSGK = ops.repeat(k_BSGK, num_heads // num_key_heads, axis=2)
        v_BSGK = ops.repeat(v_BSGK, num_heads // num_key_heads, axis=2)
    # queries are scaled before the product, which could overflow float16
    q_BTHK = q_BTHK * q_BTHK.shape[-1] ** -0.5
    scores_BHTS = ops.einsum("bthk,bshk->bhts", q_BTHK, k_BSGK)
    scores_BHTS = ops.cast(scores_BHTS, "float32")  # softmax in float32
    seen = _seen(mask, causal, ops.shape(q_BTHK)[1])
    if seen is not None:
        scores_BHTS = ops.where(seen, scores_BHTS, masking.MASKED)
    weights_BHTS = ops.cast(ops.softmax(scores_BHTS), v_BSGK.dtype)
    if dropout is not None:
        weights_BHTS = dropout(weights_BHTS)
    mixed_BTHK = ops.einsum("bhts,bshk->bthk", weights_BHTS, v_BSGK)
    if mask is not None:
        # the softmax of a query that sees nothing is uniform: take its values out
        any_BT11 = ops.transpose(ops.any(seen, axis=-1, keepdims=True), (0, 2, 1, 3))
        mixed_BTHK = ops.where(any_BT11, mixed_BTHK, 0.0)
    return mixed_BTHK


def _seen(mask, causal: bool, length):
    """Which key each query sees: bool, broadcastable to [B, H, T, S], or None."""
    if mask is not None:
        mask = mask[:, None, None, :] if len(mask.shape) == 2 else mask[:, None]
    if not causal:
        return mask
    positions_T = ops.arange(length, dtype="int32")
    causal_11TS = (positions_T[:, None] >= positions_T)[None, None]
    return causal_11TS if mask is None else ops.logical_and(mask, causal_11TS)


@keras.saving.register_keras_serializable(package="tfm")
class MultiHeadAttention(base.Layer):
    """Attention of several heads over a sequence itself or over a memory.

    Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762), section 3.2.2.

    Args:
      width: D, of the output and of all heads together.
      num_heads: H, dividing the width.
      num_key_heads: G, dividing H: heads of the keys and values; H if None.
      causal: position t sees the positions 0 to t only.
      rotary: positions by rotating queries and keys; needs an even head width.
      dropout: share of the attention weights dropped.
      l1: penalty on |weight| of the kernels.
      l2: penalty on weight^2 of the kernels.

    Call arguments:
      x_BTD: what asks.
      memory_BSM: what is asked, of any width; x_BTD itself if None.
      mask: bool, True = may be attended to: [B, S] for all queries, or [B, T, S].

    Returns:
      x_BTD.
    """

    def __init__(
        self,
        width,
        num_heads,
        num_key_heads=None,
        causal=False,
        rotary=False,
        dropout=0.0,
        l1=0.0,
        l2=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        num_key_heads = num_key_heads or num_heads
        if width % num_heads:
            raise ValueError(
                "width must divide by num_heads. "
                f"Got width={width}, num_heads={num_heads}."
            )
        if num_heads % num_key_heads:
            raise ValueError(
                "num_heads must divide by num_key_heads. "
                f"Got num_heads={num_heads}, num_key_heads={num_key_heads}."
            )
        self.head_width = width // num_heads
        if rotary and self.head_width % 2:
            raise ValueError(
                "Rotary positions need an even width / num_heads. "
                f"Got width={width}, num_heads={num_heads}."
            )
        self.causal = causal
        self.rotary = rotary

        def dense(units, name):
            regularizer = regularization.l1_l2(l1, l2)
            return keras.layers.Dense(units, kernel_regularizer=regularizer, name=name)

        self.query = dense(width, "query")
        self.key = dense(num_key_heads * self.head_width, "key")
        self.value = dense(num_key_heads * self.head_width, "value")
        self.output_dense = dense(width, "output")
        self.dropout = keras.layers.Dropout(dropout)

    def call(self, x_BTD, memory_BSM=None, mask=None):
        if memory_BSM is None:
            memory_BSM = x_BTD
        elif self.rotary:
            raise ValueError("Rotary positions are for attention without a memory.")
        q_BTHK = self._heads(self.query(x_BTD))
        k_BSGK = self._heads(self.key(memory_BSM))
        v_BSGK = self._heads(self.value(memory_BSM))
        if self.rotary:
            q_BTHK, k_BSGK = embedding.rotate(q_BTHK), embedding.rotate(k_BSGK)
        mixed_BTHK = dot_product_attention(
            q_BTHK, k_BSGK, v_BSGK, mask, self.causal, self.dropout
        )
        _, length, num_heads, head_width = ops.shape(mixed_BTHK)
        mixed_BTD = ops.reshape(mixed_BTHK, (-1, length, num_heads * head_width))
        return self.output_dense(mixed_BTD)

    def _heads(self, x_BTD):
        _, length, width = ops.shape(x_BTD)
        num_heads = width // self.head_width
        return ops.reshape(x_BTD, (-1, length, num_heads, self.head_width))
