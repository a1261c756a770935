"""An experiment: data, tokens, model, task, optimizer, training, as data flows."""

import dataclasses
import pathlib

from tfm import data as data_
from tfm import errors
from tfm import models as models_
from tfm import training
from tfm.tasks import checks as task_checks


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment:
    """All that a run depends on. Every leaf field is a flag, as --train.steps=200."""

    data: object  # of tfm.data: LabeledText, or Corpus for what needs no labels
    tokens: object  # of tfm.inputs.text
    augment: data_.Augment = data_.Augment()
    model: object  # of tfm.models, or any frozen dataclass with their build()
    task: object  # of tfm.tasks
    optimizer: training.Optimizer = training.Optimizer()
    train: training.Train = training.Train()

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if not dataclasses.is_dataclass(getattr(self, field.name)):
                raise errors.UserError(
                    f"{field.name} must be a dataclass. "
                    f"Got {type(getattr(self, field.name)).__name__}."
                )
        self._check_data()
        task_checks.not_ahead(self.task, self.model)
        if not self.task.is_metric(self.train.best_metric):
            raise errors.UserError(
                f"train.best_metric must be a metric of the task: "
                f"{', '.join(self.task.METRICS)}. Got {self.train.best_metric!r}."
            )

    def _check_data(self) -> None:
        kind = data_.LabeledText if self.task.LABELED else data_.Corpus
        if not isinstance(self.data, kind):
            raise errors.UserError(
                f"{type(self.task).__name__} learns from data.{kind.__name__}. "
                f"Got data.{type(self.data).__name__}."
            )
        if not self.task.LABELED and self.tokens.method != "pretrained":
            known = self.tokens.special_tokens
            task_checks.special_tokens(self.task, self.tokens, known)

    def build_model(self, vocab_size: int, task, kept: pathlib.Path | None = None):
        """The keras.Model: this model under the task's head.

        What `train` freezes is frozen, and adapters are where it asks for them.

        Args:
          vocab_size: ids are below it.
          task: bound to the data.
          kept: the run's folder for the shape of a published model, which then needs
            its preset no more.
        """
        config = self.model
        options = {"packed": True} if task.packed else {}
        if isinstance(config, models_.Pretrained):
            config = config if kept is None else config.kept_in(kept)
            options["causal"] = getattr(self.task, "CAUSAL", False)
        length = self.tokens.max_length
        options |= {"types": task.types} if task.types else {}
        backbone = config.build(vocab_size, length, **options)
        task_checks.has_decoder(self.task, self.model, task, backbone)
        model = task.model(backbone)
        self.train.adapt(model, backbone)
        return model
