"""Figures of an evaluated classifier: tables, confusion matrix, curves.

N examples, C classes.
"""

from collections.abc import Mapping

import numpy as np

from tfm import figures
from tfm import interfaces
from tfm.tasks.classification import curves
from tfm.tasks.classification import pictures
from tfm.tasks.classification import tables


def figures_of(
    objective,
    scores: Mapping[str, float],
    results: interfaces.Arrays,
    split: interfaces.Split,
) -> dict[str, figures.Figure]:
    """Tables, matrices and curves of an evaluation, by name.

    Args:
      objective: a ClassificationObjective.
      scores: its metrics.
      results: logits [N, C], label [N] or [N, C], row [N] int64.
      split: with the rows, some of which are shown.
    """
    names, labels = objective.label_names, results["label"]
    logits_NC = results["logits"]
    predicted = objective.decide(logits_NC)
    probabilities_NC = objective.probabilities(logits_NC)
    told = {"uncalibrated": probabilities_NC}
    if objective.temperature is not None:
        told["calibrated"] = objective.calibrated(logits_NC)

    def samples(places: np.ndarray) -> figures.Samples:
        told = objective.predictions({"logits": logits_NC[places]}, split)
        return tables.samples(
            split,
            results["row"][places],
            objective.names(labels[places]),
            [one["label"] for one in told],
            [max(one["probabilities"].values()) for one in told],
        )

    mistakes = tables.mistakes(labels, predicted, probabilities_NC)
    found = {
        "classes": tables.classes(scores, names),
        "confusion_matrix": tables.confusion_matrix(labels, predicted, names),
        "predictions": samples(tables.spread(len(labels))),
        "mistakes": samples(mistakes),
        "roc": curves.roc(probabilities_NC, labels, names),
        "precision_recall": curves.precision_recall(probabilities_NC, labels, names),
        "scores": curves.scores(probabilities_NC, labels, names),
        "calibration": curves.reliability(told, labels),
    }
    if len(mistakes) and pictures.seen(objective.preprocessor):
        found["mistaken_pictures"] = pictures.sheet(
            objective.preprocessor,
            split,
            results["row"][mistakes],
            objective.names(labels[mistakes]),
            objective.names(predicted[mistakes]),
            probabilities_NC[mistakes].max(axis=1),
        )
    if len(names) > figures.MOST_DRAWN and not objective.multi_label:
        found["confusions"] = tables.confusions(labels, predicted, names)
    return found
