"""Curves of an evaluated classifier: ROC, precision and recall, calibration.

N examples, C classes.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np
from sklearn import metrics as sklearn_metrics

from tfm import figures
from tfm.tasks.classification import calibration

_LINES = 10  # classes with a line of their own: those of the most examples


def roc(
    probabilities_NC: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> figures.Curve:
    """ROC curve: true positive rate by false positive rate, one class against the rest.

    Of two classes the second alone has one; else the most frequent ones. A class that
    no example or every example has is left out.

    Args:
      probabilities_NC: float [N, C].
      labels: true ids int [N], or 0/1 [N, C] if multi-label.
      names: C of them.
    """

    def line(true_N, p_N):
        x, y, _ = sklearn_metrics.roc_curve(true_N, p_N)
        return x, y

    lines = _lines(line, probabilities_NC, labels, names)
    return figures.Curve(lines, ("false positive rate", "true positive rate"), True)


def precision_recall(
    probabilities_NC: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> figures.Curve:
    """Precision-recall curve; classes and arguments as of `roc`."""

    def line(true_N, p_N):
        precision, recall, _ = sklearn_metrics.precision_recall_curve(true_N, p_N)
        return recall, precision

    lines = _lines(line, probabilities_NC, labels, names)
    return figures.Curve(lines, ("recall", "precision"))


def scores(
    probabilities_NC: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> figures.Scores:
    """Truth and probability of each example, by class; arguments as of `roc`."""
    lines = _lines(lambda true_N, p_N: (true_N, p_N), probabilities_NC, labels, names)
    return figures.Scores(lines)


def reliability(by_name: dict[str, np.ndarray], labels: np.ndarray) -> figures.Curve:
    """Reliability diagram: accuracy by confidence, in bins of the confidence.

    Args:
      by_name: probabilities [N, C], such as of calibrated and uncalibrated.
      labels: as of `roc`.
    """
    lines = {}
    for name, probabilities_NC in by_name.items():
        confidence_N, right_N = calibration.confidences(probabilities_NC, labels)
        lines[name] = calibration.binned(confidence_N, right_N)
    return figures.Curve(lines, ("confidence", "accuracy"), True)


def _lines(
    line: Callable, probabilities_NC: np.ndarray, labels: np.ndarray, names
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {
        names[place]: line(true_N, probabilities_NC[:, place])
        for place, true_N in _against_the_rest(labels, len(names))
    }


def _against_the_rest(labels: np.ndarray, size: int) -> Iterator[tuple]:
    """Yields a class, and whether each example has it, bool [N]; ascending."""
    labels = np.asarray(labels)
    several = labels.ndim == 2
    counts_C = labels.sum(0) if several else np.bincount(labels, minlength=size)
    most_C = np.argsort(-counts_C, kind="stable")[:_LINES]
    if not several and size == 2:
        most_C = [1]
    for place in sorted(most_C):
        if 0 < counts_C[place] < len(labels):
            yield place, labels[:, place] > 0 if several else labels == place
