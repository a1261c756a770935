"""Beam search with a length penalty, as a graph: the likeliest texts.

B rows, K beams, R = B * K of both, S slots, V vocabulary.
"""

from collections.abc import Callable

import tensorflow as tf


def search(
    next_scores: Callable,
    buffer_BS,
    cache,
    slot,
    *,
    num_beams: int,
    eos_id: int | None,
    length_penalty: float = 1.0,
):
    """The likeliest texts that follow each row's prompt, the best first.

    K texts that go on are kept at each step. One that ends leaves them and competes by
    the logarithm of its probability, divided by its number of tokens, [EOS] included,
    to the power of `length_penalty`. Without that (0) short texts win, the more so the
    more beams there are (Murray and Chiang 2018, https://arxiv.org/abs/1808.10006). The
    search is over where no text that goes on can become one of the K best, or the
    buffer is full; those that go on then compete as they are.

    Args:
      next_scores: (tokens_RS, cache, slot) -> (logits [R, V] of the token in the slot,
        cache).
      buffer_BS: int32, the prompts in the slots before `slot`; the rest is made.
      cache: nest of tensors whose first axis is B.
      slot: the first one that is made.
      num_beams: K.
      eos_id: of the token that ends a text; None: there is none.
      length_penalty: 0 or more.

    Returns:
      tokens int32 [B, K, S], 0 after the end, and scores float32 [B, K]; -inf where
      there are fewer texts.
    """
    beams = num_beams
    num_slots = buffer_BS.shape[1]
    slots_S = tf.range(num_slots)
    first = tf.convert_to_tensor(slot)
    start_BKS = tf.repeat(buffer_BS[:, None], beams, axis=1)
    none_BK = tf.zeros_like(start_BKS[:, :, 0], tf.float32) - float("inf")
    # all beams begin alike: only one of them counts
    scores_BK = tf.concat([tf.zeros_like(none_BK[:, :1]), none_BK[:, 1:]], axis=1)
    cache = tf.nest.map_structure(lambda part: tf.repeat(part, beams, axis=0), cache)

    def divided(scores, length):
        return scores / tf.cast(length, tf.float32) ** length_penalty

    def one(slot, tokens_BKS, scores_BK, ended_BKS, ended_BK, cache):
        tokens_RS = tf.reshape(tokens_BKS, [-1, num_slots])
        logits_RV, cache = next_scores(tokens_RS, cache, slot)
        chances_RV = tf.nn.log_softmax(tf.cast(logits_RV, tf.float32))
        vocab_size = chances_RV.shape[-1]
        all_BX = tf.reshape(
            tf.reshape(scores_BK, [-1, 1]) + chances_RV, [-1, beams * vocab_size]
        )
        # K of these go on, as each beam ends in one of them at the most
        best_BN, places_BN = tf.math.top_k(all_BX, min(2 * beams, beams * vocab_size))
        beam_BN, token_BN = places_BN // vocab_size, places_BN % vocab_size
        ends_BN = tf.equal(token_BN, -1 if eos_id is None else eos_id)
        made_BNS = tf.where(
            slots_S == slot,
            token_BN[:, :, None],
            tf.gather(tokens_BKS, beam_BN, batch_dims=1),
        )
        length = slot + 1 - first
        counts_BN = ends_BN & (tf.range(best_BN.shape[1]) < beams)  # not the spare ones
        own_BN = tf.where(counts_BN, divided(best_BN, length), -float("inf"))
        ended_BK, ended_BKS = _best(
            tf.concat([ended_BK, own_BN], axis=1),
            tf.concat([ended_BKS, made_BNS], axis=1),
            beams,
        )
        going_BN = tf.where(ends_BN, -float("inf"), best_BN)
        scores_BK, order_BK = tf.math.top_k(going_BN, beams)
        tokens_BKS = tf.gather(made_BNS, order_BK, batch_dims=1)
        beam_BK = tf.gather(beam_BN, order_BK, batch_dims=1)
        rows_R = tf.reshape(
            tf.range(tf.shape(beam_BK)[0])[:, None] * beams + beam_BK, [-1]
        )
        cache = tf.nest.map_structure(lambda part: tf.gather(part, rows_R), cache)
        return slot + 1, tokens_BKS, scores_BK, ended_BKS, ended_BK, cache

    def go_on(slot, tokens_BKS, scores_BK, ended_BKS, ended_BK, cache):
        # the least that a text can lose is nothing, over the longest length
        hoped_B = divided(scores_BK[:, 0], num_slots - first)
        return (slot < num_slots) & tf.reduce_any(hoped_B > ended_BK[:, -1])

    state = first, start_BKS, scores_BK, tf.zeros_like(start_BKS), none_BK, cache
    slot, tokens_BKS, scores_BK, ended_BKS, ended_BK, _ = tf.while_loop(
        go_on, one, state
    )
    going_BK = tf.where(
        slot < num_slots, -float("inf"), divided(scores_BK, num_slots - first)
    )
    scores_BK, tokens_BKS = _best(
        tf.concat([ended_BK, going_BK], axis=1),
        tf.concat([ended_BKS, tokens_BKS], axis=1),
        beams,
    )
    return tokens_BKS, scores_BK


def _best(scores_BN, tokens_BNS, number: int):
    scores_BK, order_BK = tf.math.top_k(scores_BN, number)
    return scores_BK, tf.gather(tokens_BNS, order_BK, batch_dims=1)
