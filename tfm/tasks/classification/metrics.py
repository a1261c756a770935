"""Classification metrics over a whole split, by scikit-learn.

B examples, C classes.
"""

import numpy as np
from sklearn import metrics as sklearn_metrics

AVERAGES = ("macro", "micro")


def metrics(
    probabilities_BC: np.ndarray,
    labels: np.ndarray,
    label_names: tuple[str, ...],
    decided: np.ndarray,
) -> dict[str, float]:
    """Every metric of the split.

    Args:
      probabilities_BC: float [B, C].
      labels: true ids int [B], or 0/1 [B, C] if multi-label.
      label_names: C names.
      decided: predicted ids int [B], or 0/1 [B, C] if multi-label.

    Returns:
      loss (mean cross-entropy; if multi-label the mean over labels too), accuracy
      (all labels right, if multi-label), precision, recall and f1 as _macro, _micro
      and /NAME for each class, roc_auc and pr_auc (average precision): of the second
      class of two, else the mean over the classes, one against the rest. An area
      that is undefined, as with one class only in the split, is left out.
    """
    labels = np.asarray(labels)
    multi_label = labels.ndim == 2
    ids = np.arange(len(label_names))
    found = {
        "loss": _cross_entropy(probabilities_BC, labels),
        "accuracy": float(sklearn_metrics.accuracy_score(labels, decided)),
    }
    for average in AVERAGES:
        scores = sklearn_metrics.precision_recall_fscore_support(
            labels, decided, labels=ids, average=average, zero_division=0
        )
        for name, score in zip(("precision", "recall", "f1"), scores, strict=False):
            found[f"{name}_{average}"] = float(score)
    by_class = sklearn_metrics.precision_recall_fscore_support(
        labels, decided, labels=ids, average=None, zero_division=0
    )
    for name, scores in zip(("precision", "recall", "f1"), by_class, strict=False):
        for label, score in zip(label_names, scores, strict=True):
            found[f"{name}/{label}"] = float(score)

    true_BC = labels if multi_label else labels[:, None] == ids
    if not multi_label and len(label_names) == 2:  # the second class's areas
        true_BC, probabilities_BC = true_BC[:, 1:], probabilities_BC[:, 1:]
    counts_C = true_BC.sum(axis=0)
    if np.all((counts_C > 0) & (counts_C < len(labels))):
        found["roc_auc"] = float(
            sklearn_metrics.roc_auc_score(true_BC, probabilities_BC, average="macro")
        )
        found["pr_auc"] = float(
            sklearn_metrics.average_precision_score(
                true_BC, probabilities_BC, average="macro"
            )
        )
    return found


def _cross_entropy(probabilities_BC: np.ndarray, labels: np.ndarray) -> float:
    p_BC = np.clip(probabilities_BC, 1e-15, 1 - 1e-15)
    if labels.ndim == 2:
        return float(-np.mean(np.where(labels > 0, np.log(p_BC), np.log1p(-p_BC))))
    return float(-np.mean(np.log(p_BC[np.arange(len(labels)), labels])))


def confusion(labels: np.ndarray, decided: np.ndarray, num_classes: int) -> np.ndarray:
    """Counts [C, C] by true and predicted class, or [C, 2, 2] if multi-label."""
    if np.ndim(labels) == 2:
        return sklearn_metrics.multilabel_confusion_matrix(labels, decided)
    return sklearn_metrics.confusion_matrix(
        labels, decided, labels=np.arange(num_classes)
    )
