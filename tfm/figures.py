"""Figures of an evaluation beside its metrics: tables, samples, drawings."""

import typing
from collections.abc import Mapping
from collections.abc import Sequence

if typing.TYPE_CHECKING:
    import numpy as np

MOST_DRAWN = 30  # classes of a matrix: what is above reads from a table alone


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


class Curve(typing.NamedTuple):
    """Lines over two axes, as an ROC curve."""

    lines: "Mapping[str, tuple[np.ndarray, np.ndarray]]"  # x [n] and y [n] by name
    axes: tuple[str, str]
    diagonal: bool = False  # whether y = x is drawn too


class Heatmap(typing.NamedTuple):
    """Values from 0 on by row and column, as attention weights; float [R, C]."""

    values: "np.ndarray"
    rows: Sequence[str]
    columns: Sequence[str]
    axes: tuple[str, str]  # of the rows, of the columns
    note: str = ""  # on what is not shown


class Scores(typing.NamedTuple):
    """Scores of examples with the truth, which a threshold divides; bool and float."""

    of: "Mapping[str, tuple[np.ndarray, np.ndarray]]"  # truth [N], scores [N] by name


class Pictures(typing.NamedTuple):
    """A sheet of pictures, each with a caption."""

    pixels: "np.ndarray"  # [N, H, W, C], C 1 or 3, of any range
    captions: Sequence[str]


Drawn = Matrix | Curve | Heatmap | Pictures  # what drawing.py draws
Figure = Table | Samples | Drawn | Scores


class Evaluation(typing.NamedTuple):
    """Metrics of a split, and what is drawn of it, by name."""

    metrics: Mapping[str, float]
    figures: Mapping[str, Figure] = {}
