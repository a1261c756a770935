"""Classification of anything by a label or several: the fields of its tasks."""

import dataclasses
import typing
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import errors
from tfm import validation

if typing.TYPE_CHECKING:
    from tfm import interfaces
    from tfm.tasks.classification import objective

_OF_CLASS = ("precision", "recall", "f1")


@dataclasses.dataclass(frozen=True)
class Classification:
    """One of two or more classes for each example, or any number of labels to it.

    Which of the two is a matter of the data: see its field multi_label. Rare classes
    can be given class weights, and targets can be softened by label smoothing.
    """

    dropout: float = 0.0  # share of the pooled features dropped before the head
    label_smoothing: float = 0.0  # share of the target spread over all classes
    balance_classes: bool = False  # weight classes by the inverse of their frequency
    class_weights: tuple[float, ...] = ()  # by hand instead, in the labels' order
    threshold: float = 0.5  # multi-label: the probability from which a label is given
    calibrate: bool = True  # temperature scaling on the validation split, at the end

    columns = {"label": frozenset({"category", "categories"})}
    reads = frozenset({"pooled"})
    gives = frozenset()
    metrics = (
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
        "ece",
    )
    train_steps = ("MeanLoss", "SharpnessAware", "EMATeacher")
    usage = "predict --input=FILE"  # of a trained model

    def __post_init__(self):
        validation.fraction(self, "dropout", "label_smoothing")
        validation.inner_fraction(self, "threshold")
        if self.balance_classes and self.class_weights:
            raise errors.UserError(
                "Give balance_classes or class_weights, not both. "
                f"Got class_weights={self.class_weights}."
            )
        if any(not weight > 0 for weight in self.class_weights):
            raise errors.UserError(
                f"class_weights must all be above 0. Got {self.class_weights}."
            )

    def direction(self, metric: str) -> "interfaces.Direction | None":
        """The better way for a metric: down for loss and ece, up for every score.

        Args:
          metric: as accuracy, f1_macro, roc_auc, or f1/positive for one class.
        """
        kind, _, label = metric.partition("/")
        if metric in ("loss", "ece"):
            return "min"
        known = metric in self.metrics or (kind in _OF_CLASS and label)
        return "max" if known else None

    def reserves(self, inputs: "interfaces.Inputs") -> Sequence[str]:
        """None: no special token is needed."""
        return ()

    def bind(
        self,
        columns: "Mapping[str, interfaces.Column]",
        preprocessor: "interfaces.Preprocessor",
    ) -> "objective.ClassificationObjective":
        """The objective for these labels.

        Args:
          columns: "label", a Category or Categories with C `names` and the `counts` of
            the training split, which balance_classes goes by.
          preprocessor: of the inputs.

        Raises:
          UserError: there is not one of class_weights for each class.
        """
        from tfm.tasks.classification import objective

        column = columns["label"]
        return objective.ClassificationObjective(
            column,
            preprocessor,
            dropout=self.dropout,
            label_smoothing=self.label_smoothing,
            class_weights=self._weights(column.names, column.counts),
            threshold=self.threshold,
            calibrate=self.calibrate,
            usage=self.usage,
        )

    def _weights(self, names: Sequence[str], counts: Sequence[int]):
        if self.class_weights and len(self.class_weights) != len(names):
            raise errors.UserError(
                f"class_weights must have one weight for each of the "
                f"{len(names)} classes {', '.join(names)}. "
                f"Got {len(self.class_weights)}."
            )
        if self.balance_classes and len(counts):
            mean = sum(counts) / len(counts)
            return tuple(mean / max(count, 1) for count in counts)
        return self.class_weights
