"""LSTM. B batch, T positions, D width of the input, E width of the output.

N windows, W positions of one, X windows of all rows, L positions of a row's windows,
the last M of which are no positions of the row.
"""

import keras
from keras import ops

from tfm.layers import base
from tfm.layers import masking
from tfm.layers import pooling
from tfm.layers import regularization


@keras.saving.register_keras_serializable(package="tfm")
class LSTM(base.Layer):
    """Stacked long short-term memory (LSTM) layers, bidirectional if asked for.

    Hochreiter & Schmidhuber 1997 (doi.org/10.1162/neco.1997.9.8.1735), with the
    forget gate of Gers et al. 2000; bidirectional: Graves & Schmidhuber 2005.

    The mask must be right-padded: in every row, real tokens, then padding. Then a
    forward layer needs no mask, for what follows a token cannot change it, and a
    backward layer runs forward over the reversed real tokens. That is exact, faster
    than masking each step, and on a GPU it keeps to cuDNN's kernel, whose own masks
    reject a row of nothing but padding.

    With a window, a row is cut into pieces that are read side by side, each from a zero
    state (Johnson & Zhang 2016, arxiv.org/abs/1602.02373, section 2: "chopping"): a
    long row takes few steps, each over many pieces.

    Args:
      width: of the state in each direction.
      num_layers: how many are stacked.
      bidirectional: add a layer that reads backward to each; E = 2 * width, else width.
      dropout: share of the values dropped between two stacked layers.
      l1: penalty on |weight| of the kernels, recurrent ones too.
      l2: penalty on weight^2 of the kernels, recurrent ones too.
      window: positions of a piece; None: the whole row is one.

    Call arguments:
      x_BTD.
      mask: bool [B, T]; None if nothing is padding.

    Returns:
      sequence_BTE: the last layer's states, zeros at padding.
      state_BE: its final state: after the last real token, and for the backward
        direction after the first one, of its piece. Zeros for a row of nothing but
        padding.
    """

    def __init__(
        self,
        width,
        num_layers=1,
        bidirectional=False,
        dropout=0.0,
        l1=0.0,
        l2=0.0,
        window=None,
        **kwargs,
    ):
        super().__init__(**kwargs)

        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.window = window
        self.dropout = keras.layers.Dropout(dropout)

        def lstm(name):
            return keras.layers.LSTM(
                width,
                return_sequences=True,
                kernel_regularizer=regularization.l1_l2(l1, l2),
                recurrent_regularizer=regularization.l1_l2(l1, l2),
                name=name,
            )

        # an attribute each: tf.train.Checkpoint leaves a list of layers out, silently
        for i in range(num_layers):
            setattr(self, f"forward_{i}", lstm(f"forward_{i}"))
            if bidirectional:
                setattr(self, f"backward_{i}", lstm(f"backward_{i}"))

    def call(self, x_BTD, mask=None):
        if self.window is None:
            return self._read(x_BTD, mask)
        num_rows, length, width = ops.shape(x_BTD)
        if mask is None:
            mask = ops.ones((num_rows, length), "bool")
        missing = -length % self.window
        nothing_BMD = ops.zeros((num_rows, missing, width), x_BTD.dtype)
        x_BLD = ops.concatenate([x_BTD, nothing_BMD], axis=1)
        none_BM = ops.zeros((num_rows, missing), "bool")
        mask_BL = ops.concatenate([mask, none_BM], axis=1)

        shape = (-1, self.window, width)
        mask_XW = ops.reshape(mask_BL, shape[:2])
        sequence_XWE, state_XE = self._read(ops.reshape(x_BLD, shape), mask_XW)

        width = state_XE.shape[-1]
        sequence_BLE = ops.reshape(sequence_XWE, (-1, length + missing, width))
        count = (length + missing) // self.window
        state_BNE = ops.reshape(state_XE, (-1, count, width))
        real_BN = ops.reshape(ops.any(mask_XW, axis=1), (-1, count))
        return sequence_BLE[:, :length], pooling.last_pool(state_BNE, real_BN)

    def _read(self, x_BTD, mask):
        for i in range(self.num_layers):
            if i > 0:
                x_BTD = self.dropout(x_BTD)
            x_BTE = getattr(self, f"forward_{i}")(x_BTD)
            state_BE = pooling.last_pool(x_BTE, mask)
            if self.bidirectional:
                backward = getattr(self, f"backward_{i}")
                back_BTE = backward(reverse_real(x_BTD, mask))
                back_state_BE = pooling.last_pool(back_BTE, mask)
                x_BTE = ops.concatenate([x_BTE, reverse_real(back_BTE, mask)], axis=-1)
                state_BE = ops.concatenate([state_BE, back_state_BE], axis=-1)
            x_BTD = x_BTE
        return masking.zero_padding(x_BTD, mask), state_BE


def reverse_real(x_BTD, mask_BT=None):
    """Reversal of the real positions of right-padded rows; padding stays in place."""
    if mask_BT is None:
        return ops.flip(x_BTD, axis=1)
    positions_T = ops.arange(ops.shape(x_BTD)[1], dtype="int32")
    length_B1 = ops.sum(ops.cast(mask_BT, "int32"), axis=1, keepdims=True)
    source_BT = ops.where(
        positions_T < length_B1, length_B1 - 1 - positions_T, positions_T
    )
    return masking.take_positions(x_BTD, source_BT)
