"""An experiment: data, tokens, model, task, optimizer, training, as data flows."""

import dataclasses

from tfm import data as data_
from tfm import errors
from tfm import tasks
from tfm import tokens as tokens_
from tfm import training


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment:
    """All that a run depends on. Every leaf field is a flag, as --train.steps=200."""

    data: data_.LabeledText
    tokens: tokens_.Tokens
    augment: data_.Augment = data_.Augment()
    model: object  # of tfm.models, or any frozen dataclass with their build()
    task: tasks.TextClassification
    optimizer: training.Optimizer = training.Optimizer()
    train: training.Train = training.Train()

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if not dataclasses.is_dataclass(getattr(self, field.name)):
                raise errors.UserError(
                    f"{field.name} must be a dataclass. "
                    f"Got {type(getattr(self, field.name)).__name__}."
                )
        if not self.task.is_metric(self.train.best_metric):
            raise errors.UserError(
                f"train.best_metric must be a metric of the task: "
                f"{', '.join(self.task.METRICS)}. Got {self.train.best_metric!r}."
            )

    def build_model(self, vocab_size: int, task):
        """The keras.Model tokens_BT -> outputs: this model under the task's head."""
        return task.model(self.model.build(vocab_size, self.tokens.max_length))
