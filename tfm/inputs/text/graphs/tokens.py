"""Tokenization of each method in a graph: the ids of Tokenizer.encode.

B texts, P parts and N tokens of all of them, T tokens of each at the most. A tf.Module
has the tables that an export keeps.
"""

import numpy as np
import tensorflow as tf

from tfm import errors
from tfm.inputs.text.graphs import bert
from tfm.inputs.text.graphs import code_points
from tfm.inputs.text.graphs import divisible
from tfm.inputs.text.graphs import fitted
from tfm.inputs.text.graphs import normalized
from tfm.inputs.text.graphs import spelling
from tfm.inputs.text.graphs import words


class Characters(tf.Module):
    """Each code point an id."""

    def __init__(self, tokenizer):
        super().__init__()
        first = tokenizer.first_word_id
        letters = tokenizer.vocabulary[first:]
        codes = np.array([ord(letter) for letter in letters], np.int64)
        self._ids = np.full(codes.max() + 2, words.UNKNOWN, np.int32)
        self._ids[codes] = np.arange(first, first + len(letters))

    def __call__(self, texts_B) -> tf.RaggedTensor:
        rows = code_points.decoded(texts_B)
        last = len(self._ids) - 1  # of no letter
        ids_N = tf.gather(self._ids, tf.minimum(rows.flat_values, last))
        return rows.with_flat_values(ids_N)


class Bytes(tf.Module):
    """Each byte of UTF-8 an id."""

    def __init__(self, tokenizer):
        super().__init__()
        self._first = tokenizer.first_word_id

    def __call__(self, texts_B) -> tf.RaggedTensor:
        bytes_N = tf.io.decode_raw(tf.strings.reduce_join(texts_B), tf.uint8)
        lengths_B = tf.cast(tf.strings.length(texts_B), tf.int64)
        ids_N = tf.cast(bytes_N, tf.int32) + self._first
        return tf.RaggedTensor.from_row_lengths(ids_N, lengths_B, validate=False)


class Tokens(tf.Module):
    """Texts to the ids of a tokenizer; see `of`.

    Attributes:
      imports: modules that a process must import before it loads the graph.
      enclosing: ids before each row, and after it; they are not among its own.
      spelling: from ids to texts; None: this method has none.
    """

    def __init__(self, tokenizer):
        super().__init__()
        self._config = tokenizer.config
        self._id_of = tokenizer.id_of
        self.ids = _METHODS[self._config.method](tokenizer)
        self.spelling = None
        if self._config.method in spelling.METHODS:
            self.spelling = spelling.Spelling(tokenizer)
        self.imports = getattr(self.ids, "imports", ())
        self.enclosing = getattr(self.ids, "enclosing", ((), ()))

    def __call__(self, texts_B):
        """int32 [B, T]: the ids as a TextPreprocessor has them, filled up and cut.

        Args:
          texts_B: string [B]; bytes that are no UTF-8 become U+FFFD.
        """
        texts_B = code_points.stripped(code_points.valid(texts_B))
        rows = self.ids(normalized.normalize(texts_B, self._config))
        return self._fitted(rows)

    def prompts(self, texts_B) -> tf.RaggedTensor:
        """int32 [B, None]: as Tokenizer.encode_prompt, whole."""
        texts_B = code_points.valid(texts_B)
        return self.ids(normalized.normalize(texts_B, self._config))

    def with_gaps(self, texts_B, gap: str):
        """int32 [B, T]: as Tokenizer.encode_prompt has whole texts with a gap, cut."""
        parts = tf.strings.split(code_points.valid(texts_B), gap)
        texts_P = normalized.normalize(parts.flat_values, self._config)
        is_last_P = tf.range(tf.size(texts_P)) + 1 == tf.gather(
            tf.cast(parts.row_limits(), tf.int32),
            code_points.segments(parts.row_splits),
        )
        gaps_P = tf.cast(~is_last_P, tf.int64)
        gap_ids = tf.fill(
            [tf.reduce_sum(gaps_P)], tf.constant(self._id_of(gap), tf.int32)
        )
        gaps = tf.RaggedTensor.from_row_lengths(gap_ids, gaps_P, validate=False)
        rows_P = tf.concat([self.ids(texts_P), gaps], axis=1)
        return self._fitted(parts.with_flat_values(rows_P).merge_dims(1, 2))

    def _fitted(self, rows: tf.RaggedTensor):
        length, truncate = self._config.max_length, self._config.truncate
        return fitted.fitted(rows, length, truncate, *self.enclosing)


_METHODS = {
    "word": words.Words,
    "character": Characters,
    "byte": Bytes,
    "wordpiece": divisible.WordPieces,
    "pretrained": bert.Bert,
}


def of(tokenizer) -> Tokens:
    """The tokens of a tokenizer, as a function with its tables.

    Raises:
      UserError: its method cannot run in a graph.
    """
    method = tokenizer.config.method
    if method == "pretrained" and not bert.reads(tokenizer.definition):
        raise errors.UserError(
            f"The tokens of {tokenizer.config.preset} cannot be made in an exported "
            "graph: of published tokenizers BERT's WordPiece can."
        )
    if method not in _METHODS:
        raise errors.UserError(
            f"Tokens of method={method} cannot be made in an exported graph. Those of "
            "word, wordpiece, character, byte and of BERT can."
        )
    return Tokens(tokenizer)
