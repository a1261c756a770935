"""Sampling with temperature, top-k and top-p, and the repetition penalty.

B rows, S slots, V vocabulary.

keras_nlp's samplers serve where they can: GreedySampler, and the probabilities of its
base class. Its BeamSampler knows neither ends of beams nor a length penalty (see
beam_search). Its RandomSampler, TopKSampler and TopPSampler draw for a whole batch from
one stream of random numbers, so that a row's text would depend on the other rows; and
none of them takes k and p together as users do. `RowSampler` draws each row by a number
of its own.
"""

import keras_nlp
import tensorflow as tf


class RowSampler(keras_nlp.samplers.Sampler):
    """Temperature, top-k and top-p (nucleus) sampling, each row by its own number.

    Args:
      temperature: what scores are divided by; above 0.
      top_k: draw from so many tokens at the most; None: from all.
      top_p: draw from the fewest of the likeliest tokens that have this share of the
        probability together (Holtzman et al. 2019, https://arxiv.org/abs/1904.09751);
        with top_k, of those tokens' probability.
    """

    def __init__(self, temperature: float, top_k: int | None, top_p: float):
        super().__init__(temperature)
        self._top_k = top_k
        self._top_p = top_p

    def compute_probabilities(self, logits):
        # the largest is 0, so that no temperature makes it infinite
        logits_BV = tf.cast(logits, tf.float32)
        top_B1 = tf.reduce_max(logits_BV, axis=-1, keepdims=True)
        return super().compute_probabilities(logits_BV - top_B1)

    def get_next_token(self, probabilities, uniform_B):
        """int32 [B].

        Args:
          probabilities: float32 [B, V].
          uniform_B: float32 in [0, 1); the token is where the sums reach it.
        """
        vocab_size = probabilities.shape[-1]
        if self._top_k is None and self._top_p == 1:
            return _reached(tf.cumsum(probabilities, axis=-1), uniform_B)
        k = min(self._top_k or vocab_size, vocab_size)
        kept_BK, ids_BK = tf.math.top_k(probabilities, k)
        sums_BK = tf.cumsum(kept_BK, axis=-1)
        if self._top_p < 1:
            before_BK = sums_BK - kept_BK
            inside_BK = before_BK < self._top_p * sums_BK[:, -1:]
            # the first has nothing before it, whatever the rounding
            inside_BK = tf.concat(
                [tf.ones_like(inside_BK[:, :1]), inside_BK[:, 1:]], axis=-1
            )
            sums_BK = tf.cumsum(tf.where(inside_BK, kept_BK, 0.0), axis=-1)
        return tf.gather(ids_BK, _reached(sums_BK, uniform_B), batch_dims=1)


def _reached(sums_BK, uniform_B):
    """The first place where a row's running sum is above that share of its total."""
    # a little less than 1, so that rounding never makes it the total itself
    share_B = sums_BK[:, -1] * uniform_B * (1 - 2**-22)
    above_BK = sums_BK > share_B[:, None]
    return tf.argmax(tf.cast(above_BK, tf.int8), axis=-1, output_type=tf.int32)


def penalized(logits_BV, tokens_BS, penalty: float):
    """Repetition penalty: scores of tokens that are there already, made lower.

    Keskar et al. 2019 (https://arxiv.org/abs/1909.05858), section 4.1, divide them.
    Negative scores are multiplied, as dividing would raise them.

    Args:
      logits_BV: scores.
      tokens_BS: what is there; 0 for nothing.
      penalty: above 1 to lower, below 1 to raise.
    """
    scores_BS = tf.gather(logits_BV, tokens_BS, batch_dims=1)
    scores_BS = tf.where(scores_BS > 0, scores_BS / penalty, scores_BS * penalty)
    rows_B1 = tf.range(tf.shape(tokens_BS)[0])[:, None]
    places_BS2 = tf.stack([rows_B1 + tf.zeros_like(tokens_BS), tokens_BS], axis=-1)
    return tf.tensor_scatter_nd_update(logits_BV, places_BS2, scores_BS)
