"""Compiled decoding loop with a KV cache: sampling and beam search.

B rows, S slots, P a prompt's tokens, V vocabulary.

A row's tokens lie in a buffer int32 [B, S + 1], its prompt on the left, padded on the
left to P. The cache has S slots; the token of slot s is made from the slots before it,
so the buffer has one more. Each function is compiled for any B.
"""

import dataclasses
import functools
from collections.abc import Callable

import keras_nlp
import numpy as np
import tensorflow as tf

from tfm.generation import beam_search
from tfm.generation import choice
from tfm.generation import settings as settings_lib


class Loop:
    """Prefill, sampling and beam search of a model, compiled.

    Args:
      decoding: of the model, see models.decoding.
      logits: the head, features [B, D] -> scores [B, V].
      allowed_V: bool, the tokens that may be made.
      eos_id: the token that ends a row, or None.
      jit_compile: by XLA, again for each number of rows; about twice as fast.
    """

    def __init__(
        self,
        decoding,
        logits: Callable,
        allowed_V: np.ndarray,
        eos_id: int | None,
        jit_compile: bool = True,
    ):
        self._decoding = decoding
        self._logits = logits
        self._forbidden_V = np.where(allowed_V, 0, -np.inf).astype(np.float32)
        self._eos_id = eos_id
        self._jit_compile = jit_compile
        self._functions = {}

    @classmethod
    def of(cls, run, reader, decoding, jit_compile: bool = True) -> "Loop":
        """That of a run's model.

        Args:
          run: as a Generator takes it.
          reader: a prompts.Reader of it.
          decoding: likewise, see models.decoding.
          jit_compile: as above.
        """
        head = run.objective.logits
        return cls(
            decoding,
            lambda x_BD: head(run.model, x_BD),
            reader.allowed,
            reader.eos_id,
            jit_compile,
        )

    def prefill(self, tokens_BP, starts_B, num_slots: int, source_BM=None):
        """The KV cache after all tokens of the prompts but the last.

        Args:
          tokens_BP: int32, padded on the left.
          starts_B: int32, the slot of each row's first token.
          num_slots: S.
          source_BM: int32, what an encoder reads.
        """

        def function(tokens_BP, starts_B, *source):
            batch_size = tf.shape(tokens_BP)[0]
            cache = self._decoding.init_cache(batch_size, num_slots, *source)
            if tokens_BP.shape[1] > 1:
                _, cache = self._decoding.decode_step(
                    tokens_BP[:, :-1], cache, tf.constant(0), starts_B
                )
            return cache

        arguments = (tokens_BP, starts_B)
        arguments += () if source_BM is None else (source_BM,)
        return self._call(("prefill", num_slots), function, arguments)

    def advance(self, settings: settings_lib.Settings, *arguments):
        """Makes the tokens of the slots from `slot` to `last`, or until all are done.

        Args:
          settings: how tokens are chosen.
          arguments: buffer_BS, cache, starts_B, done_B, uniform_BC, slot, last. A row
            that is done gets 0s. The random number for `slot` is the first one in
            uniform_BC.

        Returns:
          slot (the first one not made), buffer_BS, cache, done_B.
        """
        key = settings.temperature, settings.top_k, settings.top_p
        key = ("advance", *key, settings.repetition_penalty)
        return self._call(key, functools.partial(self._advance, settings), arguments)

    def search(self, settings: settings_lib.Settings, *arguments):
        """Beam search: the likeliest texts; see beam_search.

        Args:
          settings: num_beams and length_penalty of which.
          arguments: buffer_BS, cache, starts_B, slot: the first to be made; all
            others of the buffer are.

        Returns:
          tokens int32 [B, num_beams, S + 1], the likeliest first, and their scores,
          float32 [B, num_beams].
        """
        key = settings.num_beams, settings.length_penalty, settings.repetition_penalty
        key = ("search", *key)
        return self._call(key, functools.partial(self._search, settings), arguments)

    def written(self, settings: settings_lib.Settings, source_BM, start_id: int):
        """The likeliest answer to each source, for use in a graph of another's.

        Args:
          settings: max_new_tokens, and num_beams and length_penalty of the search; one
            beam is greedy decoding.
          source_BM: int32, what the encoder reads.
          start_id: what the decoder begins with.

        Returns:
          tokens int32 [B, max_new_tokens], 0 after the end.
        """
        batch_size, length = tf.shape(source_BM)[0], settings.max_new_tokens
        cache = self._decoding.init_cache(batch_size, length, source_BM)
        starts_B = tf.zeros([batch_size], tf.int32)
        begin_B1 = tf.fill([batch_size, 1], start_id)
        buffer_BS = tf.pad(begin_B1, [[0, 0], [0, length]])
        buffer_BS = tf.ensure_shape(buffer_BS, [None, length + 1])
        if settings.num_beams > 1:
            found_BKS, _ = self._search(settings, buffer_BS, cache, starts_B, 1)
            return found_BKS[:, 0, 1:]
        greedy = dataclasses.replace(settings, temperature=0)
        done_B, none_BC = tf.zeros([batch_size], bool), tf.zeros([batch_size, length])
        slot, last = tf.constant(1), tf.constant(length + 1)
        _, buffer_BS, *_ = self._advance(
            greedy, buffer_BS, cache, starts_B, done_B, none_BC, slot, last
        )
        return buffer_BS[:, 1:]

    def _advance(
        self, settings, buffer_BS, cache, starts_B, done_B, uniform_BC, slot, last
    ):
        choose = _chooser(settings)
        slots_S = tf.range(buffer_BS.shape[1])
        first = slot

        def one(slot, buffer_BS, cache, done_B):
            logits_BV, cache = self._next(buffer_BS, cache, slot, starts_B, settings)
            uniform_B = tf.gather(uniform_BC, slot - first, axis=1)
            token_B = tf.where(done_B, 0, choose(logits_BV, uniform_B))
            if self._eos_id is not None:
                done_B = tf.logical_or(done_B, token_B == self._eos_id)
            buffer_BS = tf.where(slots_S == slot, token_B[:, None], buffer_BS)
            return slot + 1, buffer_BS, cache, done_B

        def go_on(slot, buffer_BS, cache, done_B):
            return tf.logical_and(slot < last, tf.logical_not(tf.reduce_all(done_B)))

        return tf.while_loop(go_on, one, (slot, buffer_BS, cache, done_B))

    def _search(self, settings, buffer_BS, cache, starts_B, slot):
        starts_R = tf.repeat(starts_B, settings.num_beams)  # a row for each beam

        def next_scores(tokens_RS, cache, slot):
            return self._next(tokens_RS, cache, slot, starts_R, settings)

        return beam_search.search(
            next_scores,
            buffer_BS,
            cache,
            slot,
            num_beams=settings.num_beams,
            eos_id=self._eos_id,
            length_penalty=settings.length_penalty,
        )

    def _next(self, buffer_BS, cache, slot, starts_B, settings):
        """Scores of the token of `slot`, float32 [B, V], and the cache before it."""
        last_B1 = tf.gather(buffer_BS, slot[None] - 1, axis=1)
        sequence_B1D, cache = self._decoding.decode_step(
            last_B1, cache, slot - 1, starts_B
        )
        # without the axis of one token: a product by it takes four times as long
        logits_BV = tf.cast(self._logits(sequence_B1D[:, 0]), tf.float32)
        if settings.repetition_penalty != 1:
            if self._eos_id is not None:  # which a text begins after, and may end with
                buffer_BS = tf.where(buffer_BS == self._eos_id, 0, buffer_BS)
            logits_BV = choice.penalized(
                logits_BV, buffer_BS, settings.repetition_penalty
            )
        return logits_BV + self._forbidden_V, cache

    def _call(self, key, function, arguments):
        """Calls the function, compiled once for all numbers of rows."""
        arguments = tf.nest.map_structure(tf.convert_to_tensor, arguments)
        specs = tf.nest.map_structure(_spec, arguments)
        key = (*key, *((s.dtype, tuple(s.shape)) for s in tf.nest.flatten(specs)))
        if key not in self._functions:
            compiled = tf.function(
                function, autograph=False, jit_compile=self._jit_compile
            )
            self._functions[key] = compiled.get_concrete_function(*specs)
        return self._functions[key](*arguments)


def _spec(tensor) -> tf.TensorSpec:
    shape = [None, *tensor.shape[1:]] if len(tensor.shape) else []
    return tf.TensorSpec(shape, tensor.dtype)


def _chooser(settings: settings_lib.Settings):
    """A function of logits_BV and uniform_B -> int32 [B]."""
    if settings.temperature == 0:
        greedy = keras_nlp.samplers.GreedySampler()
        return lambda logits_BV, _: tf.cast(greedy.get_next_token(logits_BV), tf.int32)
    sampler = choice.RowSampler(settings.temperature, settings.top_k, settings.top_p)
    return lambda logits_BV, uniform_B: sampler.get_next_token(
        sampler.compute_probabilities(logits_BV), uniform_B
    )
