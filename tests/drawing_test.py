"""Drawings: what is high is dark, what is much is left out, no text is a formula."""

import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib import image

from tfm import drawing
from tfm import figures

DIAGONAL = np.array([0.0, 0.5, 1.0])


def _png(counts, names, panels=()) -> bytes:
    return drawing.png(figures.Matrix(counts, names, names, panels))


def _darkness(picture: bytes) -> np.ndarray:
    return 1 - image.imread(io.BytesIO(picture))[..., :3].mean(axis=2)


def test_the_confusion_matrix_is_dark_where_counts_are_high():
    right = _darkness(_png(np.diag([50, 50]), ("no", "yes")))
    wrong = _darkness(_png(np.diag([50, 50])[::-1], ("no", "yes")))
    height, width = right.shape
    upper_left = (slice(height // 4, height // 3), slice(width // 3, width // 2))
    assert right[upper_left].mean() > wrong[upper_left].mean() + 0.3


def test_a_heatmap_is_dark_where_values_are_high_and_grows_with_them():
    names = [f"word{i}" for i in range(12)]
    axes = ("token", "looks at")
    low, high = (
        _darkness(drawing.png(figures.Heatmap(values, names, names, axes)))
        for values in (np.eye(12)[::-1], np.eye(12))
    )
    height, width = high.shape
    corner = (slice(height // 8, height // 4), slice(width // 4, width // 3))
    assert high[corner].mean() > low[corner].mean() + 0.1
    many = [f"word{i}" for i in range(32)]
    large = _darkness(drawing.png(figures.Heatmap(np.eye(32), many, many, axes, "cut")))
    assert large.shape[0] > 1.5 * height


def _few(names) -> bytes:
    return _png(np.diag([50, 50]), names[:2])


def test_many_classes_are_drawn_without_their_counts():
    names = tuple(f"class {i}" for i in range(40))
    counts = np.diag(np.arange(10, 50))
    many = _darkness(_png(counts, names))
    assert many.shape[0] > 1.5 * _darkness(_few(names)).shape[0]
    height, width = many.shape
    middle = (slice(height // 3, height // 2), slice(width // 3, 2 * width // 3))
    assert many[middle].max() > 0.3  # the diagonal is in it
    aside = (slice(height // 5, height // 4), slice(3 * width // 4, 5 * width // 6))
    assert np.ptp(many[aside]) == 0  # no counts are written between so many


def test_several_labels_are_panels_side_by_side():
    names = tuple(f"class {i}" for i in range(5))
    five = np.tile([[3, 1], [0, 2]], (5, 1, 1))
    one = np.tile([[3, 1], [0, 2]], (1, 1, 1))
    panels = _darkness(_png(five, ("no", "yes"), names))
    panel = _darkness(_png(one, ("no", "yes"), names[:1]))
    assert panels.shape[1] == 4 * panel.shape[1]


def test_of_many_classes_the_most_confused_are_drawn():
    counts = np.diag(np.full(200, 10))
    counts[150, 170] = 5  # one and another, the only ones
    kept, note = drawing._most_confused(counts)
    assert {150, 170} <= {*kept} and len(kept) == figures.MOST_DRAWN
    assert note == "the 30 most confused of 200 classes"
    names = tuple(f"class {i}" for i in range(200))
    assert max(_darkness(_png(counts, names)).shape) < 2500  # dots
    panels = np.tile([[3, 1], [0, 2]], (200, 1, 1))
    assert max(_darkness(_png(panels, ("no", "yes"), names)).shape) < 3200


HOSTILE = ("$1_$", "$\\frac{", "a\nb\x1b[31m", "]]><script>", "\U0001f600", "x" * 999)


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_drawn_as_it_is(name):
    matrix = figures.Matrix(np.diag([5, 3]), (name, "b"), (name, "b"))
    panels = figures.Matrix(np.ones((1, 2, 2), int), ("n", "y"), ("n", "y"), (name,))
    curve = figures.Curve({name: (DIAGONAL, DIAGONAL)}, ("recall", "precision"))
    for figure in (matrix, panels, curve):
        assert _darkness(drawing.png(figure)).max() > 0.5
        assert ElementTree.fromstring(drawing.svg(figure)).tag.endswith("svg")


def test_a_line_goes_where_its_points_are():
    x = np.linspace(0, 1, 5000)
    axes = ("x", "y")
    rising = _darkness(drawing.png(figures.Curve({"line": (x, x)}, axes)))
    falling = _darkness(drawing.png(figures.Curve({"line": (x, 1 - x)}, axes)))
    height, width = rising.shape
    corner = (
        slice(height // 12, height // 5),
        slice(9 * width // 10, 19 * width // 20),
    )
    assert rising[corner].max() > falling[corner].max() + 0.2


def test_no_line_is_an_empty_drawing():
    assert drawing.png(figures.Curve({}, ("recall", "precision"))).startswith(
        b"\x89PNG"
    )
