"""The MLP: without hidden layers the features themselves; dropout in training alone."""

import keras
import numpy as np
import pytest

from tfm import errors
from tfm import interfaces
from tfm import models

SPECS = {"features": interfaces.Spec((5,), "float32")}
FEATURES = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")


def test_without_hidden_layers_it_gives_the_features():
    model = models.MLP(dropout=0.5).build(SPECS)
    pooled = model({"features": FEATURES})["pooled"]
    np.testing.assert_array_equal(pooled, FEATURES)
    assert not model.weights
    dropped = model({"features": FEATURES}, training=True)["pooled"].numpy()
    assert (dropped == 0).any()


def test_hidden_layers_are_affine_with_relu():
    keras.utils.set_random_seed(0)
    model = models.MLP(hidden=(4, 2)).build(SPECS)
    found = model({"features": FEATURES})["pooled"]
    kernels = [w.numpy() for w in model.weights]
    first = np.maximum(FEATURES @ kernels[0] + kernels[1], 0)
    expected = np.maximum(first @ kernels[2] + kernels[3], 0)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_mistakes_in_fields():
    with pytest.raises(errors.UserError, match=r"widths of at least 1. Got \(3, 0\)"):
        models.MLP(hidden=(3, 0))
    with pytest.raises(errors.UserError, match="dropout"):
        models.MLP(dropout=1.5)
