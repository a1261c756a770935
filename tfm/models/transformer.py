"""Transformer encoder (BERT) over token embeddings. B batch, T positions, D width."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from tfm import interfaces
from tfm import validation
from tfm.models import stack

Norm = Literal["pre", "post"]


@dataclasses.dataclass(frozen=True)
class Transformer(stack.Stack):
    """Embeddings with positions, then encoder blocks (Vaswani et al. 2017)."""

    norm: Norm = "pre"  # normalize before or after each residual
    embedding_norm: bool = False  # normalize the embeddings too, as BERT does
    pooling: stack.Pooling = "mean"  # how the positions become the text's vector
    # of all kernels and tables, which start normal (cut off at twice that), as BERT's;
    # 0: Keras's own, by the width of each
    initial_stddev: float = 0.0

    reads, optional = frozenset({"tokens"}), frozenset({"segments", "types"})
    gives = frozenset({"sequence", "pooled"})

    def __post_init__(self):
        super().__post_init__()
        validation.one_of(self, norm=Norm, pooling=stack.Pooling)
        validation.at_least(self, 0, "initial_stddev")

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"tokens": int32 [B, T]} -> its outputs.

        Id 0 is padding; the sequence is zero there. The weights have the same names
        whatever the inputs, but for the table of types.

        Args:
          specs: of "tokens", whose ids are below its size. With "segments" int32 [B, T]
            a row holds several texts, numbered from 1 on; texts do not see each other,
            and positions start anew in each. With "types" int32 [B, T] a token is of
            one of so many kinds as its size, such as first and second sentence.

        Returns:
          a keras.Model with the outputs "sequence" [B, T, D] and "pooled" [B, D].
        """
        import keras

        from tfm import layers
        from tfm.models import initial

        inputs = stack.inputs(specs, "tokens", "segments", "types")
        tokens_BT = inputs["tokens"]
        mask_BT = mask = keras.ops.not_equal(tokens_BT, 0)
        positions_BT = None
        if "segments" in inputs:
            mask, positions_BT = layers.Packing(name="packing")(
                inputs["segments"], mask=mask_BT
            )
        x_BTD = self._token_embedding(specs["tokens"].size)(tokens_BT)
        x_BTD = self._add_positions(x_BTD, tokens_BT.shape[1], positions_BT)
        if "types" in inputs:
            x_BTD = x_BTD + layers.TokenEmbedding(
                specs["types"].size, self.width, name="type_embedding"
            )(inputs["types"])
        if self.embedding_norm:
            x_BTD = layers.normalize(self.normalization, "embedding_norm", self.bias)(
                x_BTD
            )
        x_BTD = keras.layers.Dropout(self.embedding_dropout, name="embedding_dropout")(
            x_BTD
        )
        for i in range(self.num_layers):
            block = self._block(
                layers.TransformerEncoderBlock, f"block_{i}", norm=self.norm
            )
            x_BTD = block(x_BTD, mask=mask, positions=positions_BT)
        if self.norm == "pre":
            x_BTD = layers.normalize(self.normalization, "final_norm", self.bias)(x_BTD)
        sequence_BTD = layers.ZeroPadding(name="sequence")(x_BTD, mask=mask_BT)
        pooled_BD = layers.Pooling(self.pooling, self.width, name="pooling")(
            sequence_BTD, mask=mask_BT
        )
        outputs = {"sequence": sequence_BTD, "pooled": pooled_BD}
        model = keras.Model(inputs, outputs, name="transformer_model")
        if self.initial_stddev:
            initial.normal(model, self.initial_stddev, cut_off=True)
        return model
