"""Pooling of a sequence to one vector. Padding has no effect on it.

A row of nothing but padding gives zeros. B batch, T positions, D width.
"""

import keras
from keras import ops

from tfm.layers import base
from tfm.layers import masking


def mean_pool(x_BTD, mask=None):
    """Mean pooling: the mean of the real positions -> pooled_BD."""
    if mask is None:
        return ops.mean(x_BTD, axis=1)
    real_BTD = masking.zero_padding(x_BTD, mask)
    sum_BD = ops.sum(ops.cast(real_BTD, "float32"), axis=1)  # the sum in float32
    count_B1 = ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True)
    return ops.cast(sum_BD / ops.maximum(count_B1, 1.0), x_BTD.dtype)


def max_pool(x_BTD, mask=None):
    """Max pooling: the greatest value at the real positions -> pooled_BD."""
    if mask is None:
        return ops.max(x_BTD, axis=1)
    lowest = ops.cast(masking.MASKED, x_BTD.dtype)  # -inf in float16, replaced below
    top_BD = ops.max(ops.where(mask[:, :, None], x_BTD, lowest), axis=1)
    return _zero_if_empty(top_BD, mask)


def first_pool(x_BTD, mask=None):
    """First position, as of a [CLS] token -> pooled_BD."""
    return _zero_if_empty(x_BTD[:, 0], mask)


def last_pool(x_BTD, mask=None):
    """Last real position -> pooled_BD."""
    if mask is None:
        return x_BTD[:, -1]
    positions_T = ops.arange(ops.shape(x_BTD)[1], dtype="int32")
    last_B1 = ops.max(ops.where(mask, positions_T, 0), axis=1, keepdims=True)
    last_BD = masking.take_positions(x_BTD, last_B1)[:, 0]
    return _zero_if_empty(last_BD, mask)


_POOLS = {
    "mean": mean_pool,
    "max": max_pool,
    "first": first_pool,
    "last": last_pool,
}
METHODS = (*_POOLS, "attention")


@keras.saving.register_keras_serializable(package="tfm")
class Pooling(base.Layer):
    """Pooling of a sequence to one vector, by a method.

    Args:
      method: mean, max, first, last, or attention: see `AttentionPooling`.
      width: of the attention, D is usual; other methods need none.

    Call arguments:
      x_BTD.
      mask: bool [B, T], True = real token; None if nothing is padding.

    Returns:
      pooled_BD.
    """

    def __init__(self, method, width=None, **kwargs):
        super().__init__(**kwargs)
        if method not in METHODS:
            raise ValueError(
                f"method must be one of {', '.join(METHODS)}. Got {method!r}."
            )
        if method == "attention":
            self.pool = AttentionPooling(width, name="attention")
        else:
            self.pool = _POOLS[method]

    def call(self, x_BTD, mask=None):
        return self.pool(x_BTD, mask=mask)


@keras.saving.register_keras_serializable(package="tfm")
class AttentionPooling(base.Layer):
    """Attention pooling: a mean of the real positions with learned weights.

    Yang et al. 2016, Hierarchical Attention Networks (aclanthology.org/N16-1174),
    equations 5 to 7: u = tanh(W x + b), weights = softmax(u . context).

    Args:
      width: of u.

    Call arguments:
      x_BTD.
      mask: bool [B, T].

    Returns:
      pooled_BD.
    """

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.hidden = keras.layers.Dense(width, activation="tanh", name="hidden")
        self.context = keras.layers.Dense(1, use_bias=False, name="context")

    def call(self, x_BTD, mask=None):
        scores_BT = self.context(self.hidden(x_BTD))[:, :, 0]
        scores_BT = ops.cast(scores_BT, "float32")  # softmax in float32
        if mask is not None:
            scores_BT = ops.where(mask, scores_BT, masking.MASKED)
        weights_BT = ops.cast(ops.softmax(scores_BT, axis=1), x_BTD.dtype)
        # a row of nothing but padding has uniform weights
        x_BTD = masking.zero_padding(x_BTD, mask)
        return ops.einsum("bt,btd->bd", weights_BT, x_BTD)


def _zero_if_empty(pooled_BD, mask):
    if mask is None:
        return pooled_BD
    any_B1 = ops.any(mask, axis=1, keepdims=True)
    return ops.where(any_B1, pooled_BD, 0.0)
