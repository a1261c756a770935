"""Transformer decoder (GPT): causal self-attention. B batch, T positions, D width."""

import dataclasses
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm import validation
from tfm.models import stack


@dataclasses.dataclass(frozen=True)
class Decoder(stack.Stack):
    """A language model's backbone (GPT-2: Radford et al. 2019).

    Normalized before each residual; weights start as GPT-2's. Llama's shape is
    position="rotary", normalization="rms", activation="swiglu", bias=False.
    """

    num_layers: int = 4  # blocks
    width: int = 128  # of every layer's output; all heads together
    feedforward_width: int = 512  # hidden width of the feed-forward networks
    dropout: float = 0.0  # share dropped in feed-forward networks and residuals
    embedding_dropout: float = 0.0  # share of the embeddings' entries dropped
    num_key_heads: int | None = None  # heads of keys and values; none: num_heads
    pooling: stack.Pooling = "last"  # how the positions become the text's vector

    reads, optional = frozenset({"tokens"}), frozenset({"segments"})
    gives = frozenset({"sequence", "pooled", "causal"})

    def __post_init__(self):
        super().__post_init__()
        validation.one_of(self, pooling=stack.Pooling)
        if self.num_key_heads is not None:
            validation.at_least(self, 1, "num_key_heads")
            if self.num_heads % self.num_key_heads:
                raise errors.UserError(
                    "num_heads must divide by num_key_heads. Got num_heads="
                    f"{self.num_heads}, num_key_heads={self.num_key_heads}."
                )

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model {"tokens": int32 [B, T]} -> its outputs.

        Id 0 is padding and comes after the real tokens, so none of them sees it; the
        sequence is zero there. The weights have the same names packed or not.

        Args:
          specs: of "tokens", whose ids are below its size. With "segments" int32 [B, T]
            a row holds several texts, numbered from 1 on; texts do not see each other,
            and positions start anew in each.

        Returns:
          a keras.Model with the outputs "sequence" [B, T, D], which is "causal" too,
          and "pooled" [B, D].
        """
        import keras

        from tfm import layers
        from tfm.models import initial

        inputs = stack.inputs(specs, "tokens", "segments")
        tokens_BT = inputs["tokens"]
        mask_BT = keras.ops.not_equal(tokens_BT, 0)
        seen_BTS = positions_BT = None
        if "segments" in inputs:
            seen_BTS, positions_BT = layers.Packing(name="packing")(inputs["segments"])
        x_BTD = self._token_embedding(specs["tokens"].size)(tokens_BT)
        x_BTD = self._add_positions(x_BTD, tokens_BT.shape[1], positions_BT)
        x_BTD = keras.layers.Dropout(self.embedding_dropout, name="embedding_dropout")(
            x_BTD
        )
        for i in range(self.num_layers):
            block = self._block(
                layers.TransformerDecoderBlock,
                f"block_{i}",
                num_key_heads=self.num_key_heads,
            )
            x_BTD = block(x_BTD, mask=seen_BTS, positions=positions_BT)
        x_BTD = layers.normalize(self.normalization, "final_norm", self.bias)(x_BTD)
        sequence_BTD = layers.ZeroPadding(name="sequence")(x_BTD, mask=mask_BT)
        pooled_BD = layers.Pooling(self.pooling, self.width, name="pooling")(
            sequence_BTD, mask=mask_BT
        )
        outputs = {
            "sequence": sequence_BTD,
            "pooled": pooled_BD,
            "causal": sequence_BTD,
        }
        model = keras.Model(inputs, outputs, name="decoder_model")
        initial.gpt2(model, self.num_layers)
        return model

    def decoding(self, model):
        """The decoding.TransformerDecoding of a model of `build`, or of one on it."""
        from tfm.models import decoding

        return decoding.TransformerDecoding(model, self.num_layers)
