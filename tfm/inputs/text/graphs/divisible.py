"""WordPiece of a learnt vocabulary in a graph; see word_pieces for divisible words.

N words.
"""

import tensorflow as tf

from tfm import unspaced
from tfm.inputs.text import word_pieces
from tfm.inputs.text.graphs import pieces
from tfm.inputs.text.graphs import ranges
from tfm.inputs.text.graphs import words


class WordPieces(tf.Module):
    """Texts to the pieces of their words."""

    def __init__(self, tokenizer):
        super().__init__()
        words.check_rule(tokenizer)
        first = tokenizer.first_word_id
        ids = {piece: first + i for i, piece in enumerate(tokenizer.vocabulary[first:])}
        codes = [code for code in ranges.ALL if unspaced.within(chr(code))]
        self._unspaced = f"[{ranges.written(codes)}]"
        self.pieces = pieces.WordPieces(
            ids,
            words.UNKNOWN,
            word_pieces.PREFIX,
            word_pieces.LONGEST,
            self._divisible,
        )

    def __call__(self, texts_B) -> tf.RaggedTensor:
        return self.pieces(words.divided(texts_B))

    def _divisible(self, words_N):
        """As word_pieces.is_divisible, bool [N]."""
        sizes_N = tf.strings.length(words_N, unit="UTF8_CHAR")
        without_N = tf.strings.regex_replace(words_N, self._unspaced, "")
        return (sizes_N > word_pieces.LONGEST) | (without_N != words_N)
