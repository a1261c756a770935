"""Greedy generation as a function of prompts, in a graph of fixed length.

B rows, P tokens of a prompt at the most, S slots of the KV cache.
"""

from collections.abc import Mapping

import tensorflow as tf

from tfm import errors
from tfm.generation import generating_runs
from tfm.generation import loop
from tfm.generation import prompts
from tfm.generation import settings as settings_lib


class Written(tf.Module):
    """Prompts to the texts that follow them: the likeliest token each time.

    As generation.Generator writes them at a temperature of 0, where prompt and text
    have room in the model's context together; of a longer prompt the end is read.

    Args:
      run: as for folder.export, of a model that writes.
      num_new: tokens of a text at the most.

    Attributes:
      imports: modules that a process must import before it loads the graph.
      about: how long texts and prompts may be, in tokens.

    Raises:
      UserError: the model cannot generate, or not in a graph of fixed length.
    """

    def __init__(self, run, num_new: int):
        super().__init__()
        decoding = generating_runs.decoding(run)
        self._reader = reader = prompts.Reader.of(run, decoding)
        self.tokens = reader.tokenizer.graph()
        if reader.start_id is not None or not reader.pads or not self.tokens.spelling:
            raise errors.UserError(
                "Of models that write, those can be exported that go on from a prompt, "
                "by words, word pieces, characters or bytes of a vocabulary that was "
                f"learnt. Got models.{type(run.experiment.model).__name__}."
            )
        self.imports = self.tokens.imports
        self._num_new = num_new
        self._num_slots = reader.window or reader.positions + num_new - 1
        self._length = self._num_slots + 1 - num_new  # P
        if self._length < 1:
            raise errors.UserError(
                f"max_new_tokens must leave room for a prompt in {reader.window} "
                f"tokens. Got max_new_tokens={num_new}."
            )
        self.about = {"max_new_tokens": num_new, "prompt_tokens": self._length}
        self._loop = loop.Loop.of(run, reader, decoding, jit_compile=False)

    def __call__(self, columns: Mapping) -> dict:
        """{"prompt": string [B]} -> {"text": string [B]}."""
        rows = self.tokens.prompts(columns["prompt"])
        tokens_BP, starts_B = self._padded(rows)
        cache = self._loop.prefill(tokens_BP, starts_B, self._num_slots)
        rest_BN = tf.zeros([tf.shape(tokens_BP)[0], self._num_new], tf.int32)
        _, buffer_BS, _, _ = self._loop.advance(
            settings_lib.Settings(temperature=0.0),
            tf.concat([tokens_BP, rest_BN], axis=1),
            cache,
            starts_B,
            tf.zeros_like(starts_B, tf.bool),
            tf.zeros_like(rest_BN, tf.float32),
            tf.constant(self._length),
            tf.constant(self._length + self._num_new),
        )
        new_BN = buffer_BS[:, self._length :]
        spelling = self.tokens.spelling
        follows_B = tf.reduce_any(spelling.is_text(tokens_BP), axis=1)
        return {"text": spelling(tf.RaggedTensor.from_tensor(new_BN), follows_B)}

    def _padded(self, rows: tf.RaggedTensor):
        """The ends of prompts, padded on the left, int32 [B, P], and where they start.

        They begin as texts do, where there is room.
        """
        length = self._length
        kept_B = tf.minimum(tf.cast(rows.row_lengths(), tf.int32), length)
        starts_B = length - kept_B
        from_end_P = tf.range(length) - length
        limits_B1 = tf.cast(rows.row_limits(), tf.int32)[:, None]
        is_id_BP = tf.range(length) >= starts_B[:, None]
        # one more, for where all are empty
        values_N = tf.concat([rows.flat_values, [0]], axis=0)
        places_BP = tf.where(is_id_BP, limits_B1 + from_end_P, 0)
        tokens_BP = tf.where(is_id_BP, tf.gather(values_N, places_BP), 0)
        begin = self._reader.tokenizer.begin_id
        if begin is not None:
            starts_B = tf.maximum(starts_B - 1, 0)
            is_begin_BP = (tf.range(length) == starts_B[:, None]) & ~is_id_BP
            tokens_BP = tf.where(is_begin_BP, begin, tokens_BP)
        return tokens_BP, tf.minimum(starts_B, length - 1)
