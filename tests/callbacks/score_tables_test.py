"""Scores as tables: every split, every class, every count."""

import numpy as np

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
    kinds = ("precision", "recall", "f1")
    scores = {
        f"{kind}/{name}": i / 8 + j / 2
        for i, kind in enumerate(kinds)
        for j, name in enumerate(("bad", "good"))
    }
    score_tables.print_classes(scores, ("bad", "good"))
    assert _printed(capsys) == [
        ["class", "precision", "recall", "f1"],
        ["bad", "0.0000", "0.1250", "0.2500"],
        ["good", "0.5000", "0.6250", "0.7500"],
    ]


def test_counts_are_by_true_row_and_predicted_column(capsys):
    score_tables.print_confusion(np.array([[1234, 2], [3, 4]]), ("bad", "good"))
    assert _printed(capsys) == [
        ["true", "\\", "predicted", "bad", "good"],
        ["bad", "1,234", "2"],
        ["good", "3", "4"],
    ]
    many = score_tables.MAX_CLASSES + 1
    score_tables.print_confusion(np.eye(many, dtype=int), tuple(map(str, range(many))))
    score_tables.print_confusion(np.ones((3, 2, 2), int), ("a", "b", "c"))
    assert not _printed(capsys)
