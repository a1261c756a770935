"""LSTM over token embeddings.

B batch, T positions, E embedding width, D width, P pooled width.
"""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from tfm import errors
from tfm import interfaces
from tfm import validation

Pooling = Literal["last", "mean", "max", "attention"]


@dataclasses.dataclass(frozen=True)
class LSTM:
    """Embeddings, then stacked LSTMs (Hochreiter & Schmidhuber 1997)."""

    embedding_width: int = 128  # entries of a token's vector
    width: int = 64  # of the state, in each direction
    num_layers: int = 1  # stacked LSTMs
    bidirectional: bool = False  # read backward as well: twice the width
    pooling: Pooling = "last"  # the text's vector; last: the final state
    dropout: float = 0.0  # share of each LSTM's outputs dropped
    embedding_dropout: float = 0.0  # share of the embeddings' entries dropped
    l1: float = 0.0  # penalty on |weight| of the LSTMs' kernels
    l2: float = 0.0  # penalty on weight^2 of the LSTMs' kernels
    # read in pieces of so many tokens, each from a zero state; none: the text as one
    window: int | None = None
    skip: bool = False  # join the mean of the embeddings to the text's vector

    reads, optional = frozenset({"tokens"}), frozenset()
    embedding_field = "embedding_width"

    def __post_init__(self):
        validation.at_least(self, 1, "embedding_width", "width", "num_layers", "window")
        validation.fraction(self, "dropout", "embedding_dropout")
        validation.at_least(self, 0, "l1", "l2")
        validation.one_of(self, pooling=Pooling)

    @property
    def gives(self) -> interfaces.Names:
        """Names of its outputs: "causal" too where it reads forward, in one piece."""
        return frozenset({"sequence", "pooled", *["causal"] * self._forward})

    @property
    def _forward(self) -> bool:
        """Whether it can go on where a text ends."""
        return not self.bidirectional and self.window is None

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"tokens": int32 [B, T]} -> its outputs.

        Id 0 is padding and comes after the real tokens; the sequence is zero there.
        D = P = width, or twice that if bidirectional; with skip P = D + E.

        Args:
          specs: of "tokens", whose ids are below its size.

        Returns:
          a keras.Model with the outputs "sequence" [B, T, D] and "pooled" [B, P]; if
          it reads forward only, in one piece, "causal" is the sequence too.
        """
        import keras

        from tfm import layers

        tokens = specs["tokens"]
        tokens_BT = keras.Input(tokens.shape, dtype=tokens.dtype, name="tokens")
        mask_BT = keras.ops.not_equal(tokens_BT, 0)
        x_BTE = layers.TokenEmbedding(
            tokens.size,
            self.embedding_width,
            dropout=self.embedding_dropout,
            name="embedding",
        )(tokens_BT)
        sequence_BTD, pooled_BP = layers.LSTM(
            self.width,
            self.num_layers,
            self.bidirectional,
            dropout=self.dropout,
            l1=self.l1,
            l2=self.l2,
            window=self.window,
            name="lstm",
        )(x_BTE, mask=mask_BT)
        if self.pooling != "last":
            pooled_BP = layers.Pooling(
                self.pooling, sequence_BTD.shape[-1], name="pooling"
            )(sequence_BTD, mask=mask_BT)
        if self.skip:
            mean_BE = layers.Pooling("mean", name="skip")(x_BTE, mask=mask_BT)
            pooled_BP = keras.ops.concatenate([pooled_BP, mean_BE], axis=-1)
        dropout = keras.layers.Dropout(self.dropout, name="dropout")
        outputs = {"sequence": dropout(sequence_BTD), "pooled": dropout(pooled_BP)}
        if self._forward:
            outputs["causal"] = outputs["sequence"]
        return keras.Model({"tokens": tokens_BT}, outputs, name="lstm_model")

    def decoding(self, model):
        """The decoding.LSTMDecoding of a model of `build`, or of one on it.

        Raises:
          UserError: it is bidirectional, or reads in windows.
        """
        from tfm.models import decoding

        if self.bidirectional:
            raise errors.UserError(
                "A bidirectional LSTM sees what follows, so it cannot generate. "
                "Got bidirectional=True."
            )
        if self.window is not None:
            raise errors.UserError(
                "An LSTM that begins anew in each window forgets what was before, so "
                f"it cannot generate. Got window={self.window}."
            )
        return decoding.LSTMDecoding(model)
