"""Tables of an evaluated classifier: scores by class, confusion matrix, samples.

N examples, C classes.
"""

from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np
from sklearn import metrics as sklearn_metrics

from tfm import figures
from tfm import interfaces

_SHOWN = 20  # examples with predictions


def classes(scores: Mapping[str, float], names: Sequence[str]) -> figures.Table:
    """Precision, recall and F1 of each class.

    Args:
      scores: of classification.metrics.
      names: C of them.
    """
    kinds = ("precision", "recall", "f1")
    rows = [[name, *(scores[f"{kind}/{name}"] for kind in kinds)] for name in names]
    return figures.Table(("class", *kinds), rows)


def confusion_matrix(
    labels: np.ndarray, predicted: np.ndarray, names: Sequence[str]
) -> figures.Matrix:
    """Counts by true class (row) and predicted class, int [C, C].

    Multi-label: [C, 2, 2], one matrix for each label against its absence.

    Args:
      labels: true ids int [N], or 0/1 [N, C] if multi-label.
      predicted: the same of predictions.
      names: C of them.
    """
    if np.ndim(labels) == 2:
        counts = sklearn_metrics.multilabel_confusion_matrix(labels, predicted)
        return figures.Matrix(counts, ("no", "yes"), ("no", "yes"), tuple(names))
    counts = sklearn_metrics.confusion_matrix(
        labels, predicted, labels=np.arange(len(names))
    )
    return figures.Matrix(counts, tuple(names), tuple(names))


def confusions(
    labels: np.ndarray, predicted: np.ndarray, names: Sequence[str]
) -> figures.Table:
    """The most frequent confusions: true class, predicted class, how many of N.

    Args:
      labels: true ids int [N].
      predicted: predicted ids int [N].
      names: C of them.
    """
    pairs = np.stack([labels, predicted], axis=1)[labels != predicted]
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    rows = [
        (names[found[place, 0]], names[found[place, 1]], int(counts[place]))
        for place in np.argsort(-counts, kind="stable")[:_SHOWN]
    ]
    return figures.Table(("true", "predicted", "examples"), rows)


def mistakes(
    labels: np.ndarray, predicted: np.ndarray, probabilities_NC: np.ndarray
) -> np.ndarray:
    """Places of the most confident mistakes, int64 [n], the most confident first.

    Args:
      labels: true ids int [N], or 0/1 [N, C] if multi-label.
      predicted: the same of predictions.
      probabilities_NC: float [N, C]; of a label that is not given, 1 - it counts.
    """
    if np.ndim(labels) == 2:
        wrong_NC = (labels > 0) != (predicted > 0)
        sure_NC = np.where(predicted > 0, probabilities_NC, 1 - probabilities_NC)
        confidence_N = np.where(wrong_NC, sure_NC, 0).max(axis=1)
        wrong_N = wrong_NC.any(axis=1)
    else:
        wrong_N = labels != predicted
        confidence_N = probabilities_NC.max(axis=1)
    places = np.flatnonzero(wrong_N)
    return places[np.argsort(-confidence_N[places], kind="stable")[:_SHOWN]]


def spread(size: int) -> np.ndarray:
    """Places of a few examples of `size`, over all of them: they may be sorted."""
    return np.unique(np.linspace(0, size - 1, _SHOWN, dtype=int))


def samples(
    split: interfaces.Split,
    places: np.ndarray,
    true: Sequence,
    predicted: Sequence,
    confidences: Sequence[float],
) -> figures.Samples:
    """A few examples with their labels and predictions, wrong ones with a mark.

    Args:
      split: whose raw values that are text are shown; else where they come from.
      places: int64 [n], in the split.
      true: n labels, as predictions tell them.
      predicted: n of them.
      confidences: n probabilities of the likeliest class.
    """
    shown, rows = _raw(split, places), []
    for cells, label, guess, confidence in zip(
        zip(*shown.values(), strict=True), true, predicted, confidences, strict=True
    ):
        mark = "" if label == guess else " ✗"
        rows.append((*cells, _told(label), f"{_told(guess)}{mark}", float(confidence)))
    return figures.Samples((*shown, "true", "predicted", "probability"), rows)


def _told(label: object) -> str:
    """A label, or the labels of an example that has any number of them."""
    if isinstance(label, list):
        return ", ".join(map(str, label)) or "(none)"
    return str(label)


def _raw(split, places) -> dict[str, list[str]]:
    """Columns of what the examples are, by name."""
    rows = split.rows(places)
    names = [
        name
        for name in (rows[0] if rows else ())
        if name != "label" and all(isinstance(row.get(name), str) for row in rows)
    ]
    if not names:
        return {"origin": split.origins(places)}
    return {name: [row[name] for row in rows] for name in names}
