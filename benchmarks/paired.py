"""Intervals of paired differences: over the seeds of a set, and over sets."""

import math
import statistics
from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

_RESAMPLES = 10_000


class Interval(NamedTuple):
    """A mean difference and its 95 % interval, which one value alone lacks."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        if math.isnan(self.low):
            return f"{self.mean:+.4f}"
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def over_seeds(differences: Sequence[float]) -> Interval:
    """Student's t interval of the mean; few seeds make it wide."""
    mean = statistics.mean(differences)
    if len(differences) < 2:
        return Interval(mean, math.nan, math.nan)
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    reach = error * stats.t.ppf(0.975, len(differences) - 1)
    return Interval(mean, mean - reach, mean + reach)


def over_sets(
    differences: Mapping[str, float], sources: Mapping[str, str] | None = None
) -> Interval:
    """Percentile bootstrap of the mean over sets.

    Args:
      differences: each set's.
      sources: each set's source. Sets of one source are drawn together, since their
        differences rise and fall together; without it each set is by itself.
    """
    sources = sources or {}
    groups: dict[str, list[float]] = {}
    for name, difference in differences.items():
        groups.setdefault(sources.get(name, name), []).append(difference)
    mean = statistics.mean(differences.values())
    if len(groups) < 2:
        return Interval(mean, math.nan, math.nan)
    sums = np.array([sum(group) for group in groups.values()])
    counts = np.array([len(group) for group in groups.values()])
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(sums), size=(_RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(mean, float(low), float(high))
