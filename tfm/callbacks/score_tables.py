"""Scores as tables for a terminal."""

import numpy as np
from rich import console as rich_console
from rich import table as rich_table

MAX_CLASSES = 30  # of a confusion matrix that still reads as text
_console = rich_console.Console(highlight=False, soft_wrap=True)


def print_scores(by_split: dict[str, dict[str, float]]) -> None:
    """A row for each metric over all classes, a column for each split."""
    table = rich_table.Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for split in by_split:
        table.add_column(split, justify="right")
    names = dict.fromkeys(name for scores in by_split.values() for name in scores)
    for name in names:
        if "/" in name or name == "step":
            continue
        table.add_row(
            name,
            *(
                f"{scores[name]:.4f}" if name in scores else "-"
                for scores in by_split.values()
            ),
        )
    _console.print(table)


def print_classes(scores: dict[str, float], label_names: tuple[str, ...]) -> None:
    """Precision, recall and F1 of each class."""
    table = rich_table.Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("class")
    kinds = ("precision", "recall", "f1")
    for kind in kinds:
        table.add_column(kind, justify="right")
    for label in label_names:
        table.add_row(label, *(f"{scores[f'{kind}/{label}']:.4f}" for kind in kinds))
    _console.print(table)


def print_confusion(counts: np.ndarray, label_names: tuple[str, ...]) -> None:
    """Counts by true class (row) and predicted class (column)."""
    if counts.ndim != 2 or len(label_names) > MAX_CLASSES:
        return
    table = rich_table.Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("true \\ predicted")
    for label in label_names:
        table.add_column(label, justify="right")
    for label, row in zip(label_names, counts, strict=True):
        table.add_row(label, *(f"{count:,}" for count in row))
    _console.print(table)
