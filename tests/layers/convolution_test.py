"""Convolutions: each example by itself, the shortcut by hand, saved and loaded."""

import keras
import numpy as np
import pytest

from tfm import layers
from tfm.layers import convolution

X = np.random.default_rng(0).normal(size=(5, 6, 6, 4)).astype(np.float32)


@pytest.mark.parametrize("normalization", ["group", "layer", "none"])
def test_an_example_does_not_depend_on_its_batch(normalization):
    keras.utils.set_random_seed(0)
    layer = layers.ResidualBlock(8, 2, projects=True, normalization=normalization)
    whole = np.asarray(layer(X, training=True))
    assert whole.shape == (5, 3, 3, 8)
    alone = np.concatenate([layer(X[n : n + 1], training=True) for n in range(5)])
    np.testing.assert_allclose(alone, whole, atol=1e-5)


def test_running_statistics_are_those_of_batch_alone():
    for name in ("group", "layer", "none", "batch"):
        layer = layers.Convolution(8, normalization=name)
        layer(X)
        assert len(layer.non_trainable_variables) == (2 if name == "batch" else 0)


@pytest.mark.parametrize(
    ("filters", "groups"), [(4, 1), (8, 2), (24, 6), (64, 16), (512, 32), (7, 1)]
)
def test_groups_have_four_filters_or_more(filters, groups):
    found = convolution.normalize_pixels("group", filters).groups
    assert found == groups
    assert filters % groups == 0


def test_without_weights_a_block_is_its_shortcut():
    block = layers.ResidualBlock(4)
    block(X)
    for weight in block.second.weights:
        weight.assign(np.zeros(weight.shape))
    np.testing.assert_allclose(block(X), np.maximum(X, 0), atol=1e-6)


def test_a_convolution_by_hand():
    layer = layers.Convolution(3, 3, normalization="none")
    layer(X)
    kernel, bias = (np.asarray(w) for w in layer.weights)
    found = np.asarray(layer(X))[:, 2, 3]
    expected = np.einsum("bhwc,hwcf->bf", X[:, 1:4, 2:5], kernel) + bias
    np.testing.assert_allclose(found, np.maximum(expected, 0), atol=1e-5)


def test_what_is_unknown_is_told():
    with pytest.raises(ValueError, match="normalization must be one of"):
        layers.Convolution(8, normalization="instance")
