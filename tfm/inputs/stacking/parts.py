"""Linear support vector machines over sparse features, and their out-of-fold scores.

N texts, V features, C classes.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn import model_selection
from sklearn import svm

_TOLERANCE = 0.1  # as LIBLINEAR has it; 0.0001 gave the same scores in thrice the time
_NEVER = -1.5  # the score of a class that a machine has not seen


class Machines:
    """One machine for each class against the others.

    Attributes:
      weights: float32 [V, C].
      bias: float32 [C].
    """

    def __init__(self, weights: np.ndarray, bias: np.ndarray):
        self.weights, self.bias = weights, bias

    def scores(self, features_NV: sparse.csr_matrix) -> np.ndarray:
        """Signed distances from the margins' middles, float32 [N, C]."""
        return np.asarray(features_NV @ self.weights + self.bias, np.float32)


def fit(features_NV: sparse.csr_matrix, target_NC: np.ndarray) -> Machines:
    """Fits the machines; rare classes count as much as frequent ones.

    Args:
      features_NV: the texts' features; a matrix or an array.
      target_NC: bool, the classes of each text.
    """
    num_classes = target_NC.shape[1]
    weights = np.zeros((features_NV.shape[1], num_classes), np.float32)
    bias = np.full(num_classes, _NEVER, np.float32)
    if (target_NC.sum(axis=1) == 1).all():  # one machine in C for all of them
        label_N = target_NC.argmax(axis=1)
        seen = np.unique(label_N)
        if len(seen) == 1:
            bias[seen] = -_NEVER
        else:
            machine = _machine(features_NV, label_N)
            weights[:, seen], bias[seen] = _by_class(machine)
        return Machines(weights, bias)
    for number in range(num_classes):
        target_N = target_NC[:, number]
        if target_N.all():
            bias[number] = -_NEVER
        elif target_N.any():
            machine = _machine(features_NV, target_N)
            weights[:, number] = machine.coef_[0]
            bias[number] = machine.intercept_[0]
    return Machines(weights, bias)


def _machine(features_NV, label_N: np.ndarray) -> svm.LinearSVC:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence
        machine = svm.LinearSVC(class_weight="balanced", tol=_TOLERANCE, random_state=0)
        return machine.fit(features_NV, label_N)


def _by_class(machine: svm.LinearSVC) -> tuple[np.ndarray, np.ndarray]:
    """Weights [V, C] and bias [C]; of two classes one is the other's opposite."""
    weights, bias = machine.coef_.T, machine.intercept_
    if len(machine.classes_) == 2:
        return np.hstack([-weights, weights]), np.hstack([-bias, bias])
    return weights, bias


def out_of_fold(
    features_NV: sparse.csr_matrix, target_NC: np.ndarray, folds: int
) -> np.ndarray:
    """Scores of each text by machines fitted without it, float32 [N, C]."""
    scores_NC = np.zeros(target_NC.shape, np.float32)
    for others, own in cut(target_NC, folds):
        machines = fit(features_NV[others], target_NC[others])
        scores_NC[own] = machines.scores(features_NV[own])
    return scores_NC


def cut(target_NC: np.ndarray, folds: int) -> Sequence[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit on and rows to score, of each fold, the classes shared out evenly."""
    folds = min(folds, len(target_NC))
    rarest_N = np.argmin(np.where(target_NC, target_NC.sum(axis=0), np.inf), axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with fewer texts than folds
        try:
            cutter = model_selection.StratifiedKFold(
                folds, shuffle=True, random_state=0
            )
            return list(cutter.split(target_NC, rarest_N))
        except ValueError:  # no class has as many texts as there are folds
            cutter = model_selection.KFold(folds, shuffle=True, random_state=0)
            return list(cutter.split(target_NC))
