"""What the tests of the layers share."""

import keras
import numpy as np
import pytest
import tensorflow as tf


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(0)


@pytest.fixture
def set_policy():
    """keras.config.set_dtype_policy for one test."""
    before = keras.config.dtype_policy().name
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


@pytest.fixture
def normal():
    """normal(*shape): a float32 array of independent normal values."""
    generator = np.random.default_rng(0)
    return lambda *shape: generator.normal(size=shape).astype(np.float32)


@pytest.fixture
def influence():
    """influence(function, x_TD) -> bool [T, S]: whether output t depends on input s."""

    def by_gradient(function, x_TD):
        with tf.GradientTape() as tape:
            x_BTD = tf.constant(x_TD[None])
            tape.watch(x_BTD)
            out_BTE = function(x_BTD)
            # a weight for each feature: a plain sum after a norm would be constant
            weight_E = np.random.default_rng(1).normal(size=out_BTE.shape[-1])
            out_T = tf.einsum("bte,e->t", out_BTE, weight_E.astype(np.float32))
        jacobian_TSD = tape.jacobian(out_T, x_BTD)[:, 0].numpy()
        return np.abs(jacobian_TSD).max(axis=-1) > 0

    return by_gradient
