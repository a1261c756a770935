"""Texts as code points in a graph, and maps of each to others.

B texts, N code points of all of them.

What a character becomes is asked of Python or of a tokenizer, code point by code point,
and kept as tables: RE2, ICU and TensorFlow have other versions of Unicode than these.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfm.inputs.text.graphs import ranges

SPACE = ranges.written([c for c in ranges.ALL if chr(c).isspace()])  # as str.isspace

_PRIVATE = 0xF0000  # from here on all are for private use, but for the ends of planes


def decoded(texts_B) -> tf.RaggedTensor:
    """Code points int32 [B, None]; U+FFFD for bytes that are no UTF-8."""
    return tf.strings.unicode_decode(texts_B, "UTF-8", errors="replace")


def encoded(rows: tf.RaggedTensor):
    """The texts again, UTF-8 [B]."""
    return tf.strings.unicode_encode(rows, "UTF-8")


def stripped(texts_B):
    """As str.strip; what is no UTF-8 must be replaced."""
    return tf.strings.regex_replace(texts_B, rf"\A[{SPACE}]+|[{SPACE}]+\z", "")


def valid(texts_B):
    """The texts, with U+FFFD for bytes that are no UTF-8."""
    return tf.strings.unicode_transcode(texts_B, "UTF-8", "UTF-8", errors="replace")


class Mapping:
    """Each code point to a text of its own, as a character to its lower case.

    Args:
      become: a character -> what it becomes, of any length.
    """

    def __init__(self, become: Callable[[str], str]):
        made = [become(chr(code)) for code in ranges.ALL]
        changed = [
            c for c, text in zip(ranges.ALL, made, strict=True) if text != chr(c)
        ]
        size = max(changed, default=0) + 1
        texts = [chr(0)] * size
        for code, text in zip(ranges.ALL, made, strict=True):
            if code < size:
                texts[code] = text
        self._lengths = np.array([len(text) for text in texts], np.int32)
        self._starts = np.cumsum(self._lengths, dtype=np.int32) - self._lengths
        self._drops_private = not become(chr(_PRIVATE))
        self._flat = np.frombuffer("".join(texts).encode("utf-32-le"), np.int32)

    def __call__(self, rows: tf.RaggedTensor) -> tf.RaggedTensor:
        """The rows, each of the length that it becomes."""
        codes_N = rows.flat_values
        size = len(self._lengths)
        places_N = tf.minimum(codes_N, size - 1)
        lengths_N = tf.where(codes_N < size, tf.gather(self._lengths, places_N), 1)
        if self._drops_private:
            is_private_N = (codes_N >= _PRIVATE) & (codes_N % 2**16 < 0xFFFE)
            lengths_N = tf.where(is_private_N, 0, lengths_N)
        splits_N1 = tf.concat([[0], tf.cumsum(lengths_N)], axis=0)
        from_M = segments(splits_N1)
        within_M = tf.range(splits_N1[-1]) - tf.gather(splits_N1, from_M)
        same_M = tf.gather(codes_N, from_M)
        starts_M = tf.gather(self._starts, tf.minimum(same_M, size - 1))
        known_M = same_M < size
        found_M = tf.gather(self._flat, tf.where(known_M, starts_M + within_M, 0))
        splits_B1 = tf.gather(splits_N1, rows.row_splits)
        return tf.RaggedTensor.from_row_splits(
            tf.where(known_M, found_M, same_M),
            tf.cast(splits_B1, tf.int64),
            validate=False,
        )


def segments(splits):
    """The number of the row that each value is of, int32.

    tf.repeat, and what is made of it, takes memory for rows x the longest of them.

    Args:
      splits: int [rows + 1], where rows begin, and the number of values.
    """
    values = tf.range(splits[-1], dtype=splits.dtype)
    return tf.searchsorted(splits, values, side="right") - 1


class Property:
    """A number of each code point, as its combining class.

    Args:
      of: a character -> a number from 0 to 255; 0 for most.
    """

    def __init__(self, of: Callable[[str], int]):
        found = np.zeros(ranges.END, np.uint8)
        found[ranges.ALL] = [of(chr(code)) for code in ranges.ALL]
        self._table = found[: np.flatnonzero(found)[-1] + 1]

    def __call__(self, codes_N):
        """int32 [N]."""
        size = len(self._table)
        found_N = tf.gather(self._table, tf.minimum(codes_N, size - 1))
        return tf.where(codes_N < size, tf.cast(found_N, tf.int32), 0)
