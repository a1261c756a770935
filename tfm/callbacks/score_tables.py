"""Scores and figures of an evaluation as tables for a terminal."""

import functools

from rich import console as rich_console
from rich import table as rich_table

from tfm import console
from tfm import figures

MAX_COLUMNS = 31  # of a matrix that still reads as text
# names of classes are no markup
_console = rich_console.Console(
    highlight=False, soft_wrap=True, markup=False, emoji=False
)


def print_scores(by_split: dict[str, dict[str, float]]) -> None:
    """A row for each metric over all classes, a column for each split.

    The reference's column is its scores on the test split.
    """
    splits = [name for name in by_split if name != "reference_validation"]
    names = dict.fromkeys(name for split in splits for name in by_split[split])
    rows = [
        (name, *(_figure(by_split[split].get(name)) for split in splits))
        for name in names
        if "/" not in name and name != "step"
    ]
    _print(("", *splits), rows)


@functools.singledispatch
def print_figure(figure) -> None:
    """A figure that reads as text; others are left to TensorBoard."""


@print_figure.register
def _(figure: figures.Table) -> None:
    _console.print()
    rows = [[_figure(cell) for cell in row] for row in figure.rows]
    _print(figure.columns, rows)


@print_figure.register
def _(figure: figures.Samples) -> None:
    """Nothing: texts are for TensorBoard's Text page."""


@print_figure.register
def _(figure: figures.Matrix) -> None:
    if figure.counts.ndim != 2 or len(figure.columns) >= MAX_COLUMNS:
        return
    _console.print()
    rows = [
        (name, *(f"{count:,}" for count in counts))
        for name, counts in zip(figure.rows, figure.counts, strict=True)
    ]
    _print((" \\ ".join(figure.axes), *figure.columns), rows)


def _figure(cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.4f}" if isinstance(cell, float) else str(cell)


def _print(columns, rows) -> None:
    table = rich_table.Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(console.visible(column), justify="right" if number else "left")
    for row in rows:
        table.add_row(*map(console.visible, row))
    _console.print(table)
