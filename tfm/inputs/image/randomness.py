"""Random numbers for each picture of a batch, by its seeds alone. B batch."""

import tensorflow as tf

_GAMMA = 0x9E3779B97F4A7C15


def uniform(seeds_B3, stream: int, count: int):
    """Uniform numbers in [0, 1), float32 [B, count].

    They depend on the row's seeds, the stream and their place alone: neither on the
    other rows of the batch nor on its order. SplitMix64 (Steele, Lea and Flood, 2014).

    Args:
      seeds_B3: int64: run's, epoch, row; see interfaces.Preprocessor.graph.
      stream: the use that is made of them; each has numbers of its own.
      count: numbers for each row.
    """
    seeds = tf.bitcast(seeds_B3, tf.uint64)
    state_B = tf.fill(tf.shape(seeds)[:1], tf.constant(stream + 1, tf.uint64))
    for column in range(3):
        state_B = _mix(state_B ^ _mix(seeds[:, column]))
    places_N = tf.cast(tf.range(1, count + 1), tf.uint64)
    bits_BN = _mix(state_B[:, None] + places_N[None] * tf.constant(_GAMMA, tf.uint64))
    high_BN = tf.bitwise.right_shift(bits_BN, tf.constant(40, tf.uint64))
    return tf.cast(tf.cast(high_BN, tf.int32), tf.float32) / 2.0**24


def _mix(x):
    x = x + tf.constant(_GAMMA, tf.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ tf.bitwise.right_shift(x, tf.constant(shift, tf.uint64))) * (
            tf.constant(factor, tf.uint64)
        )
    return x ^ tf.bitwise.right_shift(x, tf.constant(31, tf.uint64))
