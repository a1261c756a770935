"""Curves of a classifier: points by hand, areas as scikit-learn has them."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from tfm.tasks.classification import calibration
from tfm.tasks.classification import curves
from tfm.tasks.classification import tables

NAMES = ("bad", "good", "odd")


def _drawn(num=400, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(num, 3))
    labels = np.argmax(logits + rng.gumbel(size=(num, 3)), axis=1)
    p = np.exp(logits)
    return p / p.sum(axis=1, keepdims=True), labels


def _two(p):
    return np.stack([1 - p, p], axis=1)


def test_the_roc_curve_of_two_classes_by_hand():
    p, labels = _two(np.array([0.1, 0.4, 0.6, 0.9])), np.array([0, 1, 0, 1])
    found = curves.roc(p, labels, ("bad", "good"))
    assert [*found.lines] == ["good"] and found.diagonal
    x, y = found.lines["good"]
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(y, x) == pytest.approx(0.75)
    recall, precision = curves.precision_recall(p, labels, NAMES[:2]).lines["good"]
    assert precision[recall == 1.0].max() == pytest.approx(2 / 3)


def test_each_class_has_the_area_of_itself_against_the_rest():
    p, labels = _drawn()
    found = curves.roc(p, labels, NAMES).lines
    assert [*found] == [*NAMES]
    for number, name in enumerate(NAMES):
        expected = sklearn_metrics.roc_auc_score(labels == number, p[:, number])
        x, y = found[name]
        assert np.trapezoid(y, x) == pytest.approx(expected, abs=1e-9)


def test_of_many_classes_the_ten_most_frequent_and_none_that_is_not_there():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(30), np.arange(30))  # class 0 has no example
    p = rng.dirichlet(np.ones(30), len(labels))
    names = [str(number) for number in range(30)]
    assert [*curves.roc(p, labels, names).lines] == names[20:]
    few = labels < 3
    found = curves.precision_recall(p[few], labels[few], names).lines
    assert [*found] == ["1", "2"]
    assert curves.roc(p[:1], labels[:1], names).lines == {}


def test_labels_of_their_own_have_lines_of_their_own():
    p, _ = _drawn()
    labels = (np.random.default_rng(1).random((400, 3)) < p).astype(np.float32)
    found = curves.roc(p, labels, NAMES).lines
    for number, name in enumerate(NAMES):
        expected = sklearn_metrics.roc_auc_score(labels[:, number], p[:, number])
        assert np.trapezoid(*found[name][::-1]) == pytest.approx(expected, abs=1e-9)


def test_the_gaps_of_the_reliability_diagram_are_the_calibration_error():
    p, labels = _drawn()
    sharp = p**3 / (p**3).sum(axis=1, keepdims=True)
    found = curves.reliability({"before": sharp, "after": p}, labels)
    confidence_N, right_N = calibration.confidences(sharp, labels)
    counts = np.unique(np.ceil(confidence_N * 15), return_counts=True)[1]
    x, y = found.lines["before"]
    error = calibration.expected_calibration_error(sharp, labels)
    assert np.sum(np.abs(x - y) * counts) / 400 == pytest.approx(error)
    x, y = found.lines["after"]
    assert len(x) == len(y) <= 15 and np.all(np.diff(x) > 0)


def test_the_most_confident_mistakes_come_first():
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])
    labels, predicted = np.array([1, 1, 0, 1]), np.array([0, 1, 1, 0])
    np.testing.assert_array_equal(tables.mistakes(labels, predicted, p), [0, 2, 3])
    several = np.array([[0, 1], [1, 1], [0, 0]])  # the first label of the last wrong
    given = np.array([[0, 1], [0, 1], [1, 0]])
    p = np.array([[0.2, 0.9], [0.1, 0.9], [0.6, 0.4]])
    np.testing.assert_array_equal(tables.mistakes(several, given, p), [1, 2])


def test_the_most_frequent_confusions_come_first():
    labels, predicted = np.array([0, 0, 0, 1, 2, 2]), np.array([1, 1, 0, 0, 2, 2])
    found = tables.confusions(labels, predicted, NAMES)
    assert found.rows == [("bad", "good", 2), ("good", "bad", 1)]
    assert tables.confusions(labels, labels, NAMES).rows == []
