"""WordPiece in a graph: the longest pieces first, at all places of all words at once.

N words, M code points of the different ones among them.
"""

from collections.abc import Callable
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfm.inputs.text import word_rule
from tfm.inputs.text.graphs import code_points

_NONE = -1  # where no piece stands


class WordPieces(tf.Module):
    """Words string [B, None] -> ids of pieces int32 [B, None].

    Args:
      ids: of the pieces.
      unknown: the id of a word that cannot be spelt.
      prefix: of pieces that go on.
      longest: characters of a word; a longer one is unknown.
      divisible: words [N] -> bool [N], those that are unknown in parts only; see
        word_pieces.Divider.
    """

    def __init__(
        self,
        ids: Mapping[str, int],
        unknown: int,
        prefix: str,
        longest: int,
        divisible: Callable | None = None,
    ):
        super().__init__()
        within = {
            piece.removeprefix(prefix): id
            for piece, id in ids.items()
            if piece.startswith(prefix) and piece != prefix
        }
        self.tables = [_table(ids), _table(within)]
        self._most = max(map(len, ids))
        self._unknown = unknown
        self._longest = longest
        self._divisible = divisible
        borne = frozenset(map(chr, word_rule.borne())) if divisible else frozenset("\0")
        self._borne = code_points.Property(borne.__contains__)

    def __call__(self, words: tf.RaggedTensor) -> tf.RaggedTensor:
        unique_U, number_N = tf.unique(words.flat_values, out_idx=tf.int64)
        found = tf.gather(self._divided(unique_U), number_N)
        return words.with_flat_values(found).merge_dims(1, 2)

    def _divided(self, words_N) -> tf.RaggedTensor:
        """int32 [N, None]."""
        rows = code_points.decoded(words_N)
        word_M = code_points.segments(rows.row_splits)
        places_M = tf.range(tf.size(word_M))
        starts_N = tf.cast(rows.row_starts(), tf.int32)
        is_start_M = tf.gather(starts_N, word_M) == places_M
        begin, within = self._pieces(rows, word_M)
        goes_on_M = ~is_start_M & (within[0] != _NONE)
        id_M, length_M = (
            tf.where(goes_on_M, *pair) for pair in zip(within, begin, strict=True)
        )
        ends_M = self._cluster_ends(rows, is_start_M)
        next_M = tf.where(id_M == _NONE, ends_M, places_M + length_M)
        met_M = _met(is_start_M, next_M)
        is_lost_M = met_M & ((id_M == _NONE) | ~(is_start_M | goes_on_M))
        is_lost_N = self._lost(rows, word_M, is_lost_M, words_N)
        # a word that is lost is unknown as a whole
        of_lost_M = tf.gather(is_lost_N, word_M)
        kept_M = met_M & (is_start_M | ~of_lost_M)
        id_M = tf.where((id_M == _NONE) | of_lost_M, self._unknown, id_M)
        ids, words = (tf.boolean_mask(array, kept_M) for array in (id_M, word_M))
        return self._joined(ids, words, tf.size(words_N))

    def _lost(self, rows: tf.RaggedTensor, word_M, is_lost_M, words_N):
        """Words of which nothing is told, bool [N]."""
        lost_N = tf.math.unsorted_segment_sum(
            tf.cast(is_lost_M, tf.int32), word_M, tf.size(words_N)
        )
        found_N = (lost_N > 0) | (rows.row_lengths() > self._longest)
        if self._divisible is None:
            return found_N
        return found_N & ~self._divisible(words_N)

    def _joined(self, ids, words, num_words) -> tf.RaggedTensor:
        """The ids of each word; neighbours that are unknown are one."""
        again = (ids[1:] == self._unknown) & (ids[:-1] == self._unknown)
        again &= words[1:] == words[:-1]
        kept = tf.concat([tf.ones_like(ids[:1], tf.bool), ~again], axis=0)
        words = tf.boolean_mask(words, kept)
        lengths_N = tf.math.unsorted_segment_sum(
            tf.ones_like(words, tf.int64), words, num_words
        )
        return tf.RaggedTensor.from_row_lengths(
            tf.boolean_mask(ids, kept), lengths_N, validate=False
        )

    def _cluster_ends(self, rows: tf.RaggedTensor, is_start_M):
        """The end of the character with its marks that each place is in, int32 [M]."""
        begins_M = is_start_M | (self._borne(rows.flat_values) == 0)
        size = tf.size(rows.flat_values)
        ends = tf.concat([tf.cast(tf.where(begins_M)[:, 0], tf.int32), [size]], axis=0)
        return tf.gather(ends, tf.searchsorted(ends, tf.range(size), side="right"))

    def _pieces(self, rows: tf.RaggedTensor, word_M):
        """The longest piece at each place: ids and lengths, as a beginning; within."""
        letters_M = tf.strings.unicode_encode(rows.flat_values[:, None], "UTF-8")
        places_M = tf.range(tf.size(letters_M))
        ends_M = tf.cast(tf.gather(rows.row_limits(), word_M), tf.int32)
        none_M = tf.fill(tf.shape(places_M), _NONE)
        nothing = none_M, tf.zeros_like(places_M)

        def longer(length, text_M, *found):
            at_M = places_M + length - 1
            fits_M = at_M < ends_M
            letter_M = tf.gather(letters_M, tf.where(fits_M, at_M, 0))
            text_M = tf.strings.join([text_M, letter_M])
            made = []
            for table, (id_M, length_M) in zip(self.tables, found, strict=True):
                new_M = tf.where(fits_M, table.lookup(text_M), _NONE)
                is_known_M = new_M != _NONE
                id_M = tf.where(is_known_M, new_M, id_M)
                made.append((id_M, tf.where(is_known_M, length, length_M)))
            return length + 1, text_M, *made

        _, _, begin, within = tf.while_loop(
            lambda length, *_: length <= self._most,
            longer,
            (1, tf.fill(tf.shape(places_M), ""), nothing, nothing),
        )
        return begin, within


def _met(is_start_M, next_M):
    """The places that are met from the starts on by `next_M`, by doubled steps."""
    size = tf.size(next_M)
    next_M = tf.concat([next_M, [size]], axis=0)  # one more place, behind all
    met_M = tf.concat([is_start_M, [False]], axis=0)

    def step(number, next_M, met_M):
        reached = tf.boolean_mask(next_M, met_M)[:, None]
        yes = tf.ones_like(reached[:, 0], tf.bool)
        met_M = tf.tensor_scatter_nd_update(met_M, reached, yes)
        return number * 2, tf.gather(next_M, next_M), met_M

    _, _, met_M = tf.while_loop(
        lambda number, *_: number <= size, step, (1, next_M, met_M)
    )
    return met_M[:-1]


def _table(ids: Mapping[str, int]) -> tf.lookup.StaticHashTable:
    keys, values = [*ids] or [""], np.array([*ids.values()] or [_NONE], np.int32)
    return tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(keys, values), _NONE
    )
