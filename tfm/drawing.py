"""Drawings of figures by matplotlib, as PNG or SVG: matrices, curves, pictures."""

import functools
import io
import typing
import warnings

import numpy as np

from tfm import console
from tfm import figures

if typing.TYPE_CHECKING:
    from matplotlib.figure import Figure

_COUNTED = 20  # rows of a matrix into which counts are written
_LETTERS = 24  # of a name
_POINTS = 300  # of a line


def png(figure: figures.Drawn) -> bytes:
    """The drawing of a figure, 100 dots an inch."""
    return _saved(_drawn(figure), "png")


def svg(figure: figures.Drawn) -> str:
    """The drawing of a figure as an <svg> element; its text is paths."""
    text = _saved(_drawn(figure), "svg").decode("utf-8")
    return text[text.index("<svg") :]


def _saved(drawn: "Figure", format: str) -> bytes:
    import matplotlib

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # of letters that the font lacks
        metadata = {"Date": None} if format == "svg" else None
        with matplotlib.rc_context({"svg.hashsalt": "tfm"}):  # the same ids each time
            drawn.savefig(buffer, format=format, metadata=metadata)
    return buffer.getvalue()


@functools.singledispatch
def _drawn(figure) -> "Figure":
    raise TypeError(f"{type(figure).__name__} is not drawn.")


@_drawn.register
def _(figure: figures.Matrix):
    counts = np.asarray(figure.counts)
    if counts.ndim == 3:
        return _panels(figure, counts)
    drawn, axes = _axes(
        1, max(3.0, 0.6 * min(len(figure.rows), figures.MOST_DRAWN) + 2.0)
    )
    kept, note = _most_confused(counts)
    _heat(axes[0], counts[np.ix_(kept, kept)], [figure.rows[i] for i in kept], figure)
    axes[0].set_title(note, fontsize="medium")
    return drawn


def _panels(figure: figures.Matrix, counts_PRC: np.ndarray):
    """A matrix for each label against its absence."""
    wrong_P = counts_PRC.sum(axis=(1, 2)) - np.trace(counts_PRC, axis1=1, axis2=2)
    kept = np.sort(np.argsort(-wrong_P, kind="stable")[: figures.MOST_DRAWN])
    drawn, axes = _axes(len(kept), 3.2)
    for axis, place in zip(axes, kept, strict=True):
        _heat(axis, counts_PRC[place], figure.rows, figure)
        axis.set_title(_name(figure.panels[place]), parse_math=False)
    return drawn


@_drawn.register
def _(figure: figures.Curve):
    drawn, (axis,) = _axes(1, 4.5)
    for name, (x, y) in figure.lines.items():
        marker = "o" if len(x) < 20 else None
        (line,) = axis.plot(*_thinned(x, y), marker=marker, markersize=4)
        line.set_label(_name(name))
    if figure.diagonal:
        axis.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
    axis.set(xlabel=figure.axes[0], ylabel=figure.axes[1])
    if figure.lines:
        legend = axis.legend(fontsize="small")
        for text in legend.get_texts():
            text.set_parse_math(False)
    axis.grid(color="0.9")
    return drawn


@_drawn.register
def _(figure: figures.Heatmap):
    drawn, (axis,) = _axes(1, 2.5 + 0.22 * max(len(figure.rows), len(figure.columns)))
    colors = axis.imshow(figure.values, cmap="Blues", vmin=0)
    rows, columns = (list(map(_name, names)) for names in figure[1:3])
    axis.set_xticks(range(len(columns)), columns, rotation="vertical", parse_math=False)
    axis.set_yticks(range(len(rows)), rows, parse_math=False)
    axis.set(ylabel=figure.axes[0], xlabel=figure.axes[1])
    axis.set_title(figure.note, fontsize="medium")
    drawn.colorbar(colors, shrink=0.6)
    return drawn


@_drawn.register
def _(figure: figures.Pictures):
    drawn, axes = _axes(len(figure.captions), 1.8, in_a_row=5)
    pixels = np.asarray(figure.pixels, np.float64)
    low, high = pixels.min(initial=0), pixels.max(initial=0)
    pixels = (pixels - low) / max(high - low, 1e-9)
    for axis, picture, caption in zip(axes, pixels, figure.captions, strict=False):
        grey = picture.shape[2] == 1
        axis.imshow(picture[..., 0] if grey else picture, cmap="gray", vmin=0, vmax=1)
        axis.set_axis_off()
        lines = "\n".join(map(_name, caption.split("\n")))
        axis.set_title(lines, fontsize="x-small", parse_math=False)
    return drawn


def _axes(count: int, size: float, in_a_row: int = 4):
    """A figure, and a list of so many square axes."""
    from matplotlib import figure as matplotlib_figure

    columns = min(max(count, 1), in_a_row)
    rows = -(-max(count, 1) // columns)
    figure = matplotlib_figure.Figure(
        figsize=(size * columns, size * rows), dpi=100, layout="constrained"
    )
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axis in axes[count:]:
        axis.set_visible(False)
    return figure, list(axes[:count])


def _most_confused(counts_CC: np.ndarray) -> tuple[np.ndarray, str]:
    """Places of the classes to draw, ascending, and a line where they are not all."""
    size = len(counts_CC)
    if size <= figures.MOST_DRAWN:
        return np.arange(size), ""
    wrong_C = counts_CC.sum(axis=0) + counts_CC.sum(axis=1) - 2 * np.diag(counts_CC)
    kept = np.sort(np.argsort(-wrong_C, kind="stable")[: figures.MOST_DRAWN])
    return kept, f"the {figures.MOST_DRAWN} most confused of {size:,} classes"


def _heat(axis, counts_RC: np.ndarray, names, figure: figures.Matrix) -> None:
    axis.imshow(counts_RC, cmap="Blues")
    names = [_name(name) for name in names]
    upright = "vertical" if len(names) > 4 else "horizontal"
    axis.set_xticks(range(len(names)), names, rotation=upright, parse_math=False)
    axis.set_yticks(range(len(names)), names, parse_math=False)
    axis.set_ylabel(f"{figure.axes[0]} label")
    axis.set_xlabel(f"{figure.axes[1]} label")
    if len(names) > _COUNTED:
        return
    middle = counts_RC.max(initial=0) / 2
    for (row, column), count in np.ndenumerate(counts_RC):
        color = "white" if count > middle else "black"
        axis.text(column, row, f"{count:d}", ha="center", va="center", color=color)


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most so many points of a line, the first and the last among them."""
    places = np.unique(np.linspace(0, len(x) - 1, _POINTS, dtype=int))
    return (x, y) if len(x) <= _POINTS else (x[places], y[places])


def _name(text: object) -> str:
    """A name on one line, control codes as escapes."""
    text = console.visible(str(text))
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
