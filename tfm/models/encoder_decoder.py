"""Transformer encoder-decoder (T5), text to text.

B batch, S positions of the encoder, T positions of the decoder, D width.
"""

import dataclasses
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm.models import stack


@dataclasses.dataclass(frozen=True)
class EncoderDecoder(stack.Stack):
    """Text to text, in the shape of T5 (Raffel et al. 2020, arXiv:1910.10683).

    One table of tokens for both sides, or one of each; normalized before each
    residual; weights start as GPT-2's. Positions are rotary in place of T5's learned
    biases of the scores.
    """

    num_layers: int = 2  # blocks of the encoder, and of the decoder
    position: stack.Position = "rotary"  # how a token's place is told
    normalization: stack.Normalization = "rms"  # subtract the mean, or rms: do not
    bias: bool = False  # of dense layers and "layer" norms
    dropout: float = 0.0  # share dropped in feed-forward networks and residuals
    embedding_dropout: float = 0.0  # share of the embeddings' entries dropped
    # one table of tokens for both sides; false for inputs with two vocabularies
    share_embedding: bool = True

    reads, optional = frozenset({"tokens", "decoder_tokens"}), frozenset()
    gives = frozenset({"sequence", "causal", "memory"})

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model of {"tokens": int32 [B, S], "decoder_tokens": int32 [B, T]}.

        Id 0 is padding; the sequence and the memory are zero there. In the decoder's
        tokens it comes after the real ones, so none of them sees it.

        Args:
          specs: of "tokens" and "decoder_tokens", whose ids are below the tokens' size.
            The built model takes fewer of the decoder's tokens as well, and as many as
            the longer of the two has.

        Returns:
          a keras.Model with the outputs "sequence" [B, T, D] of the decoder, which is
          "causal" too, and "memory" [B, S, D] of the encoder.
        """
        import keras

        from tfm import layers
        from tfm.models import initial

        tokens, decoder_tokens = specs["tokens"], specs["decoder_tokens"]
        tokens_BS = stack.inputs(specs, "tokens")["tokens"]
        decoder_tokens_BT = keras.Input(
            (None,), dtype=decoder_tokens.dtype, name="decoder_tokens"
        )
        self._check_sizes(tokens, decoder_tokens)
        embedding = source_embedding = self._token_embedding(decoder_tokens.size)
        if not self.share_embedding:
            source_embedding = self._token_embedding(tokens.size, "source_embedding")

        def embed(embedding, tokens_BT, prefix, length):
            x_BTD = self._add_positions(embedding(tokens_BT), length, prefix=prefix)
            name = f"{prefix}embedding_dropout"
            return keras.layers.Dropout(self.embedding_dropout, name=name)(x_BTD)

        mask_BS = keras.ops.not_equal(tokens_BS, 0)
        memory_BSD = embed(source_embedding, tokens_BS, "", tokens.shape[0])
        for i in range(self.num_layers):
            kind = layers.TransformerEncoderBlock
            memory_BSD = self._block(kind, f"block_{i}")(memory_BSD, mask=mask_BS)
        memory_BSD = self._normalized(memory_BSD, "final_norm")
        memory_BSD = layers.ZeroPadding(name="memory")(memory_BSD, mask=mask_BS)

        longest = max(tokens.shape[0], decoder_tokens.shape[0])
        x_BTD = embed(embedding, decoder_tokens_BT, "decoder_", longest)
        x_BTD = self._decoded(x_BTD, memory_BSD, mask_BS)
        mask_BT = keras.ops.not_equal(decoder_tokens_BT, 0)
        sequence_BTD = layers.ZeroPadding(name="sequence")(x_BTD, mask=mask_BT)
        model = keras.Model(
            {"tokens": tokens_BS, "decoder_tokens": decoder_tokens_BT},
            {"sequence": sequence_BTD, "causal": sequence_BTD, "memory": memory_BSD},
            name="encoder_decoder_model",
        )
        initial.gpt2(model, self.num_layers)
        return model

    def _decoded(self, x_BTD, memory_BSD, mask_BS):
        """x_BTD after the blocks of the decoder, which see the memory."""
        from tfm import layers

        for i in range(self.num_layers):
            kind = layers.TransformerDecoderBlock
            block = self._block(kind, f"decoder_block_{i}", cross_attention=True)
            x_BTD = block(x_BTD, memory_BSD, memory_mask=mask_BS)
        return self._normalized(x_BTD, "decoder_final_norm")

    def _normalized(self, x_BTD, name: str):
        from tfm import layers

        return layers.normalize(self.normalization, name, self.bias)(x_BTD)

    def _check_sizes(self, tokens, decoder_tokens) -> None:
        if self.share_embedding and tokens.size != decoder_tokens.size:
            raise errors.UserError(
                "One table of tokens needs one vocabulary. The texts have "
                f"{tokens.size:,} tokens, what is written {decoder_tokens.size:,}: "
                "give --model.share_embedding=false."
            )

    def decoding(self, model):
        """The decoding.EncoderDecoderDecoding of a model of `build`, or one on it."""
        from tfm.models import decoding

        return decoding.EncoderDecoderDecoding(model, self.num_layers)
