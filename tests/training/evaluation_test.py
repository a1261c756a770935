"""Evaluation results: each example once, in order, without dropout, on all replicas."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfm.training import evaluation


def _model() -> keras.Model:
    tokens = keras.Input((3,), dtype="int32", name="tokens")
    scale = keras.Input((), dtype="float32", name="scale")
    x = keras.layers.Dropout(0.9)(keras.ops.cast(tokens, "float32"))
    total = keras.ops.sum(x, axis=1) * scale
    return keras.Model({"tokens": tokens, "scale": scale}, {"total": total})


class Total:
    """An objective that keeps a number of each example, and its label."""

    def eval_step(self, model, mode):
        def step(batch):
            inputs = {name: batch[name] for name in model.input}
            found = {"total": model(inputs, training=False)["total"]}
            if mode == "predict":
                return found
            return found | {"half": tf.cast(batch["label"], tf.float16)}

        return step


BATCH = {
    "tokens": np.array([[1, 2, 0], [3, 0, 0], [1, 1, 1], [2, 0, 0]], np.int32),
    "scale": np.array([1.0, 2.0, 0.5, 9.0], np.float32),
    "label": np.array([1.0, -1.0, 2.0, 0.5], np.float32),
    "weight": np.array([1.0, 1.0, 1.0, 0.0], np.float32),
    "row": np.array([7, 8, 9, -1]),
}


def test_each_example_is_kept_once_without_dropout():
    batches = tf.data.Dataset.from_tensors(BATCH).repeat(2)
    found = evaluation.Evaluator(_model(), Total()).results(batches)
    np.testing.assert_array_equal(found["total"], [3, 6, 1.5] * 2)
    np.testing.assert_array_equal(found["row"], [7, 8, 9] * 2)
    np.testing.assert_array_equal(found["half"], [1, -1, 2] * 2)
    assert found["half"].dtype == np.float32


def test_who_watches_is_told_before_each_batch_and_may_end_it():
    batches = tf.data.Dataset.from_tensors(BATCH).repeat(3)
    evaluator, told = evaluation.Evaluator(_model(), Total()), []
    evaluator.results(batches, watch=told.append)
    assert told == [0, 1, 2]

    def end(done):
        if done == 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        evaluator.results(batches, watch=end)


def test_rows_without_labels_are_predicted():
    without = {name: value for name, value in BATCH.items() if name != "label"}
    found = evaluation.Evaluator(_model(), Total()).results([without], "predict")
    assert found.keys() == {"total", "row"}


@pytest.mark.parametrize("size", [1, 3, 4])
def test_a_batch_that_does_not_divide_is_filled_up(size):
    batch = {name: tf.constant(value[:size]) for name, value in BATCH.items()}
    divisible = evaluation._divisible(batch, size, 4)
    assert {len(value) for value in divisible.values()} == {4}
    for name, value in batch.items():
        np.testing.assert_array_equal(divisible[name][:size], value)
        np.testing.assert_array_equal(divisible[name][-1], value[-1])
