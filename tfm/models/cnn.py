"""Convolutional network (CNN) over token embeddings.

B batch, T positions, E embedding width, F filters, D width of all filters together.
"""

import dataclasses
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm import validation


@dataclasses.dataclass(frozen=True)
class CNN:
    """Parallel convolutions, then each filter's maximum (Kim 2014, arXiv:1408.5882)."""

    embedding_width: int = 128  # entries of a token's vector
    num_filters: int = 64  # of each kernel width
    kernel_widths: tuple[int, ...] = (3, 4, 5)  # tokens that a filter sees at once
    dropout: float = 0.0  # share of the outputs dropped
    embedding_dropout: float = 0.0  # share of the embeddings' entries dropped
    l1: float = 0.0  # penalty on |weight| of the convolutions' kernels
    l2: float = 0.0  # penalty on weight^2 of the convolutions' kernels

    reads, optional = frozenset({"tokens"}), frozenset()
    embedding_field = "embedding_width"
    gives = frozenset({"sequence", "pooled"})

    def __post_init__(self):
        validation.at_least(self, 1, "embedding_width", "num_filters")
        validation.fraction(self, "dropout", "embedding_dropout")
        validation.at_least(self, 0, "l1", "l2")
        if not self.kernel_widths or min(self.kernel_widths) < 1:
            raise errors.UserError(
                "kernel_widths must be one or more widths of at least 1. "
                f"Got kernel_widths={self.kernel_widths}."
            )

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"tokens": int32 [B, T]} -> its outputs.

        Id 0 is padding; the sequence is zero there, and so is what a filter sees of
        it. D = num_filters * len(kernel_widths).

        Args:
          specs: of "tokens", whose ids are below its size.

        Returns:
          a keras.Model with the outputs "sequence" [B, T, D] and "pooled" [B, D].
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
        x_BTE = layers.ZeroPadding(name="zero_embeddings")(x_BTE, mask=mask_BT)
        features_BTF = [
            keras.layers.Conv1D(
                self.num_filters,
                kernel_width,
                padding="same",
                activation="relu",
                kernel_regularizer=layers.l1_l2(self.l1, self.l2),
                name=f"convolution_{kernel_width}",
            )(x_BTE)
            for kernel_width in self.kernel_widths
        ]
        x_BTD = keras.ops.concatenate(features_BTF, axis=-1)
        sequence_BTD = layers.ZeroPadding(name="sequence")(x_BTD, mask=mask_BT)
        pooled_BD = layers.Pooling("max", name="pooling")(sequence_BTD, mask=mask_BT)
        dropout = keras.layers.Dropout(self.dropout, name="dropout")
        outputs = {"sequence": dropout(sequence_BTD), "pooled": dropout(pooled_BD)}
        return keras.Model({"tokens": tokens_BT}, outputs, name="cnn_model")
