"""Texts of ids in a graph, as Tokenizer.decode joins them, for generation.

B rows, N ids of all of them.
"""

import tensorflow as tf

from tfm import errors
from tfm.inputs.text import word_pieces
from tfm.inputs.text.graphs import code_points

METHODS = ("word", "wordpiece", "character", "byte")


class Spelling(tf.Module):
    """Ids to the text that follows what is there.

    Args:
      tokenizer: of tfm.inputs.text, of one of METHODS.

    Raises:
      UserError: it is of another method.
    """

    def __init__(self, tokenizer):
        super().__init__()
        method = tokenizer.config.method
        if method not in METHODS:
            raise errors.UserError(
                f"Texts written by method={method} cannot be exported. "
                f"Those by {', '.join(METHODS)} can."
            )
        self._first = first = tokenizer.first_word_id
        learnt = tokenizer.vocabulary[first:]
        if method == "byte":
            learnt = [bytes([code]) for code in range(256)]
        # the first of a text, and those that follow
        self._alone = [b""] * first + learnt
        self._joined = [b""] * first + [_joined(piece, method) for piece in learnt]

    def __call__(self, rows: tf.RaggedTensor, follows_B):
        """string [B].

        Args:
          rows: ids int32 [B, None]; special ones are no text.
          follows_B: bool, whether there is any text before.
        """
        ids_N = rows.flat_values
        row_N = code_points.segments(rows.row_splits)
        starts_N = tf.gather(tf.cast(rows.row_starts(), tf.int32), row_N)
        is_first_N = tf.range(tf.size(ids_N)) == starts_N
        is_first_N &= ~tf.gather(follows_B, row_N)
        pieces_N = tf.where(
            is_first_N, tf.gather(self._alone, ids_N), tf.gather(self._joined, ids_N)
        )
        joined_B = tf.strings.reduce_join(rows.with_flat_values(pieces_N), axis=1)
        return code_points.valid(joined_B)

    def is_text(self, ids):
        """Whether ids are of a text, bool."""
        return (ids == 1) | (ids >= self._first)


def _joined(piece: str | bytes, method: str) -> str | bytes:
    if method == "wordpiece" and piece.startswith(word_pieces.PREFIX):
        return piece.replace(word_pieces.PREFIX, "", 1)
    return f" {piece}" if method in ("word", "wordpiece") else piece
