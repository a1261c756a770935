"""Precision, recall, F1, ROC-AUC, average precision, calibration error of a split.

N examples, C classes.
"""

import numpy as np
from sklearn import metrics as sklearn_metrics

from tfm.tasks.classification import calibration

AVERAGES = ("macro", "micro")


def compute_metrics(
    probabilities_NC: np.ndarray,
    labels: np.ndarray,
    label_names: tuple[str, ...],
    predicted: np.ndarray,
) -> dict[str, float]:
    """Every metric of a split.

    Args:
      probabilities_NC: float [N, C].
      labels: true ids int [N], or 0/1 [N, C] if multi-label.
      label_names: C names.
      predicted: predicted ids int [N], or 0/1 [N, C] if multi-label.

    Returns:
      loss (mean cross-entropy; if multi-label the mean over labels too), accuracy
      (all labels right, if multi-label), precision, recall and f1 as _macro, _micro
      (if multi-label) and /NAME for each class, roc_auc and pr_auc (average
      precision): of the second class of two, else the mean over the classes, one
      against the rest. An area that is undefined, as with one class only in the
      split, is left out. And ece,
      the expected calibration error.
    """
    labels = np.asarray(labels)
    multi_label = labels.ndim == 2
    ids = np.arange(len(label_names))
    found = {
        "loss": _cross_entropy(probabilities_NC, labels),
        "accuracy": float(sklearn_metrics.accuracy_score(labels, predicted)),
    }
    ece = calibration.expected_calibration_error(probabilities_NC, labels)
    # of one label an example, the micro averages are the accuracy
    for average in AVERAGES if multi_label else AVERAGES[:1]:
        scores = sklearn_metrics.precision_recall_fscore_support(
            labels, predicted, labels=ids, average=average, zero_division=0
        )
        for name, score in zip(("precision", "recall", "f1"), scores, strict=False):
            found[f"{name}_{average}"] = float(score)
    by_class = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, labels=ids, average=None, zero_division=0
    )
    for name, scores in zip(("precision", "recall", "f1"), by_class, strict=False):
        for label, score in zip(label_names, scores, strict=True):
            found[f"{name}/{label}"] = float(score)

    true_NC = labels if multi_label else labels[:, None] == ids
    if not multi_label and len(label_names) == 2:  # the second class's areas
        true_NC, probabilities_NC = true_NC[:, 1:], probabilities_NC[:, 1:]
    counts_C = true_NC.sum(axis=0)
    if np.all((counts_C > 0) & (counts_C < len(labels))):
        found["roc_auc"] = float(
            sklearn_metrics.roc_auc_score(true_NC, probabilities_NC, average="macro")
        )
        found["pr_auc"] = float(
            sklearn_metrics.average_precision_score(
                true_NC, probabilities_NC, average="macro"
            )
        )
    return found | {"ece": ece}


def _cross_entropy(probabilities_NC: np.ndarray, labels: np.ndarray) -> float:
    p_NC = np.clip(probabilities_NC, 1e-15, 1 - 1e-15)
    if labels.ndim == 2:
        return float(-np.mean(np.where(labels > 0, np.log(p_NC), np.log1p(-p_NC))))
    return float(-np.mean(np.log(p_NC[np.arange(len(labels)), labels])))
