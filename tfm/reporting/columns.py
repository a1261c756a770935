"""Columns to slice a split by: lengths of texts, the true value, the source's own."""

from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm import interfaces

_SOURCES = ("train", "validation", "test")  # fields of data that name them
_ROWS = 4096  # read at a time


def of(
    data: interfaces.Data,
    columns: dict[str, interfaces.Column],
    split: interfaces.Split,
    rows_N: np.ndarray,
    names: Sequence[str] = (),
) -> dict[str, list]:
    """N values of each column.

    Args:
      data: of the run, for the source.
      columns: of the run; categories are slices of their own.
      split: that was evaluated.
      rows_N: the row of each example in the split.
      names: columns of the source that no part of the run reads.

    Raises:
      UserError: the source has no such column, or is not there.
    """
    distinct, places_N = np.unique(rows_N, return_inverse=True)
    found: dict[str, list] = {}
    for start in range(0, len(distinct), _ROWS):
        for row in split.rows(distinct[start : start + _ROWS]):
            for name, value in row.items():
                kind = getattr(columns.get(name), "kind", "")
                if kind == "category":
                    found.setdefault(f"true {name}", []).append(value)
                elif isinstance(value, str):
                    length = len(value.split())
                    found.setdefault(f"words of {name}", []).append(length)
    found |= _of_source(data, columns, split, distinct, names)
    return {
        name: [values[place] for place in places_N.tolist()]
        for name, values in found.items()
        if len(values) == len(distinct)
    }


def _of_source(data, columns, split, distinct: np.ndarray, names) -> dict[str, list]:
    """Values of the source's own columns, found again by FILE:LINE."""
    if not names:
        return {}
    origins = [
        origin
        for start in range(0, len(distinct), _ROWS)
        for origin in split.origins(distinct[start : start + _ROWS])
    ]
    wanted, there = {*origins}, {}
    for field in _SOURCES:
        source = getattr(data, field, "")
        for read in data.rows(source, columns) if source else ():
            if read.origin in wanted:
                there[read.origin] = read.shown
    missing = [name for name in names if not any(name in r for r in there.values())]
    if missing:
        known = dict.fromkeys(name for row in there.values() for name in row)
        raise errors.UserError(
            f"--columns: the source has no column {missing[0]!r}. It has: "
            f"{', '.join(known) or 'none that is found again'}."
        )
    return {
        name: [there.get(origin, {}).get(name) for origin in origins] for name in names
    }
