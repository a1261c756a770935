"""An LSTM over token embeddings.

B batch, T positions, E embedding width, D width, P pooled width.
"""

import dataclasses
from typing import Literal

from tfm import errors
from tfm import validation as ranges
from tfm.models import checks

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
    init_from: str = ""  # run folder or preset whose weights it starts from

    def __post_init__(self):
        ranges.at_least(self, 1, "embedding_width", "width", "num_layers")
        ranges.fraction(self, "dropout", "embedding_dropout")
        ranges.at_least(self, 0, "l1", "l2")
        ranges.one_of(self, pooling=Pooling)

    def build(
        self, vocab_size: int, max_length: int, packed: bool = False, types: int = 0
    ):
        """The keras.Model tokens_BT int32 -> {"sequence": s_BTD, "pooled": p_BP}.

        Id 0 is padding and comes after the real tokens; the sequence is zero there.
        D = P = width, or twice that if bidirectional.

        Args:
          vocab_size: ids are below it.
          max_length: T.
          packed: must be False.
          types: must be 0.
        """
        import keras

        from tfm import layers

        checks.not_packed(self, packed)
        checks.no_types(self, types)
        tokens_BT = keras.Input((max_length,), dtype="int32", name="tokens")
        mask_BT = keras.ops.not_equal(tokens_BT, 0)
        x_BTE = layers.TokenEmbedding(
            vocab_size,
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
            name="lstm",
        )(x_BTE, mask=mask_BT)
        if self.pooling != "last":
            pooled_BP = layers.Pooling(
                self.pooling, sequence_BTD.shape[-1], name="pooling"
            )(sequence_BTD, mask=mask_BT)
        dropout = keras.layers.Dropout(self.dropout, name="dropout")
        outputs = {"sequence": dropout(sequence_BTD), "pooled": dropout(pooled_BP)}
        return keras.Model(tokens_BT, outputs, name="lstm_model")

    @property
    def sees_ahead(self) -> bool:
        """Whether each position sees the later ones."""
        return self.bidirectional

    def stepper(self, model):
        """The steppers.LSTMStepper of a model of `build`, or of one on it."""
        from tfm.models import steppers

        if self.bidirectional:
            raise errors.UserError(
                "A bidirectional LSTM sees what follows, so it cannot generate. "
                "Got bidirectional=True."
            )
        return steppers.LSTMStepper(model)
