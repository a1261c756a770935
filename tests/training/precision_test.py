"""The loss scale: halved by an overflow, doubled after many good updates."""

import keras
import numpy as np
import tensorflow as tf

from tests.support import updates
from tfm.training import precision


def test_it_falls_and_grows(monkeypatch):
    monkeypatch.setattr(precision, "GROWTH_STEPS", 3)
    scale = precision.LossScale(True)
    seen = []
    for finite in (True, False, True, True, True, True):
        scale.update(tf.constant(finite))
        seen.append((float(scale.scale) / 2**15, int(scale.good_steps)))
    assert seen == [(1, 1), (0.5, 0), (0.5, 1), (0.5, 2), (1, 0), (1, 1)]


def test_it_never_falls_below_one():
    scale = precision.LossScale(True)
    for _ in range(40):
        scale.update(tf.constant(False))
    assert float(scale.scale) == 1.0


def _train(enabled: bool, steps: int = 3):
    """A float16 model whose gradient, about 1e-8, is zero in float16 if unscaled."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        tokens = keras.Input((2,), dtype="int32", name="tokens")
        x = keras.ops.cast(tokens, "float16")
        model = keras.Model(
            {"tokens": tokens}, keras.layers.Dense(1, use_bias=False)(x)
        )
    finally:
        keras.config.set_dtype_policy("float32")
    model.set_weights([np.ones((2, 1))])
    optimizer = keras.optimizers.SGD(1e7)
    optimizer.build(model.trainable_variables)

    def loss(outputs, batch):
        return tf.cast(outputs[:, 0], tf.float32) * 1e-8, tf.ones(4), {}

    run = updates.train_function(
        model, loss, optimizer, clip_norm=None, loss_scale=precision.LossScale(enabled)
    )
    data = {"tokens": np.ones((4, 2), np.int32)}
    run(iter(tf.data.Dataset.from_tensors(data).repeat()), steps)
    return model.get_weights()[0]


def test_small_gradients_survive_float16_only_when_scaled():
    np.testing.assert_array_equal(_train(enabled=False), 1.0)
    np.testing.assert_allclose(_train(enabled=True), 1.0 - 3 * 1e7 * 1e-8, rtol=1e-2)
