"""Losses by hand, what is kept of an example, and what predictions look like."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import small_models
from tests.tasks.text_classification_test import NAMES
from tests.tasks.text_classification_test import PREPROCESSOR
from tfm import tasks
from tfm.data.columns import categories
from tfm.data.columns import category

LOGITS = np.array(
    [[2.0, 0.0, -1.0], [0.5, 0.6, 0.4], [0.0, 0.0, 3.0], [1.0, 2.0, 0.0]], np.float32
)
LABELS = np.array([0, 2, 2, 1], np.int32)
MULTI = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]], np.float32)
WEIGHT = np.array([1, 1, 1, 0], np.float32)  # the last one is padding


def objective(multi_label=False, names=NAMES, **fields):
    column = (categories.Categories if multi_label else category.Category)(names)
    return tasks.TextClassification(**fields).bind({"label": column}, PREPROCESSOR)


def _loss(made, labels):
    batch = {"label": labels, "weight": WEIGHT}
    losses, weights, watched = made.loss(LOGITS, batch)
    return np.asarray(losses), np.asarray(weights), watched["accuracy"]


def _log_softmax():
    return small_models.log_softmax(LOGITS)


def _sigmoid():
    return 1 / (1 + np.exp(-LOGITS))


def test_cross_entropy_by_hand():
    losses, weights, (right, count) = _loss(objective(), LABELS)
    expected = -_log_softmax()[np.arange(4), LABELS]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_array_equal(weights, WEIGHT)
    assert (float(right), float(count)) == (2, 3)


def test_label_smoothing_spreads_the_target_over_all_classes():
    losses, *_ = _loss(objective(label_smoothing=0.3), LABELS)
    target = np.full((4, 3), 0.1)
    target[np.arange(4), LABELS] += 0.7
    np.testing.assert_allclose(losses, -(target * _log_softmax()).sum(1), rtol=1e-5)


def test_class_weights_weigh_examples_but_not_the_accuracy():
    _, weights, (right, count) = _loss(objective(class_weights=(3, 2, 5)), LABELS)
    np.testing.assert_array_equal(weights, [3, 5, 5, 0])
    assert (float(right), float(count)) == (2, 3)  # the first and the third are right


def test_multi_label_loss_by_hand():
    losses, _, (right, _) = _loss(objective(multi_label=True), MULTI)
    p = _sigmoid()
    expected = -(MULTI * np.log(p) + (1 - MULTI) * np.log(1 - p)).mean(axis=1)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    assert float(right) == 2  # the first and the third have all labels right


def test_multi_label_smoothing_moves_each_target_towards_a_half():
    losses, _, (right, _) = _loss(
        objective(multi_label=True, label_smoothing=0.3), MULTI
    )
    target, p = MULTI * 0.7 + 0.15, _sigmoid()
    expected = -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean(axis=1)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    assert float(right) == 2  # by the labels as they are


def test_multi_label_class_weights_weigh_each_label():
    losses, *_ = _loss(objective(multi_label=True, class_weights=(1, 2, 5)), MULTI)
    p = _sigmoid()
    each = -(MULTI * np.log(p) + (1 - MULTI) * np.log(1 - p))
    np.testing.assert_allclose(losses, (each * [1, 2, 5]).mean(axis=1), rtol=1e-5)


@pytest.mark.parametrize("multi_label", [False, True])
def test_logits_and_labels_are_kept_of_real_examples(multi_label):
    labels = MULTI if multi_label else LABELS
    batch = {"label": labels, "weight": WEIGHT}
    half = tf.cast(LOGITS, "bfloat16")
    kept = small_models.results(objective(multi_label), half, batch)
    assert set(kept) == {"logits", "label", "row"}
    assert kept["logits"].dtype == np.float32
    np.testing.assert_allclose(kept["logits"], LOGITS[:3], rtol=0.01)
    np.testing.assert_array_equal(kept["label"], labels[:3])
    batch = {"weight": WEIGHT}  # nothing is known of what is to be predicted
    kept = small_models.results(objective(multi_label), LOGITS, batch, "predict")
    assert set(kept) == {"logits", "row"}


def test_predictions_name_labels_and_all_probabilities():
    (first,) = objective().predictions({"logits": LOGITS[:1]}, None)
    assert first["label"] == "bad"
    assert list(first["probabilities"]) == list(NAMES)
    expected = np.exp(_log_softmax()[0])
    assert [*first["probabilities"].values()] == pytest.approx(expected)
    logits = np.array([[3.0, 2.0, -1.0], [-1.0, -1.0, -1.0]])
    several = objective(multi_label=True).predictions({"logits": logits}, None)
    assert [found["label"] for found in several] == [["bad", "fair"], []]
    assert several[0]["probabilities"]["fair"] == pytest.approx(1 / (1 + np.exp(-2)))


def test_the_threshold_decides_on_labels_and_on_what_is_right():
    made = objective(multi_label=True, threshold=0.9)
    logits = np.array([[3.0, 2.0, -1.0]])
    (found,) = made.predictions({"logits": logits}, None)
    assert found["label"] == ["bad"]
    batch = {"label": np.float32([[1, 0, 0]]), "weight": np.ones(1, np.float32)}
    *_, watched = made.loss(logits, batch)
    assert float(watched["accuracy"][0]) == 1


def test_the_head_reads_the_pooled_features():
    tokens = keras.Input((4,), dtype="int32", name="tokens")
    pooled = keras.ops.cast(tokens, "float32")
    backbone = keras.Model({"tokens": tokens}, {"sequence": -pooled, "pooled": pooled})
    model = objective(dropout=0.5).head(backbone)
    kernel, bias = model.get_layer("head").get_weights()
    x = np.array([[1, 2, 3, 4]])
    found = model({"tokens": x})
    np.testing.assert_allclose(found, x @ kernel + bias, rtol=1e-5)
    batch = {"tokens": x, "label": LABELS[:1], "other": x, "weight": WEIGHT[:1]}
    kept = objective(dropout=0.5).eval_step(model, "evaluate")(batch)
    np.testing.assert_allclose(kept["logits"], found, rtol=1e-5)  # without dropout
