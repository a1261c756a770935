"""Norms of layers, beside NumPy's: of the gradient, the weights and what SGD did."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import updates

RATE = 0.1
X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(4, 1)).astype(np.float32)


def _model() -> keras.Model:
    keras.utils.set_random_seed(3)
    x = keras.Input((3,), name="x")
    y = keras.layers.Dense(5, name="hidden", use_bias=False)(x)
    return keras.Model({"x": x}, keras.layers.Dense(1, name="head")(y))


def _loss(outputs, batch):
    return tf.square(outputs[:, 0] - batch["y"][:, 0]), tf.ones(4), {}


def _gradients(weights) -> dict[str, list[np.ndarray]]:
    """Of the mean squared error, by hand."""
    kernel, head, bias = weights
    error = (X @ kernel @ head + bias - Y) * 2 / len(X)
    hidden = X.T @ (error @ head.T)
    return {"hidden": [hidden], "head": [(X @ kernel).T @ error, error.sum(0)]}


def _norm(arrays) -> float:
    return float(np.sqrt(sum(np.sum(a.astype(np.float64) ** 2) for a in arrays)))


@pytest.mark.parametrize("clip_norm", [None, 0.01])
def test_the_norms_of_each_layer_are_those_of_the_update(clip_norm):
    model = _model()
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(model.trainable_variables)
    run = updates.train_function(model, _loss, optimizer, clip_norm=clip_norm)
    batches = iter(tf.data.Dataset.from_tensors({"x": X, "y": Y}).repeat())

    run(batches, 2)
    before = model.get_weights()
    found = run(batches, 1, watch=True)
    after = model.get_weights()

    gradients = _gradients(before)
    whole = _norm([g for layer in gradients.values() for g in layer])
    assert found["gradient_norm"][0] == pytest.approx(whole, rel=1e-5)
    layers = {"hidden": slice(0, 1), "head": slice(1, 3)}
    for name, place in layers.items():
        changes = [a - b for a, b in zip(after[place], before[place], strict=True)]
        expected = {
            "gradient_norm": _norm(gradients[name]),  # before clipping
            "weight_norm": _norm(before[place]),
            "update_norm": _norm(changes),
        }
        told = {kind: found[f"{kind}/{name}"][0] for kind in expected}
        assert told == pytest.approx(expected, rel=1e-4)
        scale = min(1, clip_norm / whole) if clip_norm else 1
        sgd = RATE * scale * expected["gradient_norm"]
        assert expected["update_norm"] == pytest.approx(sgd, rel=1e-3)


def test_only_the_last_update_of_a_call_is_watched_and_only_when_asked():
    model = _model()
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(model.trainable_variables)
    run = updates.train_function(model, _loss, optimizer)
    batches = iter(tf.data.Dataset.from_tensors({"x": X, "y": Y}).repeat())
    found = run(batches, 4, watch=True)
    names = [name for name in found if "/" in name]
    assert len(names) == 3 * 2
    for name in names:
        assert np.isnan(found[name][:3]).all() and found[name][3] > 0
    assert np.isnan(run(batches, 2)["weight_norm/head"]).all()


def test_a_frozen_layer_has_no_norms():
    model = _model()
    model.get_layer("hidden").trainable = False
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(model.trainable_variables)
    run = updates.train_function(model, _loss, optimizer)
    batches = iter(tf.data.Dataset.from_tensors({"x": X, "y": Y}).repeat())
    found = run(batches, 1, watch=True)
    assert {n for n in found if "/" in n} == {
        f"{kind}_norm/head" for kind in ("gradient", "weight", "update")
    }


@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_the_time_that_a_step_waits_for_its_batch_is_told(seconds):
    model = _model()
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(model.trainable_variables)
    run = updates.train_function(model, _loss, optimizer)

    def slow(number):
        wait = lambda: __import__("time").sleep(seconds) or np.float32(1)  # noqa: E731
        one = tf.numpy_function(wait, [], tf.float32)
        return {"x": X * tf.ensure_shape(one, ()), "y": Y}

    batches = iter(tf.data.Dataset.range(100).map(slow))
    run(batches, 1)
    found = run(batches, 10)["input_seconds"]
    assert found.shape == (10,) and (found >= 0).all()
    low, high = (0.8 * seconds, seconds + 0.05)
    assert low <= np.median(found) <= high
