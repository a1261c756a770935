"""Weighted terms of a loss and its metrics: sums over a batch, an example, a split.

A term is (values, weights) of every predicted token, [B, T], or of every example, [B].
A metric is the weighted mean of one over a split, so it does not depend on how the
split was divided into batches.

B batch, T predictions of an example, N examples of a split.
"""

from collections.abc import Mapping

import numpy as np
from keras import ops

_SUM, _WEIGHT = "_sum", "_weight"


def batch_sums(terms: Mapping) -> dict:
    """{name: (sum, count)} over the batch: of values times weights, and of weights."""
    return {
        name: (ops.sum(values * weights), ops.sum(weights))
        for name, (values, weights) in terms.items()
    }


def example_sums(terms: Mapping) -> dict:
    """The same for each example, float32 [B], as NAME_sum and NAME_weight."""
    found = {}
    for name, (values, weights) in terms.items():
        found[name + _SUM] = _of_each(values * weights)
        found[name + _WEIGHT] = _of_each(weights)
    return found


def split_sums(results: Mapping[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    """{name: (sum, count)} over a split, from the `example_sums` of its N examples."""
    names = [key.removesuffix(_SUM) for key in results if key.endswith(_SUM)]
    return {
        name: (
            float(np.sum(results[name + _SUM], dtype=np.float64)),
            float(np.sum(results[name + _WEIGHT], dtype=np.float64)),
        )
        for name in names
    }


def _of_each(x):
    return ops.sum(x, axis=1) if len(x.shape) > 1 else x
