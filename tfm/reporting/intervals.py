"""Bootstrap confidence intervals of metrics, from the results of each example.

N examples, R resamples. Efron 1979, "Bootstrap Methods: Another Look at the Jackknife":
the rows of a split are drawn anew, with replacement; all examples of a row are drawn
together. The interval is between the 2.5 % and the 97.5 % quantile.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np

from tfm import interfaces

Interval = tuple[float, float]
QUANTILES = (0.025, 0.975)


def of_metrics(
    scores: Callable[[interfaces.Arrays], Mapping[str, float]],
    results: interfaces.Arrays,
    resamples: int,
    seed: int = 0,
) -> dict[str, Interval]:
    """The interval of each metric.

    Args:
      scores: results -> metrics.
      results: arrays [N, ...] by name, with "row": the row that each is made of.
      resamples: R.
      seed: of the drawing.
    """
    found: dict[str, list[float]] = {}
    for places in _drawn(results["row"], resamples, seed):
        drawn = scores({name: values[places] for name, values in results.items()})
        for name, value in drawn.items():
            found.setdefault(name, []).append(value)
    # one that some of the resamples have not is undefined for such data
    return {
        name: tuple(np.quantile(values, QUANTILES).tolist())
        for name, values in found.items()
        if len(values) == resamples
    }


def of_mean(
    sums_N: np.ndarray, weights_N: np.ndarray, resamples: int, seed: int = 0
) -> np.ndarray:
    """Resampled weighted means, sums over weights, float64 [R]; nan without weight."""
    rng = np.random.default_rng(seed)
    size = len(sums_N)
    found = np.full(resamples, np.nan)
    for number in range(resamples):
        counts_N = np.bincount(rng.integers(0, size, size), minlength=size)
        weight = counts_N @ weights_N
        if weight > 0:
            found[number] = (counts_N @ sums_N) / weight
    return found


def _drawn(row_N: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yields the places of the examples of each resample."""
    rng = np.random.default_rng(seed)
    order_N = np.argsort(row_N, kind="stable")
    _, starts, counts = np.unique(row_N[order_N], return_index=True, return_counts=True)
    for _ in range(resamples):
        rows = rng.integers(0, len(starts), len(starts))
        sizes = counts[rows]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        yield order_N[np.repeat(starts[rows], sizes) + within]
