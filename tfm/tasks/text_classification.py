"""Text classification: the fields of the task."""

import dataclasses
from collections.abc import Sequence

from tfm import errors
from tfm import validation as ranges


@dataclasses.dataclass(frozen=True)
class TextClassification:
    """One of two or more classes for each text, or any number of labels.

    Which of the two is a matter of the data: see LabeledText.multi_label.
    """

    dropout: float = 0.0  # share of the pooled features dropped before the head
    label_smoothing: float = 0.0  # share of the target spread over all classes
    balance_classes: bool = False  # weight classes by the inverse of their frequency
    class_weights: tuple[float, ...] = ()  # by hand instead, in the labels' order
    threshold: float = 0.5  # multi-label: the probability from which a label is given

    LABELED = True  # learns from labels
    METRICS = (
        "accuracy",
        "loss",
        "precision_macro",
        "recall_macro",
        "f1_macro",
        "precision_micro",
        "recall_micro",
        "f1_micro",
        "roc_auc",
        "pr_auc",
    )

    def __post_init__(self):
        ranges.fraction(self, "dropout", "label_smoothing")
        ranges.inner_fraction(self, "threshold")
        if self.balance_classes and self.class_weights:
            raise errors.UserError(
                "Give balance_classes or class_weights, not both. "
                f"Got class_weights={self.class_weights}."
            )
        if any(not weight > 0 for weight in self.class_weights):
            raise errors.UserError(
                f"class_weights must all be above 0. Got {self.class_weights}."
            )

    def is_metric(self, name: str) -> bool:
        """Whether `name` can pick the best checkpoint, as f1_macro or f1/positive."""
        kind, _, label = name.partition("/")
        return name in self.METRICS or (
            kind in ("precision", "recall", "f1") and bool(label)
        )

    def bind(
        self,
        label_names: Sequence[str],
        multi_label: bool,
        class_counts: Sequence[int] | None = None,
    ):
        """The Classifier for these labels.

        Args:
          label_names: C names, in the order of their ids.
          multi_label: whether a text has any number of labels, or exactly one.
          class_counts: C training examples of each class, for balance_classes.
        """
        from tfm.tasks import classifier

        return classifier.Classifier(
            tuple(label_names),
            multi_label,
            dropout=self.dropout,
            label_smoothing=self.label_smoothing,
            class_weights=self._weights(label_names, class_counts),
            threshold=self.threshold,
        )

    def _weights(self, label_names, class_counts) -> tuple[float, ...]:
        if self.class_weights and len(self.class_weights) != len(label_names):
            raise errors.UserError(
                f"class_weights must have one weight for each of the "
                f"{len(label_names)} classes {', '.join(label_names)}. "
                f"Got {len(self.class_weights)}."
            )
        if self.balance_classes and class_counts is not None:
            mean = sum(class_counts) / len(class_counts)
            return tuple(mean / max(count, 1) for count in class_counts)
        return self.class_weights
