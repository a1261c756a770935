"""Bytes of a small model's variables; the growth of the process in a step."""

import types

import keras
import numpy as np
import tensorflow as tf

from tfm.preflight import memory


def test_bytes_of_a_known_model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5)])
    model.add(keras.layers.BatchNormalization())
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    found = memory.of_trainer(types.SimpleNamespace(model=model, optimizer=optimizer))
    trained = 3 * 5 + 5 + 2 * 5  # kernel, bias, gamma and beta
    kept = 2 * 5  # moving mean and variance
    # Adam has two moments of each, its steps as int64 and its rate
    assert found["weights"] == 4 * (trained + kept)
    assert found["gradients"] == 4 * trained
    assert found["optimizer"] == 4 * 2 * trained + 8 + 4


def test_each_variable_counts_once_and_by_its_type():
    half = tf.Variable(tf.zeros((2, 3), "bfloat16"))
    assert memory.of_variables([half, half, tf.Variable(np.int64(1))]) == 12 + 8
    table = keras.Variable(np.zeros((10, 4), "float32"))
    assert memory.of_variables([table], {10: 30}) == 30 * 4 * 4


def test_the_growth_is_of_what_was_made_meanwhile():
    held = np.ones(30_000_000, np.uint8)
    with memory.Peak() as peak:
        made = np.ones(100_000_000, np.uint8)
        del made
    assert 90e6 < peak.bytes < 200e6
    assert peak.process > peak.bytes and peak.where == "process"
    with memory.Peak() as still:
        pass
    assert still.bytes < 20e6
    del held
