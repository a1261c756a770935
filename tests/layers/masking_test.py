"""Masks, and rows that are picked by position."""

import numpy as np
import pytest
import tensorflow as tf

from tfm import layers


def test_zero_padding_removes_even_nan():
    x = np.array([[[1.0], [np.nan]]], np.float32)
    mask = np.array([[True, False]])
    np.testing.assert_array_equal(layers.zero_padding(x, mask), [[[1], [0]]])
    np.testing.assert_array_equal(layers.ZeroPadding()(x, mask=mask), [[[1], [0]]])
    assert layers.zero_padding(x, None) is x


def test_take_positions_and_its_gradient(normal):
    x = tf.constant(normal(2, 4, 3))
    positions = np.array([[3, 3], [0, 2]], np.int32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        taken = layers.take_positions(x, positions)
        total = tf.reduce_sum(taken)
    expected = np.take_along_axis(x.numpy(), positions[:, :, None], axis=1)
    np.testing.assert_array_equal(taken, expected)
    counts = tf.convert_to_tensor(tape.gradient(total, x)).numpy()[:, :, 0]
    np.testing.assert_array_equal(counts, [[0, 0, 0, 2], [1, 0, 1, 0]])


def test_reverse_real_leaves_padding_in_place():
    x = np.array([[1, 2, 3, 8, 9], [1, 2, 3, 4, 5], [6, 7, 8, 9, 0]], np.float32)
    mask = np.arange(5) < np.array([[3], [5], [0]])
    expected = [[3, 2, 1, 8, 9], [5, 4, 3, 2, 1], [6, 7, 8, 9, 0]]
    reversed_x = layers.reverse_real(x[:, :, None], mask)[:, :, 0]
    np.testing.assert_array_equal(reversed_x, expected)
    np.testing.assert_array_equal(
        layers.reverse_real(reversed_x[:, :, None], mask)[:, :, 0], x
    )
    np.testing.assert_array_equal(layers.reverse_real(x[:, :, None]), x[:, ::-1, None])


@pytest.mark.parametrize(
    "layer",
    [
        layers.LSTM(4),
        layers.Pooling("mean"),
        layers.ZeroPadding(),
        layers.MultiHeadAttention(4, 2),
        layers.TransformerEncoderBlock(4, 2, 8),
    ],
)
def test_no_mask_is_handed_on_in_secret(layer, normal):
    out = layer(tf.constant(normal(1, 3, 4)), mask=tf.ones((1, 3), bool))
    for tensor in tf.nest.flatten(out):
        assert getattr(tensor, "_keras_mask", None) is None
