"""Settings of the training loop, as fields."""

import dataclasses
import typing

from tfm import errors
from tfm import validation

_NORMS = 500  # points of the norms of layers in a training, at the most
_EVALUATIONS = 10  # in min_steps, at the most, where eval_every is none


@dataclasses.dataclass(frozen=True)
class Train:
    """Steps, batches, evaluations, checkpoints and precision of a training."""

    epochs: float = 4.0  # passes over the training split; steps, if given, decide
    steps: int | None = None  # updates in all, instead of epochs
    # updates at the least, however few the examples: epochs are added; none: no bound
    min_steps: int | None = None
    batch_size: int = 32  # examples per update, over all replicas
    # gradient accumulation: parts of a replica's batch that are computed one by one, to
    # save memory
    micro_batches: int = 1
    # steps between evaluations; none: once an epoch, or after several epochs where
    # that would be more than 10 times in min_steps
    eval_every: int | None = None
    eval_batch_size: int = 256  # examples per batch of an evaluation
    # of the validation split; picks the best checkpoint, among equals by the loss
    best_metric: str = "accuracy"
    # early stopping: after this many evaluations with neither a better best_metric nor
    # a lower loss; none: never
    patience: int | None = None
    keep_checkpoints: int = 2  # newest ones kept, beside the best
    checkpoint_every: int | None = None  # steps; none: at evaluations only
    log_every: int = 20  # steps between points in TensorBoard
    histograms: bool = True  # of the weights, in TensorBoard at each evaluation
    seed: int = 0  # of weights, dropout, data order and augmentation
    # what layers compute in; weights stay float32
    dtype: typing.Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    # a loss this many times the usual one: back to the last checkpoint; none: never
    spike_factor: float | None = None
    jit_compile: bool = False  # compile the forward and backward pass with XLA
    # tfm.callbacks.tracking.MLflow(), or your own: frozen dataclasses with any of the
    # methods begun, logged, evaluated, warned, finished ...; their fields are flags
    callbacks: tuple[object, ...] = ()

    def __post_init__(self):
        validation.configs(self, "callbacks")
        validation.above_zero(self, "epochs")
        validation.at_least(self, 1, "batch_size", "micro_batches", "eval_batch_size")
        validation.at_least(self, 1, "keep_checkpoints", "log_every")
        validation.at_least(
            self, 1, "steps", "min_steps", "eval_every", "patience", "checkpoint_every"
        )
        if self.spike_factor is not None and not self.spike_factor > 1:
            raise errors.UserError(
                f"spike_factor must be above 1, or none. Got {self.spike_factor}."
            )
        if not 0 <= self.seed < 2**31:
            raise errors.UserError(f"seed must be in [0, 2**31). Got {self.seed}.")

    def total_steps(self, num_examples: int) -> int:
        """Updates in all, for a training split of `num_examples`."""
        if self.steps is not None:
            return self.steps
        return max(self._steps_of_epochs(num_examples), self.min_steps or 1)

    def steps_between_evaluations(self, num_examples: int) -> int:
        """`eval_every`, or the steps of one epoch, or of several short ones."""
        if self.eval_every:
            return self.eval_every
        epoch = max(1, -(-num_examples // self.batch_size))
        apart = -(-(self.min_steps or 1) // _EVALUATIONS)
        return epoch * -(-apart // epoch)

    def steps_between_norms(self, num_examples: int) -> int:
        """`log_every`, or several of it where there are more than 500 points."""
        points = -(-self.total_steps(num_examples) // self.log_every)
        return self.log_every * max(1, -(-points // _NORMS))

    def is_extended(self, num_examples: int) -> bool:
        """Whether min_steps decides on the length, and not steps or epochs."""
        fewer = self._steps_of_epochs(num_examples) < (self.min_steps or 0)
        return self.steps is None and fewer

    def summary(self, num_examples: int) -> list[str]:
        """Lines for a human: how long it trains, where `epochs` does not say so."""
        if not self.is_extended(num_examples):
            return []
        total = self.total_steps(num_examples)
        epochs = total * self.batch_size / num_examples
        return [
            f"Training    for {total:,} updates, {epochs:,.0f} epochs, as "
            f"train.min_steps={self.min_steps}; {self.epochs:g} epochs are "
            f"{self._steps_of_epochs(num_examples):,} updates"
        ]

    def _steps_of_epochs(self, num_examples: int) -> int:
        return max(1, -(-int(self.epochs * num_examples) // self.batch_size))


# What a resumed run may change: these alter neither the model nor the data.
RESUMABLE = (
    "epochs",
    "steps",
    "min_steps",
    "eval_every",
    "eval_batch_size",
    "patience",
    "keep_checkpoints",
    "checkpoint_every",
    "log_every",
    "histograms",
    "spike_factor",
    "micro_batches",
    "callbacks",
)
