"""A classifier's head, loss and predictions.

B batch, C classes.
"""

import keras
import numpy as np
from keras import ops

from tfm.tasks import classification_metrics


class Classifier:
    """Text classification over known labels.

    Args:
      label_names: C names, in the order of their ids.
      multi_label: whether a text has any number of labels, or exactly one.
      dropout: share of the pooled features dropped before the head.
      label_smoothing: share of the target spread over all classes.
      class_weights: C factors of the classes' losses, or none.
      threshold: the probability from which a label is given (multi-label).
    """

    by_sums = False  # evaluated by every example's outputs
    use = "predict"  # what a trained model is for
    packed, types = False, 0  # a text is alone in its row, of one kind of token

    def __init__(
        self,
        label_names: tuple[str, ...],
        multi_label: bool,
        *,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        class_weights: tuple[float, ...] = (),
        threshold: float = 0.5,
    ):
        self.label_names = label_names
        self.multi_label = multi_label
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights
        self.threshold = threshold

    def model(self, backbone: keras.Model) -> keras.Model:
        """`backbone` with a head: tokens_BT int32 -> logits_BC."""
        x_BD = backbone.output["pooled"]
        if self.dropout:
            x_BD = keras.layers.Dropout(self.dropout, name="head_dropout")(x_BD)
        logits_BC = keras.layers.Dense(len(self.label_names), name="head")(x_BD)
        return keras.Model(backbone.input, logits_BC, name="classifier")

    def loss(self, logits_BC, batch: dict):
        """Each example's loss and weight, and sums to watch while training.

        Args:
          logits_BC: the model's output.
          batch: label (int32 [B], or float32 [B, C] if multi-label) and weight
            float32 [B], 0 for padding examples.

        Returns:
          losses_B and weights_B, float32; the batch's loss is their weighted mean.
          And {"accuracy": (sum, count)} over the examples that count.
        """
        logits_BC = ops.cast(logits_BC, "float32")  # softmax and loss in float32
        weights_B = ops.cast(batch["weight"], "float32")
        real_B = weights_B
        smooth = self.label_smoothing
        if self.multi_label:
            target_BC = ops.cast(batch["label"], "float32")
            right_B = ops.all((logits_BC > self._threshold_logit) == (target_BC > 0), 1)
            if smooth:
                target_BC = target_BC * (1.0 - smooth) + 0.5 * smooth
            losses_BC = ops.binary_crossentropy(target_BC, logits_BC, from_logits=True)
            if self.class_weights:
                weights_C = ops.convert_to_tensor(self.class_weights, "float32")
                losses_BC = losses_BC * weights_C
            losses_B = ops.mean(losses_BC, axis=1)
        else:
            num_classes = len(self.label_names)
            target_BC = ops.one_hot(batch["label"], num_classes, dtype="float32")
            right_B = ops.equal(ops.argmax(logits_BC, axis=1), batch["label"])
            if self.class_weights:
                weights_C = ops.convert_to_tensor(self.class_weights, "float32")
                weights_B = weights_B * ops.sum(target_BC * weights_C, axis=1)
            if smooth:
                target_BC = target_BC * (1.0 - smooth) + smooth / num_classes
            losses_B = -ops.sum(target_BC * ops.log_softmax(logits_BC), axis=1)
        right = ops.sum(ops.cast(right_B, "float32") * real_B)
        return losses_B, weights_B, {"accuracy": (right, ops.sum(real_B))}

    @property
    def _threshold_logit(self) -> float:
        return float(np.log(self.threshold / (1 - self.threshold)))

    def probabilities(self, logits_BC: np.ndarray) -> np.ndarray:
        """float64 [B, C]: softmax, or sigmoid if multi-label."""
        logits_BC = np.asarray(logits_BC, np.float64)
        if self.multi_label:
            return 0.5 * (1 + np.tanh(0.5 * logits_BC))
        exp_BC = np.exp(logits_BC - logits_BC.max(axis=1, keepdims=True))
        return exp_BC / exp_BC.sum(axis=1, keepdims=True)

    def metrics(self, logits_BC: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """Every metric over a whole split; see tasks.classification_metrics."""
        return classification_metrics.metrics(
            self.probabilities(logits_BC),
            labels,
            self.label_names,
            self.decide(logits_BC),
        )

    def confusion(self, logits_BC: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Counts by true class (row) and predicted class; int [C, C].

        Multi-label: [C, 2, 2], one matrix for each label against its absence.
        """
        return classification_metrics.confusion(
            labels, self.decide(logits_BC), len(self.label_names)
        )

    def decide(self, logits_BC: np.ndarray) -> np.ndarray:
        """Predicted ids int64 [B], or 0/1 int64 [B, C] if multi-label."""
        if self.multi_label:
            chosen = self.probabilities(logits_BC) >= self.threshold
            return chosen.astype(np.int64)
        return np.argmax(logits_BC, axis=1)

    def names(self, labels: np.ndarray) -> list:
        """The names of ids [B], or a list of names for each row of [B, C]."""
        if self.multi_label:
            return [
                [name for name, yes in zip(self.label_names, row, strict=True) if yes]
                for row in labels
            ]
        return [self.label_names[label] for label in labels]

    def predictions(self, logits_BC: np.ndarray) -> list[dict]:
        """For each text, its label (a list if multi-label) and all probabilities."""
        found = []
        for p_C, chosen in zip(
            self.probabilities(logits_BC), self.decide(logits_BC), strict=True
        ):
            label = self.names([chosen])[0]
            by_name = zip(self.label_names, p_C, strict=True)
            found.append(
                {"label": label, "probabilities": {n: float(p) for n, p in by_name}}
            )
        return found
