"""Tokenization of each method in a graph: the ids of Tokenizer.encode, uncut.

B texts, N tokens of all of them. A tf.Module has the tables that an export keeps.
"""

import numpy as np
import tensorflow as tf

from tfm import errors
from tfm.inputs.text.graphs import bert
from tfm.inputs.text.graphs import code_points
from tfm.inputs.text.graphs import divisible
from tfm.inputs.text.graphs import normalized
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
    """

    def __init__(self, tokenizer):
        super().__init__()
        self._config = tokenizer.config
        self.ids = _METHODS[self._config.method](tokenizer)
        self.imports = getattr(self.ids, "imports", ())
        self.enclosing = getattr(self.ids, "enclosing", ((), ()))

    def __call__(self, texts_B) -> tf.RaggedTensor:
        return self.ids(normalized.normalize(texts_B, self._config))


_METHODS = {
    "word": words.Words,
    "character": Characters,
    "byte": Bytes,
    "wordpiece": divisible.WordPieces,
    "pretrained": bert.Bert,
}


def of(tokenizer) -> Tokens:
    """Texts [B] -> ids int32 [B, None] of a tokenizer, as a function with its tables.

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
