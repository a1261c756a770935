"""Early stopping, and the best checkpoint by a validation metric."""

import math
from collections.abc import Mapping

from tfm import interfaces


class BestCheckpoint:
    """Says of each evaluation whether it is the best.

    Among equal scores the lower loss wins. Where the score is undefined, as an area
    under a curve is on a validation split of one class, the loss decides alone. A score
    that is defined beats one that is not.

    Patience is counted from the last evaluation that was the best, or had the lowest
    loss so far: a score may stand still for long while the model still learns.

    Args:
      metric: the score's name among the metrics of an evaluation.
      direction: which way the score is better.
      state: what is remembered, such as a checkpoints.Checkpoints: its numbers
        best_step, best_value (the score), best_loss, lowest_loss and since_best.
    """

    def __init__(
        self,
        metric: str,
        direction: interfaces.Direction,
        state,
    ):
        self._metric = metric
        self._direction = direction
        self._state = state

    def update(self, step: int, metrics: Mapping[str, float]) -> bool:
        """Whether the evaluation at `step` is the best so far; remembers it."""
        state = self._state
        score, loss = metrics.get(self._metric, math.nan), _loss(metrics)
        best = (float(state.best_value), float(state.best_loss))
        is_best = int(state.best_step) < 0 or self._rank(score, loss) > self._rank(
            *best
        )
        if is_best:
            state.best_step.assign(step)
            state.best_value.assign(score)
            state.best_loss.assign(loss)
        if is_best or loss < float(state.lowest_loss):
            state.since_best.assign(0)
        else:
            state.since_best.assign_add(1)
        state.lowest_loss.assign(min(loss, float(state.lowest_loss)))
        return is_best

    def is_undefined(self, metrics: Mapping[str, float]) -> bool:
        """Whether the loss must decide, since there is no score."""
        score = metrics.get(self._metric, math.nan)
        return self._metric != "loss" and math.isnan(score)

    def _rank(self, score: float, loss: float) -> tuple[bool, float, float]:
        """Higher for a better evaluation."""
        if math.isnan(score):
            return False, 0.0, -loss
        return True, -score if self._direction == "min" else score, -loss


def has_lost_patience(patience: int | None, state) -> bool:
    """Whether training is to stop early.

    Args:
      patience: evaluations without an improvement that are too many; None: never.
      state: as BestCheckpoint's.
    """
    return patience is not None and int(state.since_best) >= patience


def chosen_by(metric: str, state) -> str:
    """The name of the metric that picked the best checkpoint: `metric`, or "loss"."""
    return "loss" if math.isnan(float(state.best_value)) else metric


def _loss(metrics: Mapping[str, float]) -> float:
    """The loss; where there is none, or it is not a number, no other is worse."""
    loss = metrics.get("loss", math.inf)
    return math.inf if math.isnan(loss) else loss
