"""TensorBoard: scalars, weight histograms, texts and pictures of a run."""

import pathlib
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from tfm import drawing
from tfm import figures
from tfm.callbacks import event_files

CONFIGURATION = "configuration"  # the tag of the experiment's fields


class TensorBoard:
    """Writes a run's events to FOLDER/train and FOLDER/validation.

    Args:
      folder: what `tensorboard --logdir` is given.
      model: for the histograms of its weights.
      batch_size: examples per update.
      histograms: whether to write the weights' histograms at each evaluation.
      first_step: at which it goes on; what was written of later ones is removed.
      evaluated_step: of the last evaluation until then, likewise.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        model: keras.Model,
        batch_size: int,
        histograms: bool,
        first_step: int = 0,
        evaluated_step: int = 0,
    ):
        event_files.cut(folder / "train", first_step, texts=(CONFIGURATION,))
        event_files.cut(folder / "validation", evaluated_step)
        self._first_step = first_step
        self._train = tf.summary.create_file_writer(str(folder / "train"))
        self._validation = tf.summary.create_file_writer(str(folder / "validation"))
        self._model = model
        self._batch_size = batch_size
        self._histograms = histograms

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._train.close()
        self._validation.close()

    def configuration(self, text: str) -> None:
        """The experiment's fields, on the Text page."""
        with self._train.as_default(step=self._first_step):
            tf.summary.text(CONFIGURATION, f"```\n{text}\n```")
        self._train.flush()

    def progress(self, step: int, step_metrics: dict[str, np.ndarray], seconds: float):
        """Nothing: scalars are written when they are logged."""

    def logged(self, step: int, scalars: dict[str, float]):
        speed = ("tokens_per_second", "steps_per_second")
        with self._train.as_default(step=step):
            for name, value in scalars.items():
                group = "speed/" if name in speed else ""
                tf.summary.scalar(group + name, value)
            examples = scalars["steps_per_second"] * self._batch_size
            tf.summary.scalar("speed/examples_per_second", examples)
        self._train.flush()

    def warned(self, step: int, message: str):
        with self._train.as_default(step=step):
            tf.summary.text("warnings", message)

    def evaluating(self, step: int, share: float):
        """Nothing: how far an evaluation is is for the progress line."""

    def evaluated(self, step: int, metrics: dict[str, float], is_best: bool):
        with self._validation.as_default(step=step):
            for name, value in metrics.items():
                tf.summary.scalar(name, value)
        if self._histograms:
            with self._train.as_default(step=step):
                for variable in self._model.trainable_variables:
                    tf.summary.histogram(f"weights/{variable.path}", variable.value)
            self._train.flush()
        self._validation.flush()

    def figures(self, step: int, found: Mapping[str, figures.Figure]) -> None:
        """Figures of an evaluation: drawings as pictures, tables on the Text page."""
        with self._validation.as_default(step=step):
            for name, figure in found.items():
                if isinstance(figure, figures.Matrix | figures.Curve):
                    picture = tf.io.decode_png(drawing.png(figure), channels=4)
                    tf.summary.image(name, picture[None])
                else:
                    tf.summary.text(name, markdown(figure))


def reference(folder: pathlib.Path, metrics: Mapping[str, float]) -> None:
    """Writes the reference's validation scores, as points beside the model's."""
    writer = tf.summary.create_file_writer(str(folder / "reference"))
    with writer.as_default(step=0):
        for name, value in metrics.items():
            tf.summary.scalar(name, value)
    writer.close()


def markdown(table: figures.Table | figures.Samples) -> str:
    """A table in Markdown; long cells are cut."""
    lines = [_line(table.columns), "|" + "---|" * len(table.columns)]
    return "\n".join([*lines, *(_line(row) for row in table.rows)])


def _line(cells) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return " ".join(str(value).split())[:300].replace("|", "\\|").replace("<", "&lt;")
