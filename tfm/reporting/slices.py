"""Slices of a split: the score of each group of rows, and its gap to the others.

N examples.
"""

import typing
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm.reporting import intervals

_FEWEST = 5  # examples of a slice
_MOST = 12  # slices of a column
_BINS = 4  # of numbers, as many examples in each


class Slice(typing.NamedTuple):
    """A group of examples, its score, and the score less that of all others."""

    column: str
    value: str
    examples: int
    score: float
    interval: intervals.Interval
    gap: float
    gap_interval: intervals.Interval

    @property
    def is_apart(self) -> bool:
        """Whether the interval of the gap leaves out 0."""
        low, high = self.gap_interval
        return low > 0 or high < 0


def of(
    columns: Mapping[str, Sequence],
    sums_N: np.ndarray,
    weights_N: np.ndarray,
    resamples: int,
) -> list[Slice]:
    """Slices by each column whose values group the examples.

    Numbers of many values are cut into quarters. Of other columns with many values the
    most frequent are taken; a column in which hardly any value comes twice, such as a
    text, has no slices.

    Args:
      columns: N values by name; None where an example has none.
      sums_N: float, an example's score times its weight, as of intervals.of_mean.
      weights_N: float.
      resamples: of each interval.
    """
    found = []
    for name, values in columns.items():
        for value, is_in_N in _groups(values).items():
            count = int(is_in_N.sum())
            if not _FEWEST <= count < len(is_in_N):
                continue
            own, others = (
                intervals.of_mean(sums_N[kept], weights_N[kept], resamples, seed)
                for seed, kept in enumerate((is_in_N, ~is_in_N))
            )
            score, rest = (
                float(sums_N[kept].sum() / max(weights_N[kept].sum(), 1e-12))
                for kept in (is_in_N, ~is_in_N)
            )
            found.append(
                Slice(
                    name,
                    value,
                    count,
                    score,
                    _interval(own),
                    score - rest,
                    _interval(own - others),
                )
            )
    return found


def _interval(values: np.ndarray) -> intervals.Interval:
    low, high = np.nanquantile(values, intervals.QUANTILES)
    return float(low), float(high)


def _groups(values: Sequence) -> dict[str, np.ndarray]:
    """Whether each example is in a group, bool [N], by the group's name."""
    numbers = _numbers(values)
    if numbers is not None and len(np.unique(numbers[~np.isnan(numbers)])) > _MOST:
        return _quarters(numbers)
    names = np.array(["" if value is None else str(value) for value in values])
    found, counts = np.unique(names, return_counts=True)
    if len(found) > max(_MOST, len(names) / _FEWEST):
        return {}
    most = found[np.argsort(-counts, kind="stable")[:_MOST]]
    return {name or "(none)": names == name for name in most.tolist()}


def _numbers(values: Sequence) -> np.ndarray | None:
    """Values as float [N], nan for none; None where one is no number."""
    found = []
    for value in values:
        try:
            found.append(float(value) if value not in (None, "") else np.nan)
        except (TypeError, ValueError):
            return None
    return np.array(found)


def _quarters(numbers_N: np.ndarray) -> dict[str, np.ndarray]:
    known = numbers_N[~np.isnan(numbers_N)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)))
    found = {}
    for number, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        is_in_N = (numbers_N > low if number else numbers_N >= low) & (
            numbers_N <= high
        )
        found[f"{low:,.6g} to {high:,.6g}"] = is_in_N
    return found
