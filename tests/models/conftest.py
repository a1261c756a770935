"""Fixtures that the tests of the models share."""

import keras
import numpy as np
import pytest
import tensorflow as tf


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(0)


@pytest.fixture
def randomize():
    """randomize(model): weights of variance 1/16, the same for the same shapes."""

    def set_weights(model):
        for i, weight in enumerate(model.weights):
            generator = np.random.default_rng(i)
            weight.assign(generator.normal(size=weight.shape) / 4)
        return model

    return set_weights


@pytest.fixture
def influence():
    """influence(model, *inputs, at="embedding") -> bool [T, S].

    Whether the sequence at t depends on the output of the layer `at` at s, by the
    gradient through all that follows; inputs are of one row, ordered as model.inputs.
    """

    def by_gradient(model, *inputs, at="embedding"):
        inputs = [tf.constant(values) for values in inputs]
        embedded = model.get_layer(at).output
        cut = keras.Model([embedded, *model.inputs], model.output["sequence"])
        x_1SD = keras.Model(model.inputs, embedded)(inputs)
        with tf.GradientTape() as tape:
            tape.watch(x_1SD)
            sequence_1TD = cut([x_1SD, *inputs])
            # a weight for each feature: a plain sum after a norm would be constant
            weight_D = np.random.default_rng(1).normal(size=sequence_1TD.shape[-1])
            out_T = tf.einsum("btd,d->t", sequence_1TD, weight_D.astype(np.float32))
        jacobian_TSD = tape.jacobian(out_T, x_1SD)[:, 0].numpy()
        return np.abs(jacobian_TSD).max(axis=-1) > 0

    return by_gradient
