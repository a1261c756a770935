"""The LSTM against keras.layers.LSTM run on each row's real tokens alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfm import layers

LENGTHS = np.array([[5], [3], [1], [0]])
MASK = np.arange(5) < LENGTHS


def test_by_hand():
    layer = layers.LSTM(1)
    layer(np.zeros((1, 1, 1), np.float32))
    # gates i, f, c, o: kernel, recurrent kernel, bias
    layer.set_weights([np.array([[1.0, 2, 3, 4]]), np.array([[0.5] * 4]), np.zeros(4)])

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    h = c = 0.0
    for x in (0.3, -0.2):
        z = x * np.array([1, 2, 3, 4]) + h * 0.5
        c = sigmoid(z[1]) * c + sigmoid(z[0]) * np.tanh(z[2])
        h = sigmoid(z[3]) * np.tanh(c)
    _, state = layer(np.array([[[0.3], [-0.2]]], np.float32))
    assert float(state[0, 0]) == pytest.approx(h, rel=1e-5)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_as_keras_on_the_real_tokens_alone(num_layers, bidirectional, normal):
    x = normal(4, 5, 3)
    layer = layers.LSTM(2, num_layers, bidirectional)
    sequence, state = layer(x, mask=MASK)
    for b, length in enumerate(LENGTHS[:, 0]):
        if length == 0:
            expected, expected_state = x[b : b + 1, :0], np.zeros(state.shape[1])
        else:
            expected = x[b : b + 1, :length]
            for i in range(num_layers):
                forward = np.asarray(getattr(layer, f"forward_{i}")(expected))
                expected_state = forward[0, -1]
                if bidirectional:
                    backward = getattr(layer, f"backward_{i}")
                    backward = np.asarray(backward(expected[:, ::-1]))
                    expected_state = np.concatenate([forward[0, -1], backward[0, -1]])
                    forward = np.concatenate([forward, backward[:, ::-1]], axis=-1)
                expected = forward
            np.testing.assert_allclose(sequence[b, :length], expected[0], atol=1e-6)
        np.testing.assert_allclose(state[b], expected_state, atol=1e-6)
        np.testing.assert_array_equal(sequence[b, length:], 0)


def test_as_keras_bidirectional_with_its_own_mask(normal):
    x = normal(3, 5, 3)
    layer = layers.LSTM(2, bidirectional=True)
    theirs = keras.layers.Bidirectional(keras.layers.LSTM(2, return_sequences=True))
    layer(x), theirs(x)
    theirs.set_weights(layer.get_weights())
    sequence, _ = layer(x, mask=MASK[:3])
    expected = theirs(x, mask=MASK[:3])
    real = MASK[:3, :, None]
    np.testing.assert_allclose(sequence * real, expected * real, atol=1e-6)


def test_gradients_as_keras_with_its_own_mask(normal):
    x = tf.constant(normal(3, 5, 3))
    layer = layers.LSTM(2)
    layer(x)
    keras_lstm = layer.forward_0

    def gradients(function):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(function() ** 2)
        return tape.gradient(total, [x, *(w.value for w in keras_lstm.weights)])

    ours = gradients(lambda: layer(x, mask=MASK[:3])[1])
    theirs = gradients(lambda: keras_lstm(x, mask=MASK[:3])[:, -1])
    for gradient, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(gradient), expected, atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_changes_nothing(bidirectional, normal):
    x = normal(4, 5, 3)
    layer = layers.LSTM(2, 2, bidirectional)
    sequence, state = layer(x, mask=MASK)
    other = np.where(MASK[:, :, None], x, 50.0).astype(np.float32)
    longer = np.concatenate([other, normal(4, 3, 3)], axis=1)
    longer_mask = np.concatenate([MASK, np.zeros((4, 3), bool)], axis=1)
    long_sequence, long_state = layer(longer, mask=longer_mask)
    np.testing.assert_allclose(long_sequence[:, :5], sequence, atol=1e-6)
    np.testing.assert_allclose(long_state, state, atol=1e-6)


def test_direction_by_gradient(normal, influence):
    forward = layers.LSTM(4)
    seen = influence(lambda x: forward(x)[0], normal(5, 3))
    np.testing.assert_array_equal(seen, np.tri(5) > 0)
    both = layers.LSTM(4, bidirectional=True)
    assert influence(lambda x: both(x)[0], normal(5, 3)).all()


def test_dropout_between_the_layers_only(normal):
    x = normal(2, 5, 3)
    single = layers.LSTM(4, 1, dropout=0.5)
    np.testing.assert_array_equal(single(x, training=True)[0], single(x)[0])
    stacked = layers.LSTM(4, 2, dropout=0.5)
    assert np.abs(stacked(x, training=True)[0] - stacked(x)[0]).max() > 1e-3


def test_penalties_count_recurrent_kernels_too(normal):
    layer = layers.LSTM(2, bidirectional=True, l1=0.1, l2=0.01)
    layer(normal(1, 2, 3))
    kernels = [w.numpy() for w in layer.weights if "kernel" in w.name]
    assert len(kernels) == len(layer.losses) == 4
    expected = sum(0.1 * np.abs(k).sum() + 0.01 * (k**2).sum() for k in kernels)
    assert float(sum(layer.losses)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("mask", [None, MASK])
def test_a_window_is_a_row_of_its_own(bidirectional, mask, normal):
    x = normal(4, 5, 3)
    layer = layers.LSTM(2, 2, bidirectional, window=2)
    sequence, state = layer(x, mask=mask)
    whole = layers.LSTM(2, 2, bidirectional)
    whole(x)
    whole.set_weights(layer.get_weights())
    for b, length in enumerate(LENGTHS[:, 0] if mask is not None else [5] * 4):
        last = np.zeros(state.shape[1])
        for start in range(0, length, 2):
            piece = slice(start, min(start + 2, length))
            expected, last = whole(x[b : b + 1, piece])
            np.testing.assert_allclose(sequence[b, piece], expected[0], atol=1e-6)
        np.testing.assert_allclose(state[b], np.reshape(last, -1), atol=1e-6)
        np.testing.assert_array_equal(sequence[b, length:], 0)


def test_a_window_as_long_as_the_row_is_none(normal):
    x = normal(4, 5, 3)
    layer, whole = layers.LSTM(2, window=5), layers.LSTM(2)
    layer(x), whole(x)
    whole.set_weights(layer.get_weights())
    for found, expected in zip(layer(x, mask=MASK), whole(x, mask=MASK), strict=True):
        np.testing.assert_array_equal(found, expected)
