"""Lower case in a graph, exactly as str.lower has it.

B texts, N code points of all of them.
"""

import functools

import tensorflow as tf

from tfm.inputs.text.graphs import code_points

_SIGMA, _FINAL_SIGMA = 0x3A3, 0x3C2  # Greek Σ, and ς at a word's end


def lower(rows: tf.RaggedTensor) -> tf.RaggedTensor:
    """Code points int32 [B, None] in lower case."""
    return _mapping()(rows.with_flat_values(_with_final_sigmas(rows)))


@functools.cache
def _mapping() -> code_points.Mapping:
    return code_points.Mapping(str.lower)


@functools.cache
def _letters() -> code_points.Property:
    """1: a letter with cases; 2: what stands within words unseen, as an accent.

    Python tells it by what becomes of Σ: it is ς after 1, with 2 in between.
    """

    def kind(character: str) -> int:
        if _ends_word(character):
            return 1
        return 2 if _ends_word("a" + character) else 0

    return code_points.Property(kind)


def _ends_word(text: str) -> bool:
    return (text + "Σ").lower().endswith("ς")


def _with_final_sigmas(rows: tf.RaggedTensor):
    """The code points [N], with ς for each Σ that ends a word."""
    codes_N = rows.flat_values
    kind_N = _letters()(codes_N)
    rows_N = code_points.segments(rows.row_splits)
    size = tf.size(codes_N)
    counts_N = kind_N != 2
    counting = tf.cast(tf.where(counts_N)[:, 0], tf.int32)
    number_N = tf.cumsum(tf.cast(counts_N, tf.int32), exclusive=True)
    # the nearest places that count, before and after; none: out of range
    before_N = tf.gather(tf.concat([[-1], counting], axis=0), number_N)
    inclusive_N = number_N + tf.cast(counts_N, tf.int32)
    after_N = tf.gather(tf.concat([counting, [size]], axis=0), inclusive_N)

    def is_letter(places_N):
        inside_N = tf.clip_by_value(places_N, 0, tf.maximum(size - 1, 0))
        same_N = tf.gather(rows_N, inside_N) == rows_N
        in_text_N = (places_N >= 0) & (places_N < size) & same_N
        return in_text_N & (tf.gather(kind_N, inside_N) == 1)

    final_N = (codes_N == _SIGMA) & is_letter(before_N) & ~is_letter(after_N)
    return tf.where(final_N, _FINAL_SIGMA, codes_N)
