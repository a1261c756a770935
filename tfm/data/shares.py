"""Shares of what was read, as a human reads them."""

import numpy as np


def of(part: np.ndarray, whole: np.ndarray) -> float:
    """The share of one sum in another; of nothing, 0."""
    return float(part.sum() / max(1, whole.sum()))


def percent(share: float) -> str:
    """A share as `31 %`; below 10 % with one digit more."""
    percent = 100 * share
    if 0 < percent < 0.1:
        return "under 0.1 %"
    return f"{percent:.0f} %" if percent >= 9.95 else f"{percent:.1f} %"
