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
        rows.append((*cells, str(label), f"{guess}{mark}", float(confidence)))
    return figures.Samples((*shown, "true", "predicted", "probability"), rows)


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
