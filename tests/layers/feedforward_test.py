"""The feed-forward network against its formulas."""

import math

import numpy as np
import pytest

from tfm import layers


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _normal_share_below(x):
    return np.vectorize(lambda value: 0.5 * (1 + math.erf(value / math.sqrt(2))))(x)


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("relu", lambda x: np.maximum(x, 0)),
        ("gelu", lambda x: x * _normal_share_below(x)),
    ],
)
def test_two_dense_layers(activation, function, normal):
    x = normal(2, 3, 4)
    layer = layers.FeedForward(4, 6, activation)
    layer(x)
    weights = [normal(*w.shape) for w in layer.weights]
    layer.set_weights(weights)
    kernel, bias, out_kernel, out_bias = weights
    expected = function(x @ kernel + bias) @ out_kernel + out_bias
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


def test_swiglu_has_three_kernels_and_no_biases(normal):
    x = normal(2, 3, 4)
    layer = layers.FeedForward(4, 6, "swiglu")
    layer(x)
    kernels = {w.path.split("/", 1)[1]: w.numpy() for w in layer.weights}
    assert set(kernels) == {"hidden/kernel", "gate/kernel", "output/kernel"}
    hidden = x @ kernels["hidden/kernel"]
    gated = hidden * _sigmoid(hidden) * (x @ kernels["gate/kernel"])
    np.testing.assert_allclose(layer(x), gated @ kernels["output/kernel"], atol=1e-5)


def test_dropout_of_hidden_values_only_while_training(normal):
    x = normal(1, 3, 4)
    layer = layers.FeedForward(4, 6, dropout=0.5)
    np.testing.assert_array_equal(layer(x), layer(x, training=False))
    assert np.abs(layer(x, training=True) - layer(x)).max() > 1e-3


def test_penalties_are_the_layers_losses(normal):
    layer = layers.FeedForward(4, 6, "swiglu", l2=0.5)
    layer(normal(1, 2, 4))
    expected = sum(0.5 * (w.numpy() ** 2).sum() for w in layer.weights)
    assert len(layer.losses) == 3
    assert float(sum(layer.losses)) == pytest.approx(expected, rel=1e-5)


def test_unknown_activation():
    message = "activation must be one of relu, gelu, swiglu. Got 'tanh'."
    with pytest.raises(ValueError, match=message):
        layers.FeedForward(4, 6, "tanh")
