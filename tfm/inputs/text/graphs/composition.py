"""Normalization Form C in a graph, exactly as Python's unicodedata has it.

B texts, N code points of all of them. Source: https://unicode.org/reports/tr15/
"""

import functools
import unicodedata

import numpy as np
import tensorflow as tf

from tfm.inputs.text.graphs import code_points
from tfm.inputs.text.graphs import ranges

_SAME = 0x300  # texts of code points below are NFC
_SHIFT = 21  # bits of a code point


def nfc(rows: tf.RaggedTensor) -> tf.RaggedTensor:
    """Code points int32 [B, None], composed where they can be."""
    highest = tf.reduce_max(tf.concat([[0], rows.flat_values], axis=0))
    codes_N, lengths_B = tf.cond(
        highest < _SAME,
        lambda: (rows.flat_values, rows.row_lengths()),
        lambda: _composed(ordered(decompositions()(rows))),
    )
    return tf.RaggedTensor.from_row_lengths(codes_N, lengths_B, validate=False)


@functools.cache
def decompositions() -> code_points.Mapping:
    """Each code point to its canonical decomposition."""
    return code_points.Mapping(lambda c: unicodedata.normalize("NFD", c))


@functools.cache
def combining_classes() -> code_points.Property:
    """The canonical combining class of each code point; 0 for starters."""
    return code_points.Property(unicodedata.combining)


def ordered(rows: tf.RaggedTensor) -> tf.RaggedTensor:
    """Decomposed code points in canonical order: marks by their combining class."""
    class_N = combining_classes()(rows.flat_values)
    rows_N = tf.cast(code_points.segments(rows.row_splits), tf.int64)
    starters_N = tf.cumsum(tf.cast(class_N == 0, tf.int64))
    # a row's first marks, if any, are no marks of the row before
    key_N = (rows_N + starters_N) * 256 + tf.cast(class_N, tf.int64)
    order_N = tf.argsort(key_N, stable=True)
    return rows.with_flat_values(tf.gather(rows.flat_values, order_N))


@functools.cache
def _pairs() -> tuple[np.ndarray, np.ndarray]:
    """Two code points as one number, int64 in order, and what they compose to."""
    found = {}
    for code in ranges.ALL:
        character = chr(code)
        parts = unicodedata.decomposition(character).split()
        is_pair = len(parts) == 2 and not parts[0].startswith("<")
        if is_pair and unicodedata.normalize("NFC", character) == character:
            first, second = (int(part, 16) for part in parts)
            found[first << _SHIFT | second] = code
    for syllable in range(0xAC00, 0xD7A4):  # Hangul, which has no such entries
        last = (syllable - 0xAC00) % 28
        if last:
            first, second = syllable - last, 0x11A7 + last
        else:
            number = (syllable - 0xAC00) // 28
            first, second = 0x1100 + number // 21, 0x1161 + number % 21
        found[first << _SHIFT | second] = syllable
    keys = sorted(found)
    return np.array(keys, np.int64), np.array([found[k] for k in keys], np.int32)


def _composed(rows: tf.RaggedTensor):
    """Composes pairs until there are none; code points [N], and lengths int64 [B]."""
    num_rows = rows.nrows()

    def step(codes_N, rows_N, _):
        return _merged(codes_N, rows_N)

    codes_N, rows_N, _ = tf.while_loop(
        lambda codes_N, rows_N, found: found,
        step,
        (rows.flat_values, code_points.segments(rows.row_splits), tf.constant(True)),
        shape_invariants=(
            tf.TensorShape([None]),
            tf.TensorShape([None]),
            tf.TensorShape([]),
        ),
    )
    ones_N = tf.ones_like(rows_N, tf.int64)
    return codes_N, tf.math.unsorted_segment_sum(ones_N, rows_N, num_rows)


def _merged(codes_N, rows_N):
    """Each starter composed with the first mark or starter after it that can be.

    Returns:
      code points and the rows that they are of, fewer, and whether any was composed.
    """
    keys, composites = _pairs()
    size = tf.size(codes_N)
    places_N = tf.range(size)
    class_N = combining_classes()(codes_N)
    # the last starter before each place: -1 where its row has none
    starters = tf.where(class_N == 0)[:, 0]
    before_N = tf.cumsum(tf.cast(class_N == 0, tf.int32), exclusive=True) - 1
    padded = tf.concat([[-1], tf.cast(starters, tf.int32)], axis=0)
    starter_N = tf.gather(padded, before_N + 1)
    at_N = tf.maximum(starter_N, 0)
    in_row_N = (starter_N >= 0) & (tf.gather(rows_N, at_N) == rows_N)
    previous_N = tf.concat([[0], class_N], axis=0)[:size]
    is_next_N = starter_N == places_N - 1
    free_N = in_row_N & (is_next_N | (previous_N < class_N))
    key_N = tf.cast(tf.gather(codes_N, at_N), tf.int64) * 2**_SHIFT
    key_N += tf.cast(codes_N, tf.int64)
    index_N = tf.minimum(tf.searchsorted(keys, key_N), len(keys) - 1)
    can_N = free_N & (tf.gather(keys, index_N) == key_N)
    count_N = tf.cumsum(tf.cast(can_N, tf.int32))
    first_N = can_N & (count_N - tf.gather(count_N, at_N) == 1)
    # a starter that is itself composed with the one before is not there any more
    first_N &= ~tf.gather(first_N, at_N) | ~in_row_N
    merged_M = tf.where(first_N)
    codes_N = tf.tensor_scatter_nd_update(
        codes_N,
        tf.gather(at_N, merged_M[:, 0])[:, None],
        tf.gather(tf.gather(composites, index_N), merged_M[:, 0]),
    )
    kept_N = ~first_N
    return (
        tf.boolean_mask(codes_N, kept_N),
        tf.boolean_mask(rows_N, kept_N),
        tf.size(merged_M) > 0,
    )
