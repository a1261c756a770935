"""Transformer encoder and decoder blocks, layer normalization.

B batch, T positions, D width; S positions of the memory.
"""

import keras

from tfm.layers import attention
from tfm.layers import base
from tfm.layers import feedforward

NORMS = ("pre", "post")
NORMALIZATIONS = ("layer", "rms")
_EPSILON = 1e-5


@keras.saving.register_keras_serializable(package="tfm")
class TransformerEncoderBlock(base.Layer):
    """Transformer encoder block: self-attention, feed-forward network, residuals.

    norm="post": norm(x + f(x)), Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762);
    norm="pre": x + f(norm(x)), Xiong et al. 2020 (https://arxiv.org/abs/2002.04745),
    and the model normalizes once more after its last block.

    Args:
      width: D.
      num_heads: of the attention, dividing the width.
      feedforward_width: hidden width of the feed-forward network.
      activation: relu, gelu or swiglu.
      norm: "pre" or "post".
      normalization: "layer", or "rms" (https://arxiv.org/abs/1910.07467).
      rotary: rotary positions in the attention.
      num_key_heads: heads of keys and values, fewer than num_heads if grouped.
      dropout: share dropped of the hidden values and of what each residual adds.
      attention_dropout: share of the attention weights dropped; B * H * T * T random
        numbers, which on a CPU take as long as the attention itself.
      l1: penalty on |weight| of the kernels.
      l2: penalty on weight^2 of the kernels.
      bias: whether dense layers and "layer" norms have biases.

    Call arguments:
      x_BTD.
      mask: bool [B, T], True = real token; or [B, T, T], True = may be attended to.
      positions: int32 [T] or [B, T] for rotary; 0 to T - 1 if None.

    Returns:
      x_BTD.
    """

    def __init__(
        self,
        width,
        num_heads,
        feedforward_width,
        activation="gelu",
        norm="pre",
        normalization="layer",
        rotary=False,
        num_key_heads=None,
        dropout=0.0,
        attention_dropout=0.0,
        l1=0.0,
        l2=0.0,
        bias=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _check_norm(norm)
        self.pre = norm == "pre"
        self.attention = attention.MultiHeadAttention(
            width,
            num_heads,
            num_key_heads=num_key_heads,
            rotary=rotary,
            dropout=attention_dropout,
            l1=l1,
            l2=l2,
            bias=bias,
            name="attention",
        )
        self.feedforward = feedforward.FeedForward(
            width,
            feedforward_width,
            activation,
            dropout,
            l1,
            l2,
            bias,
            name="feedforward",
        )
        self.attention_norm = normalize(normalization, "attention_norm", bias)
        self.feedforward_norm = normalize(normalization, "feedforward_norm", bias)
        self.dropout = keras.layers.Dropout(dropout)

    def call(self, x_BTD, mask=None, positions=None):
        def attend(y_BTD):
            return self.dropout(self.attention(y_BTD, mask=mask, positions=positions))

        def feed(y_BTD):
            return self.dropout(self.feedforward(y_BTD))

        x_BTD = _residual(x_BTD, attend, self.attention_norm, self.pre)
        return _residual(x_BTD, feed, self.feedforward_norm, self.pre)


@keras.saving.register_keras_serializable(package="tfm")
class TransformerDecoderBlock(base.Layer):
    """Transformer decoder block: causal self-attention, cross-attention, feed-forward.

    Attention over a memory is there if asked for.

    Sources and arguments as TransformerEncoderBlock, and:

    Args:
      cross_attention: attend over a memory as well, such as an encoder's output.

    Call arguments:
      x_BTD.
      memory_BSM: with cross_attention, of any width.
      mask: bool [B, T], True = real token; or [B, T, T], True = may be attended to
        where the causal order allows it.
      memory_mask: bool [B, S], True = real token of the memory.
      positions: int32 [T] or [B, T] for rotary; 0 to T - 1 if None.

    Returns:
      x_BTD.
    """

    def __init__(
        self,
        width,
        num_heads,
        feedforward_width,
        activation="gelu",
        norm="pre",
        normalization="layer",
        rotary=False,
        num_key_heads=None,
        cross_attention=False,
        dropout=0.0,
        attention_dropout=0.0,
        l1=0.0,
        l2=0.0,
        bias=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _check_norm(norm)
        self.pre = norm == "pre"

        def attend(name, **options):
            return attention.MultiHeadAttention(
                width,
                num_heads,
                num_key_heads=num_key_heads,
                dropout=attention_dropout,
                l1=l1,
                l2=l2,
                bias=bias,
                name=name,
                **options,
            )

        self.attention = attend("attention", causal=True, rotary=rotary)
        self.attention_norm = normalize(normalization, "attention_norm", bias)
        self.cross_attention = None
        if cross_attention:
            self.cross_attention = attend("cross_attention")
            self.cross_norm = normalize(normalization, "cross_norm", bias)
        self.feedforward = feedforward.FeedForward(
            width,
            feedforward_width,
            activation,
            dropout,
            l1,
            l2,
            bias,
            name="feedforward",
        )
        self.feedforward_norm = normalize(normalization, "feedforward_norm", bias)
        self.dropout = keras.layers.Dropout(dropout)

    def call(self, x_BTD, memory_BSM=None, mask=None, memory_mask=None, positions=None):
        if (memory_BSM is None) != (self.cross_attention is None):
            raise ValueError(
                "A decoder block needs a memory exactly if cross_attention is set. "
                f"Got cross_attention={self.cross_attention is not None}, "
                f"memory={'none' if memory_BSM is None else 'given'}."
            )

        def attend(y_BTD):
            return self.attention(y_BTD, mask=mask, positions=positions)

        def attend_memory(y_BTD):
            return self.cross_attention(y_BTD, memory_BSM, mask=memory_mask)

        return self._sublayers(x_BTD, attend, attend_memory)

    def step(self, x_BTD, cache, slot, mask, positions, memory=None, memory_mask=None):
        """Incremental `call` on T new positions; those before are in a KV cache.

        Args:
          x_BTD: the new positions.
          cache: of attention.empty_cache or an earlier step.
          slot: int32 scalar, the cache's place of the first new position.
          mask: bool [T, S] or [B, T, S], which slots of the cache each one sees.
          positions: int32 [T] or [B, T].
          memory: cross_attention.keys_and_values of the memory.
          memory_mask: as of `call`.

        Returns:
          x_BTD, and the cache with the new positions.
        """

        def attend(y_BTD):
            nonlocal cache
            cache = self.attention.extend(cache, y_BTD, slot, positions)
            return self.attention.attend(y_BTD, cache, mask, positions)

        def attend_memory(y_BTD):
            return self.cross_attention.attend(y_BTD, memory, memory_mask)

        return self._sublayers(x_BTD, attend, attend_memory), cache

    def _sublayers(self, x_BTD, attend, attend_memory):
        def residual(x_BTD, sublayer, norm):
            dropped = lambda y_BTD: self.dropout(sublayer(y_BTD))  # noqa: E731
            return _residual(x_BTD, dropped, norm, self.pre)

        x_BTD = residual(x_BTD, attend, self.attention_norm)
        if self.cross_attention is not None:
            x_BTD = residual(x_BTD, attend_memory, self.cross_norm)
        return residual(x_BTD, self.feedforward, self.feedforward_norm)


def normalize(
    normalization: str, name: str | None = None, bias: bool = True
) -> keras.layers.Layer:
    """Layer normalization (Ba et al. 2016), or RMS (Zhang & Sennrich 2019).

    Both compute in float32 under any policy. "rms" never has a bias.
    """
    if normalization == "layer":
        return keras.layers.LayerNormalization(epsilon=_EPSILON, center=bias, name=name)
    if normalization == "rms":
        return keras.layers.RMSNormalization(epsilon=_EPSILON, name=name)
    raise ValueError(
        f"normalization must be one of {', '.join(NORMALIZATIONS)}. "
        f"Got {normalization!r}."
    )


def _residual(x_BTD, sublayer, norm, pre: bool):
    return x_BTD + sublayer(norm(x_BTD)) if pre else norm(x_BTD + sublayer(x_BTD))


def _check_norm(norm: str):
    if norm not in NORMS:
        raise ValueError(f"norm must be one of {', '.join(NORMS)}. Got {norm!r}.")
