"""Classification objective: the head, cross-entropy with class weights, predictions.

B batch, N examples of a split, C classes.
"""

import copy
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfm import figures
from tfm import interfaces
from tfm.data import batches
from tfm.data import partners
from tfm.tasks.classification import calibration
from tfm.tasks.classification import evaluation
from tfm.tasks.classification import losses
from tfm.tasks.classification import metrics


class ClassificationObjective:
    """Classification of a backbone's pooled features; multi-class or multi-label.

    Args:
      column: of the labels, with `kind` "category" for exactly one of its C `names`, or
        "categories" for any number of them.
      preprocessor: an interfaces.Preprocessor.
      dropout: share of the pooled features dropped before the head.
      label_smoothing: share of the target spread over all classes.
      class_weights: C factors of the classes' losses, or none.
      threshold: the probability from which a label is given (multi-label), by the
        logits as they are: calibration changes no decision.
      calibrate: whether `finish` fits a temperature.
      usage: how a trained model is used.

    Attributes:
      inputs: {name: Spec} of what the model is given.
      label_names: C names, in the order of their ids.
      preprocessor: as given.
      multi_label: whether an example has any number of labels.
      temperature: that was fitted; None before.
    """

    def __init__(
        self,
        column: interfaces.Column,
        preprocessor: interfaces.Preprocessor,
        *,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        class_weights: tuple[float, ...] = (),
        threshold: float = 0.5,
        calibrate: bool = True,
        usage: str = "predict --input=FILE",
    ):
        self.inputs = preprocessor.specs
        self.usage = usage
        self.label_names = tuple(column.names)
        self.multi_label = column.kind == "categories"
        self.class_weights = class_weights
        self.preprocessor = preprocessor
        self._mixes = partners.needed(preprocessor)
        self._classes = list(getattr(preprocessor, "classes", ()))
        self._label = column.spec
        self._dropout = dropout
        self._label_smoothing = label_smoothing
        self._threshold = threshold
        self._calibrate = calibrate
        self.temperature: float | None = None  # of probabilities; None: not fitted

    def examples(
        self, split: interfaces.Split, mode: interfaces.Mode
    ) -> interfaces.Examples:
        """The rows of a split; with label int32, float32 [C] if multi-label.

        Those of training have partners where the preprocessor mixes; see data.partners.
        """
        label = {} if mode == "predict" else {"label": self._label}
        rows = batches.Rows(split, {**self.preprocessor.stored, **label})
        if mode == "train" and self._mixes:
            return partners.Partnered(rows, self.preprocessor.stored)
        return rows

    def head(self, backbone: keras.Model) -> keras.Model:
        """`backbone` with a dense layer on its pooled features -> logits_BC.

        One with an output "class_logits" scores the classes itself, in the order of
        the preprocessor's `classes`.
        """
        if "class_logits" in backbone.output:
            order = [self._classes.index(name) for name in self.label_names]
            logits_BC = ops.take(backbone.output["class_logits"], order, axis=1)
            return keras.Model(backbone.input, logits_BC, name="classifier")
        x_BD = backbone.output["pooled"]
        if self._dropout:
            x_BD = keras.layers.Dropout(self._dropout, name="head_dropout")(x_BD)
        logits_BC = keras.layers.Dense(len(self.label_names), name="head")(x_BD)
        return keras.Model(backbone.input, logits_BC, name="classifier")

    def loss(self, logits_BC, batch: dict):
        """Each example's loss and weight, and sums to watch while training.

        Args:
          logits_BC: the model's output.
          batch: label (int32 [B], or float32 [B, C] if multi-label) and weight
            float32 [B], 0 for padding examples. With own_share float32 [B] and
            partner_label the targets are mixed; accuracy is by the label alone.

        Returns:
          losses_B and weights_B, float32; the batch's loss is their weighted mean.
          And {"accuracy": (sum, count)} over the examples that count.
        """
        logits_BC = ops.cast(logits_BC, "float32")  # softmax and loss in float32
        weights_B = ops.cast(batch["weight"], "float32")
        targets_BC = losses.targets(batch, len(self.label_names), self.multi_label)
        if self.multi_label:
            given_BC = ops.cast(batch["label"], "float32") > 0
            right_B = ops.all((logits_BC > self._threshold_logit) == given_BC, 1)
        else:
            right_B = ops.equal(ops.argmax(logits_BC, axis=1), batch["label"])
        right = ops.sum(ops.cast(right_B, "float32") * weights_B)
        of = losses.of_several if self.multi_label else losses.of_one
        settings = self.class_weights, self._label_smoothing
        sums = {"accuracy": (right, ops.sum(weights_B))}
        return *of(logits_BC, targets_BC, weights_B, *settings), sums

    def consistency(self, logits_BC, batch: dict, teacher):
        """Consistency loss between student and teacher, float32 [B]; for EMATeacher.

        The mean squared difference of their probabilities (arXiv:1703.01780).

        Args:
          logits_BC: the student's.
          batch: with the model's inputs.
          teacher: batch -> logits [B, C].
        """
        squash = ops.sigmoid if self.multi_label else ops.softmax
        ours_BC = squash(ops.cast(logits_BC, "float32"))
        theirs_BC = squash(ops.cast(teacher(batch), "float32"))
        return ops.mean(ops.square(ours_BC - theirs_BC), axis=1)

    @property
    def _threshold_logit(self) -> float:
        return float(np.log(self._threshold / (1 - self._threshold)))

    def eval_step(self, model: keras.Model, mode: interfaces.Mode):
        """batch -> logits float32 [B, C], and label unless there is none to predict."""

        def step(batch):
            inputs = {name: batch[name] for name in model.input}
            logits_BC = model(inputs, training=False)
            kept = {"logits": ops.cast(logits_BC, "float32")}
            return kept if mode == "predict" else kept | {"label": batch["label"]}

        return step

    def compute_metrics(
        self, results: interfaces.Arrays, split: interfaces.Split
    ) -> figures.Evaluation:
        """Accuracy, precision, recall, F1, ROC-AUC, ECE; see classification.metrics.

        All are of the logits as they are, the loss too, before training is finished
        and after. Then `ece` alone is of the calibrated probabilities, and what it was
        is `ece_uncalibrated`. On validation, where T was fitted, `ece` flatters.

        Args:
          results: logits [N, C], label [N] or [N, C], row [N] int64.
          split: with the rows, some of which are shown.

        Returns:
          The metrics, and as figures the tables "classes", "predictions" and
          "mistakes" (the most confident), the matrix "confusion_matrix", the curves
          "roc", "precision_recall" and "calibration", and "scores". Of many classes
          "confusions" too, and of pictures "mistaken_pictures".
        """
        found = self.scores(results)
        drawn = evaluation.figures_of(self, found, results, split)
        return figures.Evaluation(found, drawn)

    def scores(self, results: interfaces.Arrays) -> dict[str, float]:
        """The metrics alone; see compute_metrics."""
        found = metrics.compute_metrics(
            self.probabilities(results["logits"]),
            results["label"],
            self.label_names,
            self.decide(results["logits"]),
        )
        if self.temperature is not None:
            found["ece_uncalibrated"] = found["ece"]
            found["ece"] = calibration.expected_calibration_error(
                self.calibrated(results["logits"]), results["label"]
            )
        return found

    def per_example(
        self, results: interfaces.Arrays
    ) -> tuple[str, np.ndarray, np.ndarray]:
        """ "accuracy"; whether each is right (all labels, if multi-label), and ones."""
        right = self.decide(results["logits"]) == results["label"]
        right_N = (right.all(axis=1) if self.multi_label else right).astype(float)
        return "accuracy", right_N, np.ones(len(right_N))

    def finish(
        self, results: interfaces.Arrays, split: interfaces.Split
    ) -> interfaces.Arrays:
        """Temperature scaling: {"temperature": float64 []}; {} without `calibrate`.

        Args:
          results: of the validation split, as for compute_metrics.
          split: likewise; it is not read.
        """
        if not self._calibrate:
            return {}
        found = calibration.temperature(results["logits"], results["label"])
        return {"temperature": np.array(found)}

    def finished(self, arrays: interfaces.Arrays) -> "ClassificationObjective":
        """This objective, whose predictions have calibrated probabilities."""
        made = copy.copy(self)
        made.temperature = float(arrays["temperature"])
        return made

    def calibrated(self, logits_NC: np.ndarray) -> np.ndarray:
        """As `probabilities`, by the temperature once that is fitted."""
        scaled_NC = np.asarray(logits_NC, np.float64) / (self.temperature or 1.0)
        return self.probabilities(scaled_NC)

    def probabilities(self, logits_NC: np.ndarray) -> np.ndarray:
        """float64 [N, C], not calibrated: softmax, or sigmoid if multi-label."""
        logits_NC = np.asarray(logits_NC, np.float64)
        if self.multi_label:
            return 0.5 * (1 + np.tanh(0.5 * logits_NC))
        exp_NC = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
        return exp_NC / exp_NC.sum(axis=1, keepdims=True)

    def decide(self, logits_NC: np.ndarray) -> np.ndarray:
        """Predicted ids int64 [N], or 0/1 int64 [N, C] if multi-label."""
        if self.multi_label:
            chosen = self.probabilities(logits_NC) >= self._threshold
            return chosen.astype(np.int64)
        return np.argmax(logits_NC, axis=1)

    def names(self, labels: np.ndarray) -> list:
        """The names of ids [N], or a list of names for each row of [N, C]."""
        if self.multi_label:
            return [
                [name for name, yes in zip(self.label_names, row, strict=True) if yes]
                for row in labels
            ]
        return [self.label_names[label] for label in labels]

    def exports(self, kept: Mapping) -> dict:
        """The predictions in a graph, for an exported model; see `predictions`.

        Args:
          kept: logits float32 [B, C].

        Returns:
          probabilities float32 [B, C], calibrated, and the classes that they are of,
          string [B, C]; label, string [B], or bool [B, C] of each class if multi-label.
        """
        logits_BC = tf.cast(kept["logits"], tf.float64)
        squash = tf.sigmoid if self.multi_label else tf.nn.softmax
        probabilities_BC = squash(logits_BC / (self.temperature or 1.0))
        names_C = tf.constant(self.label_names)
        if self.multi_label:
            label = squash(logits_BC) >= self._threshold
        else:
            label = tf.gather(names_C, tf.argmax(kept["logits"], axis=1))
        return {
            "label": label,
            "probabilities": tf.cast(probabilities_BC, tf.float32),
            "classes": tf.broadcast_to(names_C, tf.shape(logits_BC)),
        }

    def predictions(
        self, results: interfaces.Arrays, split: interfaces.Split
    ) -> list[dict]:
        """For each example, its label (a list if multi-label) and all probabilities.

        Once training is finished these are calibrated. The label stays that of the
        logits as they are: with a multi-label threshold other than 0.5, one may be
        given though its calibrated probability is below, or not though it is above.
        """
        found = []
        logits_NC = results["logits"]
        for p_C, chosen in zip(
            self.calibrated(logits_NC), self.decide(logits_NC), strict=True
        ):
            label = self.names([chosen])[0]
            by_name = zip(self.label_names, p_C, strict=True)
            found.append(
                {"label": label, "probabilities": {n: float(p) for n, p in by_name}}
            )
        return found
