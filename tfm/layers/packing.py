"""Sequence packing: several texts in a row. B batch, T positions, S positions seen."""

import keras
from keras import ops

from tfm.layers import base


@keras.saving.register_keras_serializable(package="tfm")
class Packing(base.Layer):
    """Attention mask and positions of packed texts, which do not see each other.

    Call arguments:
      segments_BT: int32, which of the row's texts a token is of.
      mask: bool [B, T], True = real token.

    Returns:
      mask_BTS: bool, True where token s is real and of the same text as token t.
      positions_BT: int32, from 0 on in each text.
    """

    def call(self, segments_BT, mask=None):
        same_BTS = ops.equal(segments_BT[:, :, None], segments_BT[:, None, :])
        # a text lies in one piece: its tokens count on from the first of the same text
        length = ops.shape(segments_BT)[1]
        positions_T = ops.arange(length, dtype="int32")
        first_BT = ops.min(ops.where(same_BTS, positions_T, length), axis=-1)
        positions_BT = positions_T - first_BT
        if mask is not None:
            same_BTS = ops.logical_and(same_BTS, mask[:, None, :])
        return same_BTS, positions_BT
