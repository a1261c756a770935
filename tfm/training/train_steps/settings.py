"""Settings of the train steps: how an update is computed, as fields."""

import dataclasses
from typing import Protocol

from tfm import errors
from tfm import validation


class TrainStepSettings(Protocol):
    """Config of a train step: a frozen dataclass, tfm's or a user's own."""

    def build(self, components):
        """The train_step.TrainStep, made in the strategy's scope.

        Args:
          components: train_step.Components.
        """


@dataclasses.dataclass(frozen=True)
class MeanLoss:
    """Gradient descent on the weighted mean of the examples' losses, the default."""

    def build(self, components):
        """The train step; see TrainStepSettings."""
        from tfm.training.train_steps import mean_loss

        return mean_loss.MeanLossStep(components)


@dataclasses.dataclass(frozen=True)
class GlobalBatch:
    """A loss over the whole batch at once: contrastive, with in-batch negatives."""

    def build(self, components):
        """The train step; see TrainStepSettings."""
        from tfm.training.train_steps import global_batch

        return global_batch.GlobalBatchStep(components)


@dataclasses.dataclass(frozen=True)
class MultiTask:
    """Multi-task learning: several losses, each with a mean of its own."""

    # factors of the losses, as NAME=FACTOR; of those not named 1
    factors: tuple[str, ...] = ()

    def __post_init__(self):
        self._factors()

    def build(self, components):
        """The train step; see TrainStepSettings."""
        from tfm.training.train_steps import multi_task

        return multi_task.MultiTaskStep(components, self._factors())

    def _factors(self) -> dict[str, float]:
        found = {}
        for item in self.factors:
            name, _, factor = item.rpartition("=")
            try:
                found[name] = float(factor)
            except ValueError:
                found[name] = -1.0
            if not name or not 0 <= found[name] < float("inf"):
                raise errors.UserError(
                    "factors must be NAME=FACTOR, with a factor of 0 or more. "
                    f"Got {item!r}."
                )
        return found


@dataclasses.dataclass(frozen=True)
class SharpnessAware:
    """Sharpness-aware minimization (SAM): two passes an update, flatter minima."""

    radius: float = 0.05  # how far away the worst weights are looked for
    step: MeanLoss | GlobalBatch | MultiTask = MeanLoss()  # whose gradients are taken

    def __post_init__(self):
        validation.above_zero(self, "radius")
        _refuse(self, SharpnessAware, EMATeacher)

    def build(self, components):
        """The train step; see TrainStepSettings."""
        from tfm.training.train_steps import sharpness_aware

        return sharpness_aware.SharpnessAwareStep(
            self.step.build(components), self.radius
        )


@dataclasses.dataclass(frozen=True)
class EMATeacher:
    """Mean teacher: consistency with a moving average (EMA) of the weights."""

    decay: float = 0.999  # share of the teacher's weights that stays at an update
    consistency: float = 1.0  # factor of the consistency loss
    ramp_up: float = 0.2  # share of all steps over which that factor grows
    step: MeanLoss | SharpnessAware = MeanLoss()  # by which the student is trained

    def __post_init__(self):
        validation.inner_fraction(self, "decay")
        validation.fraction(self, "ramp_up")
        validation.at_least(self, 0, "consistency")
        _refuse(self, GlobalBatch, MultiTask, EMATeacher)

    def build(self, components):
        """The train step; see TrainStepSettings."""
        from tfm.training.train_steps import ema_teacher

        return ema_teacher.EMATeacherStep(
            components,
            self.step.build,
            decay=self.decay,
            consistency=self.consistency,
            ramp_up=self.ramp_up,
        )


def chain(settings: TrainStepSettings) -> list[TrainStepSettings]:
    """A train step and those within it, as SharpnessAware(step=MeanLoss()) has one."""
    found = [settings]
    while dataclasses.is_dataclass(inner := getattr(found[-1], "step", None)):
        found.append(inner)
    return found


def _refuse(outer, *kinds: type) -> None:
    for inner in chain(outer)[1:]:
        if isinstance(inner, kinds):
            raise errors.UserError(
                f"{type(outer).__name__} cannot be around {type(inner).__name__}."
            )
