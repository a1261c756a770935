"""Losses by hand, metrics equal to scikit-learn's, and what predictions look like."""

import keras
import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from tfm import errors
from tfm import tasks

NAMES = ("bad", "fair", "good")
LOGITS = np.array(
    [[2.0, 0.0, -1.0], [0.5, 0.6, 0.4], [0.0, 0.0, 3.0], [1.0, 2.0, 0.0]], np.float32
)
LABELS = np.array([0, 2, 2, 1], np.int32)
MULTI = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]], np.float32)
WEIGHT = np.array([1, 1, 1, 0], np.float32)  # the last one is padding


def _classifier(multi_label=False, counts=None, **fields):
    task = tasks.TextClassification(**fields)
    return task.bind(NAMES, multi_label, counts)


def _loss(classifier, labels):
    batch = {"label": labels, "weight": WEIGHT}
    losses, weights, watched = classifier.loss(LOGITS, batch)
    return np.asarray(losses), np.asarray(weights), watched["accuracy"]


def _log_softmax():
    return LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True))


def test_cross_entropy_by_hand():
    losses, weights, (right, count) = _loss(_classifier(), LABELS)
    expected = -_log_softmax()[np.arange(4), LABELS]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_array_equal(weights, WEIGHT)
    assert (float(right), float(count)) == (2, 3)


def test_label_smoothing_spreads_the_target_over_all_classes():
    losses, *_ = _loss(_classifier(label_smoothing=0.3), LABELS)
    target = np.full((4, 3), 0.1)
    target[np.arange(4), LABELS] += 0.7
    np.testing.assert_allclose(losses, -(target * _log_softmax()).sum(1), rtol=1e-5)


def test_class_weights_weigh_examples_but_not_the_accuracy():
    _, weights, (_, count) = _loss(_classifier(class_weights=(1, 2, 5)), LABELS)
    np.testing.assert_array_equal(weights, [1, 5, 5, 0])
    assert float(count) == 3


def test_balanced_weights_are_scikit_learns():
    from sklearn.utils import class_weight

    labels = np.repeat([0, 1, 2], [50, 30, 20])
    expected = class_weight.compute_class_weight(
        "balanced", classes=np.arange(3), y=labels
    )
    made = _classifier(counts=[50, 30, 20], balance_classes=True)
    np.testing.assert_allclose(made.class_weights, expected)


def test_multi_label_loss_by_hand():
    losses, _, (right, _) = _loss(_classifier(multi_label=True), MULTI)
    p = 1 / (1 + np.exp(-LOGITS))
    expected = -(MULTI * np.log(p) + (1 - MULTI) * np.log(1 - p)).mean(axis=1)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    assert float(right) == 2  # the first and the third have all labels right


def test_multi_label_class_weights_weigh_each_label():
    losses, *_ = _loss(_classifier(multi_label=True, class_weights=(1, 2, 5)), MULTI)
    p = 1 / (1 + np.exp(-LOGITS))
    each = -(MULTI * np.log(p) + (1 - MULTI) * np.log(1 - p))
    np.testing.assert_allclose(losses, (each * [1, 2, 5]).mean(axis=1), rtol=1e-5)


def _random_split(num=500, seed=3):
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, num, p=[0.6, 0.3, 0.1])
    logits = rng.normal(size=(num, 3)) + 1.5 * np.eye(3)[labels]
    return logits.astype(np.float32), labels


def test_metrics_equal_scikit_learns():
    logits, labels = _random_split()
    made = _classifier()
    found = made.metrics(logits, labels)
    p = keras.ops.convert_to_numpy(keras.ops.softmax(logits)).astype(np.float64)
    decided = p.argmax(1)
    expected = {
        "loss": sklearn_metrics.log_loss(labels, p / p.sum(1, keepdims=True)),
        "accuracy": np.mean(decided == labels),
        "f1_macro": sklearn_metrics.f1_score(labels, decided, average="macro"),
        "f1_micro": sklearn_metrics.f1_score(labels, decided, average="micro"),
        "precision/good": sklearn_metrics.precision_score(labels == 2, decided == 2),
        "recall/bad": sklearn_metrics.recall_score(labels == 0, decided == 0),
        "roc_auc": sklearn_metrics.roc_auc_score(
            labels, p / p.sum(1, keepdims=True), multi_class="ovr", average="macro"
        ),
        "pr_auc": np.mean(
            [
                sklearn_metrics.average_precision_score(labels == c, p[:, c])
                for c in range(3)
            ]
        ),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-5), name
    np.testing.assert_array_equal(
        made.confusion(logits, labels),
        sklearn_metrics.confusion_matrix(labels, decided),
    )


def test_two_classes_score_the_second_one():
    logits, labels = _random_split()
    logits, labels = logits[labels < 2][:, :2], labels[labels < 2]
    made = tasks.TextClassification().bind(("no", "yes"), False)
    found = made.metrics(logits, labels)
    score = logits[:, 1] - logits[:, 0]
    assert found["roc_auc"] == pytest.approx(
        sklearn_metrics.roc_auc_score(labels, score)
    )
    assert found["pr_auc"] == pytest.approx(
        sklearn_metrics.average_precision_score(labels, score)
    )


def test_multi_label_metrics_equal_scikit_learns():
    rng = np.random.default_rng(0)
    labels = (rng.random((200, 3)) < [0.5, 0.3, 0.2]).astype(np.float32)
    logits = rng.normal(size=(200, 3)) + 2 * labels - 1
    made = _classifier(multi_label=True, threshold=0.4)
    found = made.metrics(logits, labels)
    p = 1 / (1 + np.exp(-logits))
    decided = p >= 0.4
    for name, value in {
        "accuracy": sklearn_metrics.accuracy_score(labels, decided),
        "f1_micro": sklearn_metrics.f1_score(labels, decided, average="micro"),
        "f1_macro": sklearn_metrics.f1_score(labels, decided, average="macro"),
        "roc_auc": sklearn_metrics.roc_auc_score(labels, p),
        "f1/fair": sklearn_metrics.f1_score(labels[:, 1], decided[:, 1]),
    }.items():
        assert found[name] == pytest.approx(value), name


def test_an_undefined_area_is_left_out_and_the_rest_is_there():
    found = _classifier().metrics(LOGITS[:1], LABELS[:1])
    assert "roc_auc" not in found and "pr_auc" not in found
    assert found["accuracy"] == 1.0 and found["recall/good"] == 0.0


def test_predictions_name_labels_and_all_probabilities():
    first = _classifier().predictions(LOGITS)[0]
    assert first["label"] == "bad"
    assert list(first["probabilities"]) == list(NAMES)
    assert sum(first["probabilities"].values()) == pytest.approx(1.0)
    several = _classifier(multi_label=True).predictions(
        np.array([[3.0, 2.0, -1.0], [-1.0, -1.0, -1.0]])
    )
    assert [found["label"] for found in several] == [["bad", "fair"], []]


def test_the_head_reads_the_pooled_features():
    tokens = keras.Input((4,), dtype="int32")
    pooled = keras.ops.cast(tokens, "float32")
    backbone = keras.Model(tokens, {"sequence": pooled, "pooled": pooled})
    model = _classifier(dropout=0.5).model(backbone)
    kernel, bias = model.get_layer("head").get_weights()
    x = np.array([[1, 2, 3, 4]])
    np.testing.assert_allclose(model(x), x @ kernel + bias, rtol=1e-5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\). Got dropout=1.0."),
        ({"threshold": 0.0}, "threshold must be between 0 and 1. Got threshold=0.0."),
        ({"class_weights": (1.0, -1.0)}, "class_weights must all be above 0."),
        (
            {"class_weights": (1.0, 2.0), "balance_classes": True},
            "Give balance_classes or class_weights, not both.",
        ),
    ],
)
def test_a_value_out_of_range_is_told(fields, message):
    with pytest.raises(errors.UserError, match=message):
        tasks.TextClassification(**fields)


def test_as_many_class_weights_as_classes():
    with pytest.raises(errors.UserError, match="each of the 3 classes bad, fair, good"):
        _classifier(class_weights=(1.0, 2.0))
