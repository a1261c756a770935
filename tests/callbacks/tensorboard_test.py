"""Pictures and tables for TensorBoard."""

import io

import numpy as np
from matplotlib import image

from tfm.callbacks import tensorboard


def _darkness(picture: bytes) -> np.ndarray:
    return 1 - image.imread(io.BytesIO(picture))[..., :3].mean(axis=2)


def test_the_confusion_matrix_is_dark_where_counts_are_high():
    right = _darkness(tensorboard.confusion_png(np.diag([50, 50]), ("no", "yes")))
    wrong = _darkness(tensorboard.confusion_png(np.diag([50, 50])[::-1], ("no", "yes")))
    height, width = right.shape
    upper_left = (slice(height // 4, height // 3), slice(width // 3, width // 2))
    assert right[upper_left].mean() > wrong[upper_left].mean() + 0.3


def test_many_classes_and_many_labels_are_drawn_too():
    names = tuple(f"class {i}" for i in range(40))
    assert _darkness(tensorboard.confusion_png(np.eye(40, dtype=int), names)).size
    five = np.tile([[3, 1], [0, 2]], (5, 1, 1))
    one = np.tile([[3, 1], [0, 2]], (1, 1, 1))
    panels = _darkness(tensorboard.confusion_png(five, names[:5]))
    panel = _darkness(tensorboard.confusion_png(one, names[:1]))
    assert panels.shape[1] == 4 * panel.shape[1]


def test_the_table_escapes_texts_and_marks_mistakes():
    table = tensorboard.examples_table(
        ["a | b\n<br />c", "x" * 400], ["bad", "good"], ["bad", "bad"], [0.5, 0.987654]
    )
    lines = table.splitlines()
    assert lines[2] == "| a \\| b &lt;br />c | bad | bad | 0.500 |"
    assert lines[3] == f"| {'x' * 300} | good | bad ✗ | 0.988 |"
