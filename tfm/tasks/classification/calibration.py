"""Calibration of a classifier: temperature scaling, expected calibration error.

Guo et al. 2017, On Calibration of Modern Neural Networks (arXiv:1706.04599).

N examples, C classes. Each label of a multi-label example is a binary decision.
"""

import numpy as np
from scipy import optimize

BINS = 15  # of the confidence, as in the paper
_SPREAD = 0.2  # of the prior of log T
_LOG_TEMPERATURES = np.linspace(-3.0, 3.0, 25)  # tried before the search between two


def expected_calibration_error(
    probabilities_NC: np.ndarray, labels: np.ndarray, bins: int = BINS
) -> float:
    """Expected calibration error: the mean gap of confidence and accuracy (eq. 3).

    The confidence of an example is the probability of its likeliest class. Examples
    are put in `bins` of equal width, (0, 1/bins] the first, and the gap in each counts
    by its share of the examples.

    Args:
      probabilities_NC: float [N, C].
      labels: true ids int [N], or 0/1 [N, C] if multi-label: then over all N x C
        decisions, each as one between two classes, whatever the threshold.
    """
    confidence_N, right_N = confidences(probabilities_NC, labels)
    gaps = np.bincount(_bins(confidence_N, bins), confidence_N - right_N, bins)
    return float(np.abs(gaps).sum() / len(right_N))


def confidences(
    probabilities_NC: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The confidence of each decision, float [n], and whether it is right, bool [n].

    Args:
      probabilities_NC: float [N, C].
      labels: as of `expected_calibration_error`; n is N, or N x C if multi-label.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2:
        probabilities_NC, labels = _decisions(probabilities_NC), labels.reshape(-1) > 0
        probabilities_NC[:, 0] = 1 - probabilities_NC[:, 1]
    return probabilities_NC.max(axis=1), probabilities_NC.argmax(axis=1) == labels


def binned(
    confidence_N: np.ndarray, right_N: np.ndarray, bins: int = BINS
) -> tuple[np.ndarray, np.ndarray]:
    """Mean confidence and accuracy in each bin that is not empty, [n] and [n]."""
    places = _bins(confidence_N, bins)
    counts = np.bincount(places, minlength=bins)
    kept = counts > 0
    sums = [np.bincount(places, values, bins) for values in (confidence_N, right_N)]
    return sums[0][kept] / counts[kept], sums[1][kept] / counts[kept]


def _bins(confidence_N: np.ndarray, bins: int) -> np.ndarray:
    """The bin of each, int [N]; of equal width, (0, 1/bins] the first."""
    return np.clip(np.ceil(confidence_N * bins).astype(int) - 1, 0, bins - 1)


def temperature(logits_NC: np.ndarray, labels: np.ndarray) -> float:
    """Temperature scaling: T > 0 whose softmax(logits / T) fits the labels best.

    It minimises the cross-entropy over the examples plus (log T / 0.2)^2 / 2, a normal
    prior of log T. That counts about as much as 50 examples: so few cannot tell a
    miscalibrated model from luck, and leave T near 1. log T is in [-3, 3].

    Args:
      logits_NC: float [N, C].
      labels: true ids int [N], or 0/1 [N, C] if multi-label, with sigmoids.

    Returns:
      T; 1 where a logit is not finite.
    """
    logits_NC, labels = np.asarray(logits_NC, np.float64), np.asarray(labels)
    if not np.isfinite(logits_NC).all():
        return 1.0
    if labels.ndim == 2:
        logits_NC, labels = _decisions(logits_NC), labels.reshape(-1) > 0
    # exp does not overflow
    logits_NC = logits_NC - logits_NC.max(axis=1, keepdims=True)
    true_N = logits_NC[np.arange(len(labels)), labels.astype(int)]

    def cost(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        totals_N = np.exp(logits_NC * scale).sum(axis=1)
        prior = 0.5 * (log_temperature / _SPREAD) ** 2
        return (np.log(totals_N) - true_N * scale).sum() + prior

    best = int(np.argmin([cost(tried) for tried in _LOG_TEMPERATURES]))
    low, high = _LOG_TEMPERATURES[[max(best - 1, 0), min(best + 1, 24)]]
    found = optimize.minimize_scalar(
        cost, bounds=(low, high), method="bounded", options={"xatol": 1e-6}
    )
    return float(np.exp(found.x))


def _decisions(yes_NC: np.ndarray) -> np.ndarray:
    """[N x C, 2]: 0 for no, and what is given for yes."""
    yes = np.asarray(yes_NC, np.float64).reshape(-1)
    return np.stack([np.zeros_like(yes), yes], axis=1)
