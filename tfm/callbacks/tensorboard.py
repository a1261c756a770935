"""TensorBoard: scalars, weight histograms, texts and pictures of a run."""

import io
import pathlib

import keras
import numpy as np
import tensorflow as tf


class TensorBoard:
    """Writes a run's events to FOLDER/train and FOLDER/validation.

    Args:
      folder: what `tensorboard --logdir` is given.
      model: for the histograms of its weights.
      batch_size: examples per update.
      histograms: whether to write the weights' histograms at each evaluation.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        model: keras.Model,
        batch_size: int,
        histograms: bool,
    ):
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
        with self._train.as_default(step=0):
            tf.summary.text("configuration", f"```\n{text}\n```")
        self._train.flush()

    def progress(self, step: int, rows: dict[str, np.ndarray], seconds: float):
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

    def examples(self, step: int, table: str) -> None:
        """A Markdown table of validation texts with predictions."""
        with self._validation.as_default(step=step):
            tf.summary.text("predictions", table)

    def confusion(self, step: int, counts: np.ndarray, names: tuple[str, ...]) -> None:
        """A picture of the confusion matrix; rows true, columns predicted."""
        with self._validation.as_default(step=step):
            picture = tf.io.decode_png(confusion_png(counts, names), channels=4)
            tf.summary.image("confusion_matrix", picture[None])


def confusion_png(counts: np.ndarray, names: tuple[str, ...]) -> bytes:
    """A drawing of the confusion matrix counts [C, C], or [C, 2, 2] for each label."""
    from matplotlib import figure as matplotlib_figure
    from sklearn import metrics as sklearn_metrics

    if counts.ndim == 2:
        panels = [("", counts, names)]
    else:
        panels = [
            (name, matrix, ("no", "yes"))
            for name, matrix in zip(names, counts, strict=True)
        ]
    columns = min(len(panels), 4)
    rows = -(-len(panels) // columns)
    size = max(3.0, 0.6 * len(panels[0][2]) + 2.0)
    figure = matplotlib_figure.Figure(
        figsize=(size * columns, size * rows), dpi=100, layout="constrained"
    )
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    for axis, (title, matrix, labels) in zip(axes, panels, strict=False):
        many = len(labels) > 20
        drawing = sklearn_metrics.ConfusionMatrixDisplay(matrix, display_labels=labels)
        drawing.plot(
            ax=axis,
            colorbar=False,
            cmap="Blues",
            values_format="d",
            include_values=not many,
            xticks_rotation="vertical" if len(labels) > 4 else "horizontal",
        )
        axis.set_title(title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def examples_table(texts, true_labels, predicted_labels, confidences) -> str:
    """Markdown rows of text, true label, prediction and its probability."""
    lines = ["| text | true | predicted | probability |", "|---|---|---|---|"]
    for row in zip(texts, true_labels, predicted_labels, confidences, strict=True):
        text, true, predicted, confidence = row
        text = " ".join(text.split())[:300].replace("|", "\\|").replace("<", "&lt;")
        mark = "" if true == predicted else " ✗"
        lines.append(f"| {text} | {true} | {predicted}{mark} | {confidence:.3f} |")
    return "\n".join(lines)
