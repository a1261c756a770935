"""Choices worked by hand."""

import numpy as np
import tensorflow as tf

from tfm.generation import choice

CHANCES = tf.constant([[0.1, 0.5, 0.0, 0.25, 0.15]])


def _drawn(sampler, number=1000):
    """Shares of the tokens drawn, by numbers that are spread evenly."""
    uniform = tf.constant((np.arange(number) + 0.5) / number, tf.float32)
    ids = sampler.get_next_token(tf.repeat(CHANCES, number, axis=0), uniform)
    return np.bincount(ids, minlength=5) / number


def test_draws():
    def drawn(top_k=None, top_p=1.0):
        return _drawn(choice.RowSampler(1.0, top_k, top_p))

    np.testing.assert_allclose(drawn(), CHANCES[0], atol=0.002)
    np.testing.assert_allclose(drawn(top_k=2), [0, 2 / 3, 0, 1 / 3, 0], atol=0.002)
    np.testing.assert_allclose(drawn(top_p=0.7), [0, 2 / 3, 0, 1 / 3, 0], atol=0.002)
    np.testing.assert_allclose(drawn(top_p=1e-9), [0, 1, 0, 0, 0])
    # of the three, 0.5 and 0.25 have 0.83
    both = drawn(top_k=3, top_p=0.8)
    np.testing.assert_allclose(both, [0, 2 / 3, 0, 1 / 3, 0], atol=0.002)
    np.testing.assert_allclose(drawn(top_k=99), CHANCES[0], atol=0.002)


def test_the_ends_of_the_random_numbers_draw_no_impossible_token():
    sampler = choice.RowSampler(1.0, None, 1.0)
    chances = tf.constant([[0.0, 0.4, 0.6, 0.0]] * 2)
    ends = tf.constant([0.0, np.nextafter(np.float32(1), np.float32(0))])
    assert sampler.get_next_token(chances, ends).numpy().tolist() == [1, 2]


def test_repetition_penalty():
    logits = tf.constant([[3.0, -2.0, 4.0, -1.0], [1.0, 1.0, 1.0, 1.0]])
    tokens = tf.constant([[2, 1, 2], [0, 3, 3]])
    found = choice.penalized(logits, tokens, 2.0)
    expected = [[3.0, -4.0, 2.0, -1.0], [0.5, 1.0, 1.0, 0.5]]
    np.testing.assert_allclose(found, expected)
