"""Figures of an evaluation beside its metrics: tables, samples, confusion matrices."""

import typing
from collections.abc import Mapping
from collections.abc import Sequence

if typing.TYPE_CHECKING:
    import numpy as np


class Table(typing.NamedTuple):
    """Rows of text and numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


class Samples(Table):
    """A table of a few examples with what the model says of them."""


class Matrix(typing.NamedTuple):
    """Counts by row and column, as a confusion matrix; int [R, C], or [P, R, C]."""

    counts: "np.ndarray"
    rows: Sequence[str]
    columns: Sequence[str]
    panels: Sequence[str] = ()  # P names
    axes: tuple[str, str] = ("true", "predicted")


Figure = Table | Samples | Matrix


class Evaluation(typing.NamedTuple):
    """Metrics of a split, and what is drawn of it, by name."""

    metrics: Mapping[str, float]
    figures: Mapping[str, Figure] = {}
