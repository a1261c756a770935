"""A model's metrics over a whole split, each example once."""

import collections
from collections.abc import Callable
from collections.abc import Iterable

import keras
import numpy as np

from tfm.training import step


class Evaluation:
    """The compiled functions that evaluate a model by its task.

    Made in the scope of a strategy, it runs on its replicas.

    Args:
      model: built by the task.
      task: bound to the data. One with `by_sums` gets its metrics from sums over all
        tokens, another one from each example's outputs.
    """

    def __init__(self, model: keras.Model, task):
        self._task = task
        if task.by_sums:
            self._sums = step.sums_function(model, task.loss)
        else:
            self._predict = step.predict_function(model)

    def metrics(self, batches: Iterable) -> dict[str, float]:
        """The task's metrics of these batches."""
        if self._task.by_sums:
            return self._task.metrics(sums(self._sums, batches))
        return self._task.metrics(*self.outputs(batches))

    def outputs(self, batches: Iterable) -> tuple[np.ndarray, np.ndarray]:
        """Outputs and labels of every example, of a task without `by_sums`."""
        return outputs(self._predict, batches)


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


def sums(of_batch: Callable, batches: Iterable) -> dict[str, tuple[float, float]]:
    """The sum and the count of each figure, added up over all batches.

    Args:
      of_batch: batch -> {name: (sum, count)}; see step.sums_function.
      batches: as for `outputs`.
    """
    totals = collections.defaultdict(lambda: np.zeros(2))
    for batch in batches:
        for name, pair in of_batch(batch).items():
            totals[name] += pair
    return {
        name: (float(total), float(count)) for name, (total, count) in totals.items()
    }
