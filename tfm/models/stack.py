"""Fields and parts that the Transformers share. B batch, T positions, D width."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from tfm import errors
from tfm import interfaces
from tfm import validation

Activation = Literal["relu", "gelu", "swiglu"]
Position = Literal["learned", "sinusoidal", "rotary"]
Normalization = Literal["layer", "rms"]
Pooling = Literal["mean", "max", "first", "last", "attention"]


@dataclasses.dataclass(frozen=True)
class Stack:
    """Embeddings with positions, then Transformer blocks: fields and parts."""

    num_layers: int = 2  # blocks
    width: int = 64  # of every layer's output; all heads together
    num_heads: int = 4  # of the attention; width must divide by it
    feedforward_width: int = 256  # hidden width of the feed-forward networks
    activation: Activation = "gelu"  # of the feed-forward networks
    position: Position = "learned"  # how a token's place is told
    normalization: Normalization = "layer"  # subtract the mean, or rms: do not
    bias: bool = True  # of dense layers and "layer" norms
    dropout: float = 0.1  # share dropped in feed-forward networks and residuals
    attention_dropout: float = 0.0  # share of the attention weights dropped; slow
    embedding_dropout: float = 0.1  # share of the embeddings' entries dropped
    l1: float = 0.0  # penalty on |weight| of the blocks' kernels
    l2: float = 0.0  # penalty on weight^2 of the blocks' kernels

    embedding_field = "width"

    def __post_init__(self):
        validation.at_least(
            self, 1, "num_layers", "width", "num_heads", "feedforward_width"
        )
        validation.fraction(self, "dropout", "attention_dropout", "embedding_dropout")
        validation.at_least(self, 0, "l1", "l2")
        validation.one_of(
            self,
            activation=Activation,
            position=Position,
            normalization=Normalization,
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

    def _token_embedding(self, vocab_size: int, name: str = "embedding"):
        from tfm import layers

        return layers.TokenEmbedding(
            vocab_size,
            self.width,
            scale=self.position == "sinusoidal",  # beside sinusoids of size 1
            name=name,
        )

    def _add_positions(self, x_BTD, max_length: int, positions_BT=None, prefix=""):
        """x_BTD with what the position adds to it, if anything; see `position`."""
        from tfm import layers

        if self.position == "learned":
            layer = layers.LearnedPositions(
                max_length, self.width, name=f"{prefix}positions"
            )
        elif self.position == "sinusoidal":
            layer = layers.SinusoidalPositions(name=f"{prefix}positions")
        else:
            return x_BTD
        return layer(x_BTD, positions=positions_BT)

    def _block(self, kind, name: str, **options):
        """A block of the `kind` with these fields."""
        return kind(
            self.width,
            self.num_heads,
            self.feedforward_width,
            activation=self.activation,
            normalization=self.normalization,
            rotary=self.position == "rotary",
            dropout=self.dropout,
            attention_dropout=self.attention_dropout,
            l1=self.l1,
            l2=self.l2,
            bias=self.bias,
            name=name,
            **options,
        )


def inputs(specs: Mapping[str, interfaces.Spec], *names: str) -> dict:
    """Inputs of a keras.Model: those of the names that have specs, in this order."""
    import keras

    return {
        name: keras.Input(specs[name].shape, dtype=specs[name].dtype, name=name)
        for name in names
        if name in specs
    }
