"""The forward pass in training: random numbers, running statistics, added losses."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import updates
from tfm import errors
from tfm import training
from tfm.training import running_statistics
from tfm.training import train_step

ROWS, WIDTH = 8, 3
RNG = np.random.default_rng(0)
X = RNG.normal(loc=np.arange(ROWS)[:, None], size=(ROWS, WIDTH)).astype(np.float32)


class Counter(keras.layers.Layer):
    """Counts its calls in training, and keeps the largest value that it saw."""

    def __init__(self):
        super().__init__()
        self.calls = self.add_weight(
            name="calls", shape=(), dtype="int32", initializer="zeros", trainable=False
        )

    def call(self, x, training=False):
        if training:
            self.calls.assign(self.calls + 1)
            self.add_loss(0.01 * keras.ops.mean(keras.ops.square(x)))
        return x


def _model(*layers) -> keras.Model:
    keras.utils.set_random_seed(0)
    x = keras.Input((WIDTH,), name="x")
    y = x
    for layer in layers:
        y = layer(y)
    last = keras.layers.Dense(1, use_bias=False, kernel_regularizer="l2")
    return keras.Model({"x": x}, last(y))


def _loss(outputs, batch):
    return tf.square(outputs[:, 0]), tf.ones(outputs.shape[0]), {}


MEAN = training.MeanLoss()


def _train(model, steps=1, rate=0.0, settings=MEAN, x=X, **options):
    optimizer = keras.optimizers.SGD(rate)
    optimizer.build(model.trainable_variables)
    run = updates.train_function(model, _loss, optimizer, settings, **options)
    data = tf.data.Dataset.from_tensors({"x": x}).repeat()
    return run(iter(data), steps)


@pytest.mark.parametrize("micro_batches", [1, 2, 4])
def test_running_statistics_are_those_of_the_whole_batch(micro_batches):
    layer = keras.layers.BatchNormalization(momentum=0.9)
    _train(_model(layer), steps=2, micro_batches=micro_batches)
    share = 1 - 0.9**2
    mean, variance = X.mean(axis=0), X.var(axis=0)
    np.testing.assert_allclose(layer.moving_mean, share * mean, rtol=1e-5)
    expected = 0.9**2 + share * variance
    np.testing.assert_allclose(layer.moving_variance, expected, rtol=1e-4)


def test_a_second_pass_leaves_running_statistics_alone():
    found = []
    for settings in (training.MeanLoss(), training.SharpnessAware(radius=0.1)):
        layer = keras.layers.BatchNormalization(momentum=0.9)
        _train(_model(layer), steps=2, settings=settings)
        found.append((layer.moving_mean.numpy(), layer.moving_variance.numpy()))
    np.testing.assert_array_equal(found[0], found[1])


def test_statistics_that_are_not_finite_are_left_with_the_update():
    layer = keras.layers.BatchNormalization()
    bad = X.copy()
    bad[0, 0] = np.inf
    rows = _train(_model(layer), x=bad, rate=0.1)
    assert rows["skipped"].tolist() == [1]
    np.testing.assert_array_equal(layer.moving_mean, np.zeros(WIDTH))
    np.testing.assert_array_equal(layer.moving_variance, np.ones(WIDTH))


@pytest.mark.parametrize("micro_batches", [1, 2])
def test_a_layers_own_count_and_its_added_loss(micro_batches):
    model = _model(layer := Counter())
    kernel = model.trainable_variables[0].numpy()
    rows = _train(model, steps=3, rate=1e-9, micro_batches=micro_batches)
    assert int(layer.calls) == 3  # updates, however many parts a batch has
    # regularisation is in the gradient as with a layer that keeps nothing
    gradient = 2 * X.T @ (X @ kernel) / ROWS + 2 * 0.01 * kernel
    norm = np.linalg.norm(gradient)
    np.testing.assert_allclose(rows["gradient_norm"][0], norm, rtol=1e-4)


def test_an_added_loss_trains_a_model_that_keeps_statistics():
    x = keras.Input((WIDTH,), name="x")
    dense = keras.layers.Dense(WIDTH, use_bias=False, kernel_initializer="ones")
    kept = Counter()(dense(x))
    model = keras.Model({"x": x}, kept)
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)

    def nothing(outputs, batch):  # the task's own loss has no gradient worth a move
        return 0.0 * outputs[:, 0], tf.ones(outputs.shape[0]), {}

    run = updates.train_function(model, nothing, optimizer)
    run(iter(tf.data.Dataset.from_tensors({"x": X})), 1)
    expected = np.ones((WIDTH, WIDTH)) - 0.1 * 0.01 * 2 * (
        X.T @ (X @ np.ones((WIDTH, WIDTH))) / (ROWS * WIDTH)
    )
    np.testing.assert_allclose(dense.kernel, expected, rtol=1e-5)


@pytest.mark.parametrize("keeps", [False, True])
def test_random_numbers_advance_with_the_micro_batches(keeps):
    def layers():
        dropout = keras.layers.Dropout(0.5, seed=3)
        return [dropout, keras.layers.BatchNormalization()] if keeps else [dropout]

    states = []
    for micro_batches in (1, 2):
        model = _model(*layers())
        _train(model, steps=3, micro_batches=micro_batches)
        (state,) = [g.state.numpy() for g in _generators(model)]
        states.append(int(state[1]))
    assert states == [3, 6]


def _generators(model):
    from tfm.checkpoints import randomness

    return randomness.generators(model)


@pytest.mark.parametrize("keeps", [False, True])
def test_two_passes_drop_the_same_and_draw_once(keeps):
    """A radius of nearly nothing gives the mean loss's update, dropout and all."""
    found = []
    for settings in (training.MeanLoss(), training.SharpnessAware(radius=1e-9)):
        kept = [keras.layers.BatchNormalization()] if keeps else []
        model = _model(keras.layers.Dropout(0.5, seed=3), *kept)
        _train(model, steps=3, rate=1e-3, settings=settings, micro_batches=2)
        found.append((model.get_weights()[-1], _generators(model)[0].state.numpy()))
    (kernel, state), (other, as_well) = found
    np.testing.assert_allclose(other, kernel, rtol=1e-5)
    np.testing.assert_array_equal(as_well, state)


def test_a_loss_over_the_whole_batch_drops_the_same_in_both_passes():
    """Of a loss that is a mean over examples, both steps make the same update."""
    found = []
    for settings in (training.MeanLoss(), training.GlobalBatch()):
        model = _model(keras.layers.Dropout(0.5, seed=3))
        _train(model, steps=3, rate=1e-3, settings=settings, micro_batches=2)
        found.append((model.get_weights()[-1], _generators(model)[0].state.numpy()))
    (kernel, state), (other, as_well) = found
    np.testing.assert_allclose(other, kernel, rtol=1e-5)
    np.testing.assert_array_equal(as_well, state)


def test_a_loss_outside_of_the_tape_is_an_error():
    def constant(outputs, batch):
        return tf.stop_gradient(outputs[:, 0]), tf.ones(ROWS), {}

    for settings in (MEAN, training.SharpnessAware(), training.GlobalBatch()):
        model = _model()  # whose regularisation has a gradient
        optimizer = keras.optimizers.SGD(0.1)
        optimizer.build(model.trainable_variables)
        run = updates.train_function(
            model, constant, optimizer, settings, micro_batches=2
        )
        with pytest.raises(errors.UserError) as told:
            run(iter(tf.data.Dataset.from_tensors({"x": X})), 1)
        assert str(told.value) == train_step.NO_GRADIENT


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("micro_batches", [1, 2])
@pytest.mark.parametrize("synchronized", [False, True])
def test_batch_normalization_of_parts_is_told(replicas, micro_batches, synchronized):
    layer = keras.layers.BatchNormalization(synchronized=synchronized, name="bn")
    model = _model(layer)
    ask = (model, replicas, micro_batches, False)
    if synchronized and (replicas, micro_batches) == (2, 2):
        with pytest.raises(errors.UserError, match="takes train.micro_batches=1"):
            running_statistics.check(*ask)
        return
    told = running_statistics.check(*ask)
    parts = replicas * micro_batches
    alone = micro_batches > 1 if synchronized else parts > 1
    assert told == (
        [
            f"Note        bn: batch normalization of each of the {parts} parts of a "
            "batch by itself, so the update depends on how a batch is divided"
        ]
        if alone
        else []
    )
    layer.trainable = False  # it normalises by what it kept
    assert running_statistics.check(*ask) == []
