"""A model's outputs over a whole split, each example once."""

from collections.abc import Callable
from collections.abc import Iterable

import numpy as np


def outputs(predict: Callable, batches: Iterable) -> tuple[np.ndarray, np.ndarray]:
    """Outputs and labels of every example, in the order of `batches`.

    Args:
      predict: batch -> outputs [B, ...] as NumPy; see step.predict_function.
      batches: dicts with weight [B]; an example with weight 0 is padding.

    Returns:
      outputs [N, ...] and labels [N, ...].
    """
    found, labels = [], []
    for batch in batches:
        real = np.asarray(batch["weight"]) > 0
        found.append(predict(batch)[real])
        labels.append(np.asarray(batch["label"])[real])
    return np.concatenate(found), np.concatenate(labels)
