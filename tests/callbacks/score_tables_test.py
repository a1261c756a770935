"""Scores as tables: every split, every class, every count."""

import numpy as np

from tfm import figures
from tfm.callbacks import score_tables


def _printed(capsys) -> list[list[str]]:
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_each_split_has_its_column_and_each_metric_a_row(capsys):
    score_tables.print_scores(
        {
            "validation": {"step": 7, "loss": 0.25, "accuracy": 0.5, "f1/good": 0.1},
            "test": {"step": 7, "loss": 0.125, "roc_auc": 0.875},
        }
    )
    assert _printed(capsys) == [
        ["validation", "test"],
        ["loss", "0.2500", "0.1250"],
        ["accuracy", "0.5000", "-"],
        ["roc_auc", "-", "0.8750"],
    ]
    score_tables.print_scores({"test": {"loss": 0.125}})
    assert _printed(capsys) == [["test"], ["loss", "0.1250"]]


def test_each_class_has_its_row(capsys):
    columns = ("class", "precision", "recall", "f1")
    rows = [("bad", 0.0, 0.125, 0.25), ("good", 0.5, 0.625, 0.75)]
    score_tables.print_figure(figures.Table(columns, rows))
    assert _printed(capsys) == [
        [],
        ["class", "precision", "recall", "f1"],
        ["bad", "0.0000", "0.1250", "0.2500"],
        ["good", "0.5000", "0.6250", "0.7500"],
    ]


def test_counts_are_by_true_row_and_predicted_column(capsys):
    names = ("bad", "good")
    counts = np.array([[1234, 2], [3, 4]])
    score_tables.print_figure(figures.Matrix(counts, names, names))
    assert _printed(capsys) == [
        [],
        ["true", "\\", "predicted", "bad", "good"],
        ["bad", "1,234", "2"],
        ["good", "3", "4"],
    ]
    many = tuple(map(str, range(score_tables.MAX_COLUMNS)))
    figure = figures.Matrix(np.eye(len(many), dtype=int), many, many)
    score_tables.print_figure(figure)
    panels = figures.Matrix(np.ones((3, 2, 2), int), names, names, ("a", "b", "c"))
    score_tables.print_figure(panels)
    score_tables.print_figure(figures.Samples(("text",), [("a film",)]))
    assert not _printed(capsys)
