"""The training loop: steps, evaluations, checkpoints, early stopping."""

import collections
import dataclasses
import math
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from tfm.training import interrupt


@dataclasses.dataclass(frozen=True)
class Plan:
    """How far to go and how often to do what, in steps."""

    total_steps: int
    eval_every: int
    checkpoint_every: int | None
    log_every: int
    best_metric: str
    patience: int | None

    @classmethod
    def of(cls, settings, num_examples: int) -> "Plan":
        """The plan of a tfm.training.Train over `num_examples`."""
        return cls(
            total_steps=settings.total_steps(num_examples),
            eval_every=settings.steps_between_evaluations(num_examples),
            checkpoint_every=settings.checkpoint_every,
            log_every=settings.log_every,
            best_metric=settings.best_metric,
            patience=settings.patience,
        )

    def next_stop(self, step: int) -> int:
        """The first step after `step` at which something other than training is due."""
        stops = [self.total_steps, _next(step, self.eval_every)]
        stops.append(1 if step == 0 else _next(step, self.log_every))
        if self.checkpoint_every:
            stops.append(_next(step, self.checkpoint_every))
        return min(stops)


class Reporter(Protocol):
    """Gets told what happens; a progress line, TensorBoard, or a test's list."""

    def progress(self, step: int, rows: dict[str, np.ndarray], seconds: float): ...

    def logged(self, step: int, scalars: dict[str, float]): ...

    def evaluated(self, step: int, metrics: dict[str, float], is_best: bool): ...


class Loop:
    """Trains until the plan ends, stops early, or is interrupted.

    Args:
      plan: what to do when.
      train: (iterator, N) -> {name: float32 [N]}; see step.train_function.
      batches: first_step -> a dataset that begins with that step's batch.
      evaluate: step -> metrics of the validation split.
      checkpoints: see checkpoints.Checkpoints; its step is where training stands.
      reporters: told of progress, logged scalars and evaluations.
    """

    def __init__(
        self,
        plan: Plan,
        train: Callable,
        batches: Callable,
        evaluate: Callable[[int], dict[str, float]],
        checkpoints,
        reporters: list[Reporter],
    ):
        self.plan = plan
        self._train = train
        self._batches = batches
        self._evaluate = evaluate
        self._checkpoints = checkpoints
        self._reporters = reporters
        self._seconds_per_step = 0.0

    def run(self) -> str:
        """Trains on from where the checkpoints stand.

        Returns:
          "finished", "stopped early" or "interrupted"; in each case all is saved.
        """
        step = int(self._checkpoints.step)
        if self._has_lost_patience():
            return "stopped early"
        iterator = iter(self._batches(step))
        window = collections.defaultdict(list)
        started = time.perf_counter()
        with interrupt.Interrupt() as asked:
            while step < self.plan.total_steps:
                count = self._chunk(step)
                rows = self._timed_steps(iterator, count)
                step += count
                self._checkpoints.step.assign(step)
                for name, values in rows.items():
                    window[name].extend(values)
                if self._is_due(step, self.plan.log_every) or step == 1:
                    self._log(step, window, time.perf_counter() - started)
                    window.clear()
                    started = time.perf_counter()
                if self._is_due(step, self.plan.eval_every):
                    self._evaluate_and_save(step)
                    started = time.perf_counter()
                    if self._has_lost_patience():
                        return "stopped early"
                elif self.plan.checkpoint_every and (
                    step % self.plan.checkpoint_every == 0
                ):
                    self._checkpoints.save()
                if asked.requested and step < self.plan.total_steps:
                    self._checkpoints.save()
                    return "interrupted"
        return "finished"

    def _chunk(self, step: int) -> int:
        """Steps of the next call: to the next stop, but about a second at the most."""
        until_stop = self.plan.next_stop(step) - step
        if not self._seconds_per_step:
            return 1
        return max(1, min(until_stop, math.floor(1.0 / self._seconds_per_step)))

    def _timed_steps(self, iterator, count: int) -> dict[str, np.ndarray]:
        started = time.perf_counter()
        rows = self._train(iterator, count)
        seconds = time.perf_counter() - started
        # the first call also traces and compiles: leave it out of the estimate
        if self._seconds_per_step or count > 1 or int(self._checkpoints.step) > 0:
            self._seconds_per_step = seconds / count
        else:
            self._seconds_per_step = 0.2
        for reporter in self._reporters:
            done = int(self._checkpoints.step) + count
            reporter.progress(done, rows, seconds)
        return rows

    def _is_due(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self.plan.total_steps

    def _log(self, step: int, window: dict[str, list], seconds: float) -> None:
        # a step counts by its weight, so the mean does not depend on the chunks
        weights = np.asarray(window["weight"], np.float64)
        scalars = {}
        for name in window.keys() - {"weight", "tokens", "skipped", "learning_rate"}:
            values = np.asarray(window[name], np.float64)
            finite = np.isfinite(values) & (weights > 0)
            if finite.any():
                scalars[name] = float(
                    np.average(values[finite], weights=weights[finite])
                )
        scalars["learning_rate"] = float(window["learning_rate"][-1])
        scalars["skipped_updates"] = float(np.sum(window["skipped"]))
        scalars["tokens_per_second"] = float(np.sum(window["tokens"]) / seconds)
        scalars["steps_per_second"] = len(weights) / seconds
        for reporter in self._reporters:
            reporter.logged(step, scalars)

    def _evaluate_and_save(self, step: int) -> None:
        metrics = self._evaluate(step)
        state = self._checkpoints
        # an area under a curve is undefined where a split has one class only
        value = metrics.get(self.plan.best_metric, math.nan)
        is_best = int(state.best_step) < 0 or is_better(
            self.plan.best_metric, value, float(state.best_value)
        )
        if is_best:
            state.best_value.assign(value)
            state.best_step.assign(step)
            state.since_best.assign(0)
            state.save_best()
        else:
            state.since_best.assign_add(1)
        state.save()
        for reporter in self._reporters:
            reporter.evaluated(step, metrics, is_best)

    def _has_lost_patience(self) -> bool:
        patience = self.plan.patience
        return patience is not None and int(self._checkpoints.since_best) >= patience


def is_better(metric: str, value: float, than: float) -> bool:
    """Losses fall, other metrics rise; nothing is better than a NaN."""
    if math.isnan(value):
        return False
    if math.isnan(than):
        return True
    return value < than if metric == "loss" else value > than


def _next(step: int, every: int) -> int:
    return (step // every + 1) * every
