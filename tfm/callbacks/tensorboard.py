"""TensorBoard: scalars, weight histograms, texts and pictures of a run."""

import pathlib
from collections.abc import Callable
from collections.abc import Mapping

import keras
import numpy as np
import psutil
import tensorflow as tf

from tfm import drawing
from tfm import figures
from tfm.callbacks import event_files
from tfm.callbacks import plugin_pages
from tfm.callbacks import tags

CONFIGURATION = "configuration"  # the tag of the experiment's fields
_LONGEST = 50_000  # letters of a text
_ROWS = 100  # of a table
_HISTOGRAMS = 200  # of weights, at a step
_LARGEST_GRAPH = 50_000_000  # bytes


class TensorBoard:
    """Writes a run's events to FOLDER/train and FOLDER/validation.

    The same metric has the same tag in both, and so one chart; see tags.of.

    Args:
      folder: of the run's events.
      model: for the histograms of its weights.
      batch_size: examples per update.
      histograms: whether to write the weights' histograms, from step 0 on.
      first_step: at which it goes on; what was written of later ones is removed.
      evaluated_step: of the last evaluation until then, likewise.
      token_slots: tokens and padding of an update's batch; 0: it has no tokens.
      is_rich: step -> whether an evaluation has histograms, figures and texts too.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        model: keras.Model,
        batch_size: int,
        histograms: bool,
        first_step: int = 0,
        evaluated_step: int = 0,
        token_slots: int = 0,
        is_rich: Callable[[int], bool] = lambda step: True,
    ):
        event_files.cut(folder / "train", first_step or -1, texts=(CONFIGURATION,))
        event_files.cut(folder / "validation", max(evaluated_step, 0) or -1)
        self._first_step = first_step
        self._train = tf.summary.create_file_writer(str(folder / "train"))
        self._validation = tf.summary.create_file_writer(str(folder / "validation"))
        self._model = model
        self._batch_size = batch_size
        self._histograms = histograms
        self._token_slots = token_slots
        self._is_rich = is_rich
        self._process = psutil.Process()

    def __enter__(self):
        if self._first_step == 0:
            with self._train.as_default(step=0):
                plugin_pages.layout()
                self._write_histograms()
            self._train.flush()
        return self

    def __exit__(self, *_):
        self._train.close()
        self._validation.close()

    def configuration(self, text: str) -> None:
        """The experiment's fields, on the Text page."""
        with self._train.as_default(step=self._first_step):
            tf.summary.text(CONFIGURATION, f"```\n{text[:_LONGEST]}\n```")
        self._train.flush()

    def lengths(self, name: str, lengths_N: np.ndarray) -> None:
        """A histogram of the lengths of examples, once in a run."""
        if self._first_step == 0:
            with self._train.as_default(step=0):
                tf.summary.histogram(f"data/{name}", lengths_N)

    def progress(self, step: int, step_metrics: dict[str, np.ndarray], seconds: float):
        """Nothing: scalars are written when they are logged."""

    def logged(self, step: int, scalars: dict[str, float]):
        found = dict(scalars) | self._measured(scalars)
        with self._train.as_default(step=step):
            for tag, value in tags.shown(found).items():
                tf.summary.scalar(tag, value)
        self._train.flush()

    def _measured(self, scalars: Mapping[str, float]) -> dict[str, float]:
        """Scalars that follow from the others, and the memory in use."""
        steps = scalars["steps_per_second"]
        found = {
            "examples_per_second": steps * self._batch_size,
            "memory_gb": self._process.memory_info().rss / 1e9,
        }
        if self._token_slots:
            tokens = scalars["tokens_per_second"] / steps
            found["padding_share"] = 1 - tokens / self._token_slots
        for name, value in scalars.items():
            kind, _, layer = name.partition("/")
            if kind == "update_norm" and (weight := scalars[f"weight_norm/{layer}"]):
                found[f"update_ratio/{layer}"] = value / weight
        if tf.config.list_logical_devices("GPU"):
            used = tf.config.experimental.get_memory_info("GPU:0")
            found["gpu_memory_gb"] = used["peak"] / 1e9
        return found

    def warned(self, step: int, message: str):
        with self._train.as_default(step=step):
            tf.summary.text("warnings", message)

    def evaluating(self, step: int, share: float):
        """Nothing: how far an evaluation is is for the progress line."""

    def evaluated(self, step: int, metrics: dict[str, float], is_best: bool):
        with self._validation.as_default(step=step):
            for tag, value in tags.shown(metrics).items():
                tf.summary.scalar(tag, value)
        if self._is_rich(step):
            with self._train.as_default(step=step):
                self._write_histograms()
            self._train.flush()
        self._validation.flush()

    def _write_histograms(self) -> None:
        if self._histograms:
            for variable in self._model.trainable_variables[:_HISTOGRAMS]:
                tf.summary.histogram(f"weights/{variable.path}", variable.value)

    def graph(self, graph: tf.Graph) -> None:
        """The graph of an evaluation's batch, on the Graphs page."""
        if graph.as_graph_def().ByteSize() < _LARGEST_GRAPH:
            with self._validation.as_default(step=0):
                tf.summary.graph(graph)

    def figures(self, step: int, found: Mapping[str, figures.Figure]) -> None:
        """Figures of an evaluation, each on the page of its kind."""
        with self._validation.as_default(step=step):
            for name, figure in found.items():
                _write_figure(name, figure)


def _write_figure(name: str, figure: figures.Figure) -> None:
    if isinstance(figure, figures.Scores):
        for label, (true_N, scores_N) in figure.of.items():
            plugin_pages.precision_recall(f"by_class/{label}", true_N, scores_N)
    elif isinstance(figure, figures.Drawn):
        picture = tf.io.decode_png(drawing.png(figure), channels=4)
        tf.summary.image(f"figures/{name}", picture[None])
    else:
        group = "examples" if isinstance(figure, figures.Samples) else "tables"
        tf.summary.text(f"{group}/{name}", markdown(figure))


def line(folder: pathlib.Path, metrics: Mapping[str, float], last_step: int) -> None:
    """Writes metrics as a line from step 0 to the last, beside those of a run.

    Args:
      folder: of their events; what was there is removed.
    """
    event_files.cut(folder, -1)
    writer = tf.summary.create_file_writer(str(folder))
    for step in (0, last_step):
        with writer.as_default(step=step):
            for tag, value in tags.shown(metrics).items():
                tf.summary.scalar(tag, value)
    writer.close()


def final(
    folder: pathlib.Path,
    name: str,
    settings: Mapping[str, object],
    metrics: Mapping[str, float],
    step: int,
) -> None:
    """Writes a run's final scores, with its settings on the HParams page.

    Args:
      folder: of their events; what was there is removed.
      name: of the run.
      settings: by path.
      metrics: by name; those of single classes are left out.
      step: of the checkpoint.
    """
    event_files.cut(folder, -1)
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=step):
        plugin_pages.settings(name, settings)
        for tag, value in tags.shown(metrics).items():
            if not tag.startswith(f"{tags.BY_CLASS}/"):
                tf.summary.scalar(tag, value)
    writer.close()


def markdown(table: figures.Table | figures.Samples) -> str:
    """A table in Markdown; long cells and long tables are cut."""
    lines = [_line(table.columns), "|" + "---|" * len(table.columns)]
    return "\n".join([*lines, *(_line(row) for row in table.rows[:_ROWS])])


def _line(cells) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return " ".join(str(value).split())[:300].replace("|", "\\|").replace("<", "&lt;")
