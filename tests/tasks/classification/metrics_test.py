"""Metrics equal to scikit-learn's, class by class."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from tests.tasks.classification.objective_test import LABELS
from tests.tasks.classification.objective_test import LOGITS
from tests.tasks.classification.objective_test import objective
from tests.tasks.text_classification_test import NAMES
from tfm.tasks.classification import metrics


def _metrics(logits, labels, **fields):
    made = objective(**fields)
    return metrics.compute_metrics(
        made.probabilities(logits), labels, made.label_names, made.decide(logits)
    )


def _random_split(num=500, seed=3):
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, num, p=[0.6, 0.3, 0.1])
    logits = rng.normal(size=(num, 3)) + 1.5 * np.eye(3)[labels]
    return logits.astype(np.float32), labels


def test_metrics_equal_scikit_learns():
    logits, labels = _random_split()
    found = _metrics(logits, labels)
    exp = np.exp(logits.astype(np.float64))
    p = exp / exp.sum(axis=1, keepdims=True)
    told = p.argmax(1)
    expected = {
        "loss": sklearn_metrics.log_loss(labels, p),
        "accuracy": np.mean(told == labels),
        "roc_auc": sklearn_metrics.roc_auc_score(
            labels, p, multi_class="ovr", average="macro"
        ),
        "pr_auc": np.mean(
            [
                sklearn_metrics.average_precision_score(labels == c, p[:, c])
                for c in range(3)
            ]
        ),
    }
    edges = np.digitize(p.max(1), np.linspace(0, 1, 16), right=True)
    expected["ece"] = sum(
        np.mean(edges == b)
        * abs(np.mean((told == labels) - p.max(1), where=edges == b))
        for b in set(edges)
    )
    scores = {
        "precision": sklearn_metrics.precision_score,
        "recall": sklearn_metrics.recall_score,
        "f1": sklearn_metrics.f1_score,
    }
    for kind, score in scores.items():
        expected[f"{kind}_macro"] = score(labels, told, average="macro")
        for number, name in enumerate(NAMES):
            expected[f"{kind}/{name}"] = score(labels == number, told == number)
    assert found == pytest.approx(expected, rel=1e-9)


def test_two_classes_score_the_second_one():
    logits, labels = _random_split()
    logits, labels = logits[labels < 2][:, :2], labels[labels < 2]
    found = _metrics(logits, labels, names=("no", "yes"))
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
    found = _metrics(logits, labels, multi_label=True, threshold=0.4)
    p = 1 / (1 + np.exp(-logits))
    told = p >= 0.4
    for name, value in {
        "accuracy": sklearn_metrics.accuracy_score(labels, told),
        "f1_micro": sklearn_metrics.f1_score(labels, told, average="micro"),
        "f1_macro": sklearn_metrics.f1_score(labels, told, average="macro"),
        "roc_auc": sklearn_metrics.roc_auc_score(labels, p),
        "f1/fair": sklearn_metrics.f1_score(labels[:, 1], told[:, 1]),
        "precision/fair": sklearn_metrics.precision_score(labels[:, 1], told[:, 1]),
        "recall/fair": sklearn_metrics.recall_score(labels[:, 1], told[:, 1]),
    }.items():
        assert found[name] == pytest.approx(value), name


def test_an_undefined_area_is_left_out_and_the_rest_is_there():
    found = _metrics(LOGITS[:1], LABELS[:1])
    assert "roc_auc" not in found and "pr_auc" not in found
    assert found["accuracy"] == 1.0 and found["recall/good"] == 0.0
