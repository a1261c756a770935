"""A Transformer encoder over token embeddings. B batch, T positions, D width."""

import dataclasses
from typing import Literal

from tfm import errors
from tfm.models import checks

Activation = Literal["relu", "gelu", "swiglu"]
Position = Literal["learned", "sinusoidal", "rotary"]
Norm = Literal["pre", "post"]
Normalization = Literal["layer", "rms"]
Pooling = Literal["mean", "max", "first", "last", "attention"]


@dataclasses.dataclass(frozen=True)
class Transformer:
    """Embeddings with positions, then encoder blocks (Vaswani et al. 2017)."""

    num_layers: int = 2  # encoder blocks
    width: int = 64  # of every layer's output; all heads together
    num_heads: int = 4  # of the attention; width must divide by it
    feedforward_width: int = 256  # hidden width of the feed-forward networks
    activation: Activation = "gelu"  # of the feed-forward networks
    position: Position = "learned"  # how a token's place is told
    norm: Norm = "pre"  # normalize before or after each residual
    normalization: Normalization = "layer"  # subtract the mean, or rms: do not
    dropout: float = 0.1  # share dropped in feed-forward networks and residuals
    attention_dropout: float = 0.0  # share of the attention weights dropped; slow
    embedding_dropout: float = 0.1  # share of the embeddings' entries dropped
    pooling: Pooling = "mean"  # how the positions become the text's vector
    l1: float = 0.0  # penalty on |weight| of the blocks' kernels
    l2: float = 0.0  # penalty on weight^2 of the blocks' kernels

    def __post_init__(self):
        checks.positive(self, "num_layers", "width", "num_heads", "feedforward_width")
        checks.fraction(self, "dropout", "attention_dropout", "embedding_dropout")
        checks.not_negative(self, "l1", "l2")
        checks.one_of(
            self,
            activation=Activation,
            position=Position,
            norm=Norm,
            normalization=Normalization,
            pooling=Pooling,
        )
        if self.width % self.num_heads:
            raise errors.UserError(
                "width must divide by num_heads. "
                f"Got width={self.width}, num_heads={self.num_heads}."
            )
        if self.position == "rotary" and self.width // self.num_heads % 2:
            raise errors.UserError(
                "Rotary positions need an even width / num_heads. "
                f"Got width={self.width}, num_heads={self.num_heads}."
            )

    def build(self, vocab_size: int, max_length: int):
        """The keras.Model tokens_BT int32 -> {"sequence": s_BTD, "pooled": p_BD}.

        Id 0 is padding; the sequence is zero there.

        Args:
          vocab_size: ids are below it.
          max_length: T.
        """
        import keras

        from tfm import layers

        tokens_BT = keras.Input((max_length,), dtype="int32", name="tokens")
        mask_BT = keras.ops.not_equal(tokens_BT, 0)
        x_BTD = layers.TokenEmbedding(
            vocab_size,
            self.width,
            scale=self.position == "sinusoidal",  # beside sinusoids of size 1
            name="embedding",
        )(tokens_BT)
        if self.position == "learned":
            x_BTD = layers.LearnedPositions(max_length, self.width, name="positions")(
                x_BTD
            )
        elif self.position == "sinusoidal":
            x_BTD = layers.SinusoidalPositions(name="positions")(x_BTD)
        x_BTD = keras.layers.Dropout(self.embedding_dropout, name="embedding_dropout")(
            x_BTD
        )
        for i in range(self.num_layers):
            x_BTD = layers.TransformerEncoderBlock(
                self.width,
                self.num_heads,
                self.feedforward_width,
                activation=self.activation,
                norm=self.norm,
                normalization=self.normalization,
                rotary=self.position == "rotary",
                dropout=self.dropout,
                attention_dropout=self.attention_dropout,
                l1=self.l1,
                l2=self.l2,
                name=f"block_{i}",
            )(x_BTD, mask=mask_BT)
        if self.norm == "pre":
            x_BTD = layers.normalize(self.normalization, name="final_norm")(x_BTD)
        sequence_BTD = layers.ZeroPadding(name="sequence")(x_BTD, mask=mask_BT)
        pooled_BD = layers.Pooling(self.pooling, self.width, name="pooling")(
            sequence_BTD, mask=mask_BT
        )
        outputs = {"sequence": sequence_BTD, "pooled": pooled_BD}
        return keras.Model(tokens_BT, outputs, name="transformer_model")
