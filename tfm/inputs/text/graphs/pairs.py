"""Texts to the arrays of a TextToTextPreprocessor in a graph, for an export.

B rows, S tokens of a text, T of a target.
"""

from collections.abc import Callable
from collections.abc import Mapping

import tensorflow as tf

from tfm import interfaces


class RawPairs(tf.Module):
    """{"text": string [B]} -> tokens [B, S], and target_tokens [B, T] of zeros.

    Args:
      raw: of the texts, without their [EOS].
      tokenizer: of the texts.
      target_tokenizer: of what is written.
      stored: specs of both arrays.

    Attributes:
      imports: modules that a process must import before it loads the graph.

    Raises:
      UserError: what is written cannot be spelt in a graph.
    """

    def __init__(
        self,
        raw: Callable[[Mapping], Mapping],
        tokenizer,
        target_tokenizer,
        stored: Mapping[str, interfaces.Spec],
    ):
        super().__init__()
        target_tokenizer.spelling()  # which says so where there is none
        self.raw, self._eos_id = raw, tokenizer.eos_id
        self._target = stored["target_tokens"]
        self.imports = raw.imports

    def __call__(self, columns: Mapping) -> dict:
        tokens_BS = tf.pad(self.raw(columns)["tokens"], [[0, 0], [0, 1]])
        lengths_B1 = tf.math.count_nonzero(tokens_BS, 1, True, tf.int32)
        is_end_BS = tf.range(tf.shape(tokens_BS)[1]) == lengths_B1
        targets_BT = tf.zeros([tf.shape(tokens_BS)[0], *self._target.shape], tf.int32)
        return {
            "tokens": tf.where(is_end_BS, self._eos_id, tokens_BS),
            "target_tokens": targets_BT,
        }
