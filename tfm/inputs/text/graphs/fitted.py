"""Rows of ids cut and filled up to one length, in a graph.

B rows, T ids of each.
"""

import tensorflow as tf


def fitted(rows: tf.RaggedTensor, length: int, truncate: str, begin=(), end=()):
    """int32 [B, T], zeros at the end, as truncation.cut and batches.filled leave it.

    Args:
      rows: ids int32 [B, None].
      length: T, with begin and end.
      truncate: what is cut off: "end", "start" or "middle".
      begin: ids before each row; end: after it.
    """
    room = length - len(begin) - len(end)
    lengths_B1 = tf.cast(rows.row_lengths(), tf.int32)[:, None]
    starts_B1 = tf.cast(rows.row_starts(), tf.int32)[:, None]
    kept_B1 = tf.minimum(lengths_B1, room)
    from_end_BT = lengths_B1 - kept_B1  # that places move on by, behind what is cut off
    within_T = tf.range(length) - len(begin)
    if truncate == "end":
        from_end_BT = tf.zeros_like(from_end_BT)
    elif truncate == "middle":
        first = room - room // 2
        from_end_BT = tf.where(within_T < first, 0, from_end_BT)
    places_BT = starts_B1 + within_T + from_end_BT
    is_id_BT = (within_T >= 0) & (within_T < kept_B1)
    # one more, for where all are empty
    values_N = tf.concat([rows.flat_values, [0]], axis=0)
    found_BT = tf.where(
        is_id_BT, tf.gather(values_N, tf.where(is_id_BT, places_BT, 0)), 0
    )
    for place, id in enumerate(begin):
        found_BT = tf.where(tf.range(length) == place, id, found_BT)
    for place, id in enumerate(end):
        found_BT = tf.where(within_T == kept_B1 + place, id, found_BT)
    return found_BT
