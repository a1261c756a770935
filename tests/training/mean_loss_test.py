"""The mean-loss update: sums over weights, clipping, skipped steps, regularisation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import updates


def _model(l2: float = 0.0) -> keras.Model:
    tokens = keras.Input((3,), dtype="int32", name="tokens")
    x = keras.layers.Rescaling(1.0)(keras.ops.cast(tokens, "float32"))
    penalty = keras.regularizers.L2(l2) if l2 else None
    head = keras.layers.Dense(1, use_bias=False, kernel_regularizer=penalty)
    return keras.Model({"tokens": tokens}, head(x))


def _loss(outputs, batch):
    losses_B = tf.square(outputs[:, 0] - batch["label"])
    return losses_B, batch["weight"], {"error": (tf.reduce_sum(losses_B), 4.0)}


BATCH = {
    "tokens": np.array([[1, 2, 0], [3, 0, 0], [1, 1, 1], [2, 0, 0]], np.int32),
    "label": np.array([1.0, -1.0, 2.0, 0.5], np.float32),
    "weight": np.array([1.0, 0.5, 2.0, 0.0], np.float32),
}
KERNEL = np.array([[0.5], [-0.25], [1.0]], np.float32)


def _train(num_steps=1, clip_norm=None, l2=0.0, batch=BATCH, rate=0.1, jit=False):
    model = _model(l2)
    model.set_weights([KERNEL])
    optimizer = keras.optimizers.SGD(rate)
    optimizer.build(model.trainable_variables)
    run = updates.train_function(
        model,
        _loss,
        optimizer,
        clip_norm=clip_norm,
        jit_compile=jit,
        token_ids=("tokens",),
    )
    data = tf.data.Dataset.from_tensors(batch).repeat()
    rows = run(iter(data), num_steps)
    return model.get_weights()[0], rows


def _gradient_by_hand(kernel=KERNEL):
    x, y, w = BATCH["tokens"].astype(np.float64), BATCH["label"], BATCH["weight"]
    error = x @ kernel[:, 0] - y
    return (2 * w * error) @ x / w.sum(), (w * error**2).sum() / w.sum()


@pytest.mark.parametrize("jit", [False, True])
def test_the_update_is_the_weighted_mean_gradient(jit):
    gradient, loss = _gradient_by_hand()
    kernel, rows = _train(jit=jit)
    np.testing.assert_allclose(kernel[:, 0], KERNEL[:, 0] - 0.1 * gradient, rtol=1e-5)
    np.testing.assert_allclose(rows["loss"], [loss], rtol=1e-5)
    np.testing.assert_allclose(rows["gradient_norm"], [np.linalg.norm(gradient)], 1e-5)
    np.testing.assert_allclose(rows["weight"], [3.5])
    np.testing.assert_allclose(rows["tokens"], [7])
    np.testing.assert_allclose(rows["learning_rate"], [0.1])


def test_the_gradient_is_clipped_by_its_global_norm():
    gradient, _ = _gradient_by_hand()
    kernel, rows = _train(clip_norm=0.5)
    moved = (KERNEL - kernel)[:, 0] / 0.1
    np.testing.assert_allclose(np.linalg.norm(moved), 0.5, rtol=1e-5)
    np.testing.assert_allclose(
        moved, gradient * 0.5 / np.linalg.norm(gradient), rtol=1e-4
    )
    np.testing.assert_allclose(rows["gradient_norm"], [np.linalg.norm(gradient)], 1e-5)


def test_a_gradient_below_the_limit_is_left_alone():
    np.testing.assert_array_equal(_train(clip_norm=1e6)[0], _train()[0])


def test_regularisation_counts_once_whatever_the_weights():
    gradient, loss = _gradient_by_hand()
    kernel, rows = _train(l2=0.3)
    expected = KERNEL[:, 0] - 0.1 * (gradient + 2 * 0.3 * KERNEL[:, 0])
    np.testing.assert_allclose(kernel[:, 0], expected, rtol=1e-5)
    np.testing.assert_allclose(rows["loss"], [loss], rtol=1e-5)  # the task's loss alone


def test_an_update_that_is_not_finite_is_skipped_and_counted():
    bad = BATCH | {"label": np.array([np.inf, 0, 0, 0], np.float32)}
    kernel, rows = _train(num_steps=3, batch=bad)
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(rows["skipped"], [1, 1, 1])


def test_many_steps_in_one_call_equal_single_steps():
    model_kernel, rows = _train(num_steps=5)
    model = _model()
    model.set_weights([KERNEL])
    optimizer = keras.optimizers.SGD(0.1)
    run = updates.train_function(model, _loss, optimizer, clip_norm=None)
    iterator = iter(tf.data.Dataset.from_tensors(BATCH).repeat())
    losses = [run(iterator, 1)["loss"][0] for _ in range(5)]
    np.testing.assert_array_equal(model.get_weights()[0], model_kernel)
    np.testing.assert_array_equal(losses, rows["loss"])
    assert losses[-1] < losses[0]


def test_repeated_rows_of_a_lookup_are_summed_before_the_norm():
    tokens = keras.Input((2,), dtype="int32", name="tokens")
    table = keras.layers.Embedding(4, 1, embeddings_initializer="zeros")
    total = keras.ops.sum(table(tokens), axis=1)
    model = keras.Model({"tokens": tokens}, total)
    optimizer = keras.optimizers.SGD(1.0)
    optimizer.build(model.trainable_variables)

    def loss(outputs, batch):
        return outputs[:, 0], tf.ones(1), {}

    run = updates.train_function(model, loss, optimizer, clip_norm=None)
    batch = {"tokens": np.array([[3, 3]], np.int32)}
    rows = run(iter(tf.data.Dataset.from_tensors(batch)), 1)
    np.testing.assert_allclose(rows["gradient_norm"], [2.0])  # not sqrt(2)


def test_what_is_no_token_is_not_counted():
    model = _model()
    optimizer = keras.optimizers.SGD(0.1)
    run = updates.train_function(model, _loss, optimizer, clip_norm=None)
    rows = run(iter(tf.data.Dataset.from_tensors(BATCH)), 1)
    np.testing.assert_array_equal(rows["tokens"], [0])
