"""Beam search with a length penalty, as a graph: the likeliest texts.

B rows, K beams, R = B * K of both, S slots, V vocabulary.
"""

import dataclasses
import typing
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
    rule = _Rule(num_beams, eos_id, length_penalty, slot, buffer_BS.shape[1])
    beams = rule.begin(buffer_BS)
    cache = tf.nest.map_structure(
        lambda part: tf.repeat(part, num_beams, axis=0), cache
    )

    def one(slot, beams, cache):
        tokens_RS = tf.reshape(beams.tokens, [-1, rule.num_slots])
        logits_RV, cache = next_scores(tokens_RS, cache, slot)
        beams, rows_R = rule.step(slot, beams, logits_RV)
        cache = tf.nest.map_structure(lambda part: tf.gather(part, rows_R), cache)
        return slot + 1, beams, cache

    state = rule.first, beams, cache
    slot, beams, _ = tf.while_loop(
        lambda slot, beams, cache: rule.goes_on(slot, beams), one, state
    )
    return rule.best(slot, beams)


class _Beams(typing.NamedTuple):
    """Texts that go on, and the best of those that have ended."""

    tokens: tf.Tensor  # int32 [B, K, S]
    scores: tf.Tensor  # logarithms of their probabilities, float32 [B, K]
    ended: tf.Tensor  # int32 [B, K, S]
    ended_scores: tf.Tensor  # divided by the length, float32 [B, K]


@dataclasses.dataclass(frozen=True)
class _Rule:
    """The rule by which beams go on and end; fields as of `search`."""

    num_beams: int
    eos_id: int | None
    length_penalty: float
    slot: object
    num_slots: int

    @property
    def first(self):
        return tf.convert_to_tensor(self.slot)

    def begin(self, buffer_BS) -> _Beams:
        tokens_BKS = tf.repeat(buffer_BS[:, None], self.num_beams, axis=1)
        none_BK = tf.zeros_like(tokens_BKS[:, :, 0], tf.float32) - float("inf")
        # all beams begin alike: only one of them counts
        scores_BK = tf.concat([tf.zeros_like(none_BK[:, :1]), none_BK[:, 1:]], axis=1)
        return _Beams(tokens_BKS, scores_BK, tf.zeros_like(tokens_BKS), none_BK)

    def step(self, slot, beams: _Beams, logits_RV):
        """The beams with the slot's token, and the row of the cache that each is of."""
        best_BN, beam_BN, token_BN = self._candidates(beams.scores, logits_RV)
        made_BNS = tf.where(
            tf.range(self.num_slots) == slot,
            token_BN[:, :, None],
            tf.gather(beams.tokens, beam_BN, batch_dims=1),
        )
        ends_BN = tf.equal(token_BN, -1 if self.eos_id is None else self.eos_id)
        # the spare candidates are there to go on, not to end
        counts_BN = ends_BN & (tf.range(best_BN.shape[1]) < self.num_beams)
        divided_BN = self._divided(best_BN, slot + 1 - self.first)
        ended_BK, ended_BKS = self._best(
            [beams.ended_scores, tf.where(counts_BN, divided_BN, -float("inf"))],
            [beams.ended, made_BNS],
        )
        going_BN = tf.where(ends_BN, -float("inf"), best_BN)
        scores_BK, order_BK = tf.math.top_k(going_BN, self.num_beams)
        tokens_BKS = tf.gather(made_BNS, order_BK, batch_dims=1)
        beam_BK = tf.gather(beam_BN, order_BK, batch_dims=1)
        rows_BK = tf.range(tf.shape(beam_BK)[0])[:, None] * self.num_beams + beam_BK
        beams = _Beams(tokens_BKS, scores_BK, ended_BKS, ended_BK)
        return beams, tf.reshape(rows_BK, [-1])

    def goes_on(self, slot, beams: _Beams):
        # the least that a text can lose is nothing, over the longest length
        hoped_B = self._divided(beams.scores[:, 0], self.num_slots - self.first)
        hopes = tf.reduce_any(hoped_B > beams.ended_scores[:, -1])
        return (slot < self.num_slots) & hopes

    def best(self, slot, beams: _Beams):
        """The K best texts that ended, or filled all slots, and their scores."""
        whole_BK = self._divided(beams.scores, self.num_slots - self.first)
        whole_BK = tf.where(slot < self.num_slots, -float("inf"), whole_BK)
        scores_BK, tokens_BKS = self._best(
            [beams.ended_scores, whole_BK], [beams.ended, beams.tokens]
        )
        return tokens_BKS, scores_BK

    def _candidates(self, scores_BK, logits_RV):
        """The 2 K best texts of one token more: scores, beams and tokens, [B, N].

        K of these go on, as a beam ends in one of them at the most.
        """
        chances_RV = tf.nn.log_softmax(tf.cast(logits_RV, tf.float32))
        size = chances_RV.shape[-1]
        all_RV = tf.reshape(scores_BK, [-1, 1]) + chances_RV
        all_BX = tf.reshape(all_RV, [-1, self.num_beams * size])
        number = min(2 * self.num_beams, self.num_beams * size)
        best_BN, places_BN = tf.math.top_k(all_BX, number)
        return best_BN, places_BN // size, places_BN % size

    def _divided(self, scores, length):
        return scores / tf.cast(length, tf.float32) ** self.length_penalty

    def _best(self, scores, tokens):
        scores_BK, order_BK = tf.math.top_k(tf.concat(scores, 1), self.num_beams)
        return scores_BK, tf.gather(tf.concat(tokens, 1), order_BK, batch_dims=1)
