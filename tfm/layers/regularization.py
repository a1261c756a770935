"""L1 and L2 regularization (weight penalties)."""

import keras


def l1_l2(l1: float, l2: float):
    """L1 and L2 regularizer: l1 * sum(|w|) + l2 * sum(w^2); None if both are 0."""
    return keras.regularizers.L1L2(l1, l2) if l1 or l2 else None
