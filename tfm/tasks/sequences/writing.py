"""Writing within an evaluation's graph: greedy decoding or beam search.

B batch, S tokens of a text, T of what is written, V tokens in all.
"""

from collections.abc import Callable

import keras
from keras import ops

from tfm import generation
from tfm.generation import loop
from tfm.generation import prompts
from tfm.models import decoding


class Writer:
    """Texts written by a model of {"tokens", "decoder_tokens"}.

    Args:
      model: whose output is logits [B, T, V]. With the layers of
        models.EncoderDecoder it is read on with a KV cache; any other is called anew
        for each token.
      logits: the head, (model, features [B, D]) -> scores [B, V].
      tokenizer: of what is written; no other special token than [EOS] is.
    """

    def __init__(self, model: keras.Model, logits: Callable, tokenizer):
        cached = decoding.of_encoder_decoder(model)
        self._loop = loop.Loop(
            cached or _Whole(model),
            (lambda x_BD: logits(model, x_BD)) if cached else (lambda x_BV: x_BV),
            prompts.allowed(tokenizer),
            tokenizer.eos_id,
        )
        self._start_id = tokenizer.eos_id

    def __call__(self, tokens_BS, settings: generation.Settings):
        """int32 [B, max_new_tokens], 0 after the end."""
        return self._loop.written(settings, tokens_BS, self._start_id)


class _Whole:
    """Decoding without a cache, as models.decoding has it: what is there, read anew."""

    def __init__(self, model: keras.Model):
        self._model = model

    def init_cache(self, batch_size, length: int, source=None):
        return source, ops.zeros((batch_size, length), "int32")

    def decode_step(self, tokens_BT, cache, slot, starts_B=None):
        source_BS, written_BT = cache
        places_T = ops.arange(written_BT.shape[1])
        written_BT = ops.where(places_T == slot, tokens_BT, written_BT)
        logits_BTV = self._model(
            {"tokens": source_BS, "decoder_tokens": written_BT}, training=False
        )
        chosen_T1 = ops.cast(places_T == slot, logits_BTV.dtype)[:, None]
        logits_B1V = ops.sum(logits_BTV * chosen_T1, axis=1, keepdims=True)
        return logits_B1V, (source_BS, written_BT)
