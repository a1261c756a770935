"""Multi-head attention (scaled dot-product) and its KV cache.

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
    """Scaled dot-product attention: softmax(Q K^T / sqrt(K)) V for each head.

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
    seen = _seen(mask, causal, q_BTHK, k_BSGK)
    weights_BHTS = ops.cast(_weights(q_BTHK, k_BSGK, seen), v_BSGK.dtype)
    if dropout is not None:
        weights_BHTS = dropout(weights_BHTS)
    mixed_BTHK = _mix(weights_BHTS, v_BSGK)
    if mask is not None:
        # the softmax of a query that sees nothing is uniform: take its values out
        any_BT11 = ops.any(seen, axis=-1)[:, 0, :, None, None]
        mixed_BTHK = ops.where(any_BT11, mixed_BTHK, 0.0)
    return mixed_BTHK


def attention_weights(q_BTHK, k_BSGK, mask=None, causal=False):
    """Attention weights, softmax(Q K^T / sqrt(K)) for each head.

    Args:
      q_BTHK, k_BSGK, mask, causal: as of dot_product_attention.

    Returns:
      float32 weights_BHTS, which sum to 1 over the keys; zeros for a query that may
      attend to nothing.
    """
    seen = _seen(mask, causal, q_BTHK, k_BSGK)
    weights_BHTS = _weights(q_BTHK, k_BSGK, seen)
    if mask is None:
        return weights_BHTS
    return ops.where(ops.any(seen, axis=-1, keepdims=True), weights_BHTS, 0.0)


def _weights(q_BTHK, k_BSGK, seen):
    """The softmax of the scores -> float32 weights_BHTS."""
    # queries are scaled before the product, which could overflow float16
    q_BTHK = q_BTHK * q_BTHK.shape[-1] ** -0.5
    scores_BHTS = ops.cast(_scores(q_BTHK, k_BSGK), "float32")  # softmax in float32
    if seen is not None:
        # a sum, as any score is lost in it: a tenth faster than a choice on a CPU
        scores_BHTS = scores_BHTS + ops.where(seen, 0.0, masking.MASKED)
    return ops.softmax(scores_BHTS)


def _scores(q_BTHK, k_BSGK):
    """The product of each query and each key -> scores_BHTS."""
    _, length, num_heads, width = ops.shape(q_BTHK)
    _, num_keys, num_key_heads, _ = ops.shape(k_BSGK)
    if num_heads == num_key_heads:
        return ops.einsum("bthk,bshk->bhts", q_BTHK, k_BSGK)
    shape = (-1, length, num_key_heads, num_heads // num_key_heads, width)
    q_BTGRK = ops.reshape(q_BTHK, shape)
    scores_BGRTS = ops.einsum("btgrk,bsgk->bgrts", q_BTGRK, k_BSGK)
    return ops.reshape(scores_BGRTS, (-1, num_heads, length, num_keys))


def _mix(weights_BHTS, v_BSGK):
    """Each query's weighted sum of the values -> mixed_BTHK."""
    _, num_heads, length, num_keys = ops.shape(weights_BHTS)
    _, _, num_key_heads, width = ops.shape(v_BSGK)
    if num_heads == num_key_heads:
        return ops.einsum("bhts,bshk->bthk", weights_BHTS, v_BSGK)
    shape = (-1, num_key_heads, num_heads // num_key_heads, length, num_keys)
    weights_BGRTS = ops.reshape(weights_BHTS, shape)
    mixed_BTGRK = ops.einsum("bgrts,bsgk->btgrk", weights_BGRTS, v_BSGK)
    return ops.reshape(mixed_BTGRK, (-1, length, num_heads, width))


def _seen(mask, causal: bool, q_BTHK, k_BSGK):
    """Mask of seen keys: bool, broadcastable to [B, H, T, S], or None.

    Raises:
      ValueError: queries and keys do not go together.
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
    if mask is not None:
        mask = mask[:, None, None, :] if len(mask.shape) == 2 else mask[:, None]
    if not causal:
        return mask
    positions_T = ops.arange(ops.shape(q_BTHK)[1], dtype="int32")
    causal_11TS = (positions_T[:, None] >= positions_T)[None, None]
    return causal_11TS if mask is None else ops.logical_and(mask, causal_11TS)


@keras.saving.register_keras_serializable(package="tfm")
class MultiHeadAttention(base.Layer):
    """Multi-head attention: self-attention, or cross-attention over a memory.

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
      bias: whether the dense layers have biases.

    Call arguments:
      x_BTD: what asks.
      memory_BSM: what is asked, of any width; x_BTD itself if None.
      mask: bool, True = may be attended to: [B, S] for all queries, or [B, T, S].
      positions: int32 [T] or [B, T] for rotary; 0 to T - 1 if None.
      return_attention_scores: return the attention weights too, as Keras's layer does.

    Returns:
      x_BTD; with return_attention_scores and float32 weights_BHTS, see
      `attention_weights`.
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
        bias=True,
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
        self.num_key_heads = num_key_heads
        if rotary and self.head_width % 2:
            raise ValueError(
                "Rotary positions need an even width / num_heads. "
                f"Got width={width}, num_heads={num_heads}."
            )
        self.causal = causal
        self.rotary = rotary

        def dense(units, name):
            regularizer = regularization.l1_l2(l1, l2)
            return keras.layers.Dense(
                units, use_bias=bias, kernel_regularizer=regularizer, name=name
            )

        self.query = dense(width, "query")
        self.key = dense(num_key_heads * self.head_width, "key")
        self.value = dense(num_key_heads * self.head_width, "value")
        self.output_dense = dense(width, "output")
        self.dropout = keras.layers.Dropout(dropout)

    def call(
        self,
        x_BTD,
        memory_BSM=None,
        mask=None,
        positions=None,
        return_attention_scores=False,
    ):
        if memory_BSM is None:
            memory_BSM = x_BTD
        elif self.rotary:
            raise ValueError("Rotary positions are for attention without a memory.")
        q_BTHK = self._queries(x_BTD, positions)
        k_BSGK, v_BSGK = self.keys_and_values(memory_BSM, positions)
        mixed_BTHK = dot_product_attention(
            q_BTHK, k_BSGK, v_BSGK, mask, self.causal, self.dropout
        )
        x_BTD = self._output(mixed_BTHK)
        if not return_attention_scores:
            return x_BTD
        return x_BTD, attention_weights(q_BTHK, k_BSGK, mask, self.causal)

    def keys_and_values(self, memory_BSM, positions=None):
        """Keys and values of a memory: k_BSGK and v_BSGK."""
        k_BSGK = self._heads(self.key(memory_BSM))
        if self.rotary:
            k_BSGK = embedding.rotate(k_BSGK, positions)
        return k_BSGK, self._heads(self.value(memory_BSM))

    def empty_cache(self, batch_size, num_slots):
        """Empty KV cache: zeros for the keys and values of `num_slots` positions."""
        shape = (batch_size, num_slots, self.num_key_heads, self.head_width)
        return (ops.zeros(shape, self.compute_dtype),) * 2

    def extend(self, cache, x_BTD, slot, positions=None):
        """KV cache with the keys and values of x_BTD from `slot` on.

        Args:
          cache: keys and values, of `empty_cache` or an earlier call.
          x_BTD: T new positions.
          slot: int32 scalar, at most the number of slots less T.
          positions: as of `call`.
        """
        new = self.keys_and_values(x_BTD, positions)
        return tuple(
            ops.slice_update(old, (0, slot, 0, 0), part)
            for old, part in zip(cache, new, strict=True)
        )

    def attend(self, x_BTD, cache, mask, positions=None):
        """Attention over a KV cache -> x_BTD.

        Args:
          x_BTD: what asks.
          cache: k_BSGK and v_BSGK.
          mask: as of `call`; the causal order too is the mask's matter.
          positions: of x_BTD, as of `call`.
        """
        q_BTHK = self._queries(x_BTD, positions)
        return self._output(dot_product_attention(q_BTHK, *cache, mask))

    def _queries(self, x_BTD, positions):
        q_BTHK = self._heads(self.query(x_BTD))
        return embedding.rotate(q_BTHK, positions) if self.rotary else q_BTHK

    def _output(self, mixed_BTHK):
        _, length, num_heads, head_width = ops.shape(mixed_BTHK)
        mixed_BTD = ops.reshape(mixed_BTHK, (-1, length, num_heads * head_width))
        return self.output_dense(mixed_BTD)

    def _heads(self, x_BTD):
        _, length, width = ops.shape(x_BTD)
        num_heads = width // self.head_width
        return ops.reshape(x_BTD, (-1, length, num_heads, self.head_width))
