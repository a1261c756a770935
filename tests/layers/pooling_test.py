"""Pooling worked by hand; padding has no effect and an empty row gives zeros."""

import numpy as np
import pytest
import tensorflow as tf

from tfm import layers

METHODS = ("mean", "max", "first", "last", "attention")
# feature 0 and 1 at three positions; in row 0 the last one is padding
X = np.array(
    [[[1, -4], [3, -2], [9, 9]], [[1, 0], [2, 0], [6, -3]]],
    np.float32,
)
MASK = np.array([[True, True, False], [True, True, True]])


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (layers.mean_pool, [[2, -3], [3, -1]]),
        (layers.max_pool, [[3, -2], [6, 0]]),
        (layers.first_pool, [[1, -4], [1, 0]]),
        (layers.last_pool, [[3, -2], [6, -3]]),
    ],
)
def test_by_hand(function, expected):
    np.testing.assert_allclose(function(X, MASK), expected, rtol=1e-6)
    full = np.ones_like(MASK)
    np.testing.assert_allclose(function(X), function(X, full), rtol=1e-6)


def test_last_is_the_last_real_position_wherever_it_is():
    mask = np.array([[False, True, False], [True, False, True]])
    np.testing.assert_array_equal(layers.last_pool(X, mask), [[3, -2], [6, -3]])


def test_attention_pooling_by_hand(normal):
    layer = layers.AttentionPooling(4)
    layer(X)
    kernel, bias, context = (normal(*w.shape) for w in layer.weights)
    layer.set_weights([kernel, bias, context])
    scores = np.tanh(X @ kernel + bias) @ context[:, 0]
    weights = np.where(MASK, np.exp(scores), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    expected = (weights[:, :, None] * X).sum(axis=1)
    np.testing.assert_allclose(layer(X, mask=MASK), expected, rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_padding_has_no_effect(method, normal):
    layer = layers.Pooling(method, width=3)
    x, mask = normal(2, 4, 3), np.ones((2, 4), bool)
    out = layer(x, mask=mask)
    np.testing.assert_allclose(layer(x), out, atol=1e-6)
    longer = np.concatenate([x, np.full((2, 3, 3), 1e6, np.float32)], axis=1)
    longer_mask = np.concatenate([mask, np.zeros((2, 3), bool)], axis=1)
    np.testing.assert_allclose(layer(longer, mask=longer_mask), out, atol=1e-6)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("method", METHODS)
def test_a_row_of_padding_gives_zeros_and_finite_gradients(
    method, policy, set_policy, normal
):
    set_policy(policy)
    layer = layers.Pooling(method, width=3)
    x = tf.constant(normal(2, 4, 3))
    mask = np.array([[True] * 4, [False] * 4])
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = layer(x, mask=mask)
        total = tf.reduce_sum(out**2)
    np.testing.assert_array_equal(out[1], np.zeros(3))
    assert np.abs(out[0]).min() > 0
    gradient = tf.convert_to_tensor(tape.gradient(total, x)).numpy()
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradient[1], np.zeros((4, 3)))
    assert out.dtype == layer.compute_dtype


def test_mean_is_summed_in_float32(set_policy):
    set_policy("mixed_bfloat16")
    x = np.ones((1, 1001, 1), np.float32)
    out = layers.Pooling("mean")(x, mask=np.arange(1001)[None] < 1000)
    np.testing.assert_array_equal(np.asarray(out, np.float32), [[1]])


def test_unknown_method():
    message = "method must be one of mean, max, first, last, attention. Got 'sum'."
    with pytest.raises(ValueError, match=message):
        layers.Pooling("sum")
