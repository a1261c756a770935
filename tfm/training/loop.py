"""The training loop: steps, evaluations, checkpoints, early stopping, faults."""

import collections
import dataclasses
import math
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from tfm import interfaces
from tfm.training import early_stopping
from tfm.training import faults
from tfm.training import interrupt

UNLOGGED = {"weight", "tokens", "skipped", "asked", "learning_rate", "input_seconds"}


@dataclasses.dataclass(frozen=True)
class Plan:
    """Number of steps, and how often to log, evaluate and save."""

    total_steps: int
    eval_every: int
    checkpoint_every: int | None
    log_every: int
    best_metric: str
    direction: interfaces.Direction  # which way best_metric is better
    patience: int | None
    spike_factor: float | None = None
    watch_every: int | None = None  # steps between norms of layers; None: never
    stops: tuple[int, ...] = ()  # more steps at which a call ends, as of a profile

    @classmethod
    def of(cls, settings, num_examples: int, direction: interfaces.Direction) -> "Plan":
        """The plan of a tfm.training.Train over `num_examples`."""
        return cls(
            total_steps=settings.total_steps(num_examples),
            eval_every=settings.steps_between_evaluations(num_examples),
            checkpoint_every=settings.checkpoint_every,
            log_every=settings.log_every,
            best_metric=settings.best_metric,
            direction=direction,
            patience=settings.patience,
            spike_factor=settings.spike_factor,
            watch_every=settings.steps_between_norms(num_examples),
        )

    def next_stop(self, step: int) -> int:
        """The first step after `step` at which something other than training is due."""
        stops = [self.total_steps, _next(step, self.eval_every)]
        stops += [stop for stop in self.stops if stop > step]
        stops.append(1 if step == 0 else _next(step, self.log_every))
        if self.checkpoint_every:
            stops.append(_next(step, self.checkpoint_every))
        return min(stops)

    def is_watched(self, step: int) -> bool:
        """Whether the norms of layers are taken in the update that leads there."""
        is_end = step in (1, self.total_steps)
        return bool(self.watch_every) and (is_end or step % self.watch_every == 0)

    def evaluation_is_due(self, state) -> bool:
        """Whether the step at which the checkpoints stand is still to be evaluated."""
        step = int(state.step)
        is_due = step >= self.total_steps or step % self.eval_every == 0
        return is_due and int(state.evaluated_step) < step and step > 0

    def outcome(self, state) -> str | None:
        """The end to which training has come by the checkpoints; None if it goes on."""
        if early_stopping.has_lost_patience(self.patience, state):
            return "stopped early"
        if int(state.step) >= self.total_steps and not self.evaluation_is_due(state):
            return "finished"
        return None


class Callback(Protocol):
    """Observer of training: a progress line, TensorBoard, or a test's list."""

    def progress(
        self, step: int, step_metrics: dict[str, np.ndarray], seconds: float
    ): ...

    def logged(self, step: int, scalars: dict[str, float]): ...

    def evaluating(self, step: int, share: float): ...

    def evaluated(self, step: int, metrics: dict[str, float], is_best: bool): ...

    def warned(self, step: int, message: str): ...


class Loop:
    """Trains until the plan ends, stops early, or is interrupted.

    Args:
      plan: what to do when.
      train: (iterator, N, asked, watch) -> {name: float32 [N]}; see
        train_step.train_function.
      batches: number of a batch -> a dataset that begins with it.
      evaluate: (step, watch) -> metrics of the validation split; it calls `watch` with
        the share that is done, and lets through what that raises.
      checkpoints: see checkpoints.Checkpoints; its step, data_offset and evaluated_step
        are where training stands.
      callbacks: told of progress, logged scalars and evaluations.
      on_skipped: told the number of each batch whose update was skipped.
      same_chunks: whether other processes take the same steps, so that neither a call
        nor an evaluation may end by the time or the signals of this one.
    """

    def __init__(
        self,
        plan: Plan,
        train: Callable,
        batches: Callable,
        evaluate: Callable[[int, Callable[[float], None]], dict[str, float]],
        checkpoints,
        callbacks: list[Callback],
        *,
        on_skipped: Callable[[int], str] = lambda batch: f"batch {batch}",
        same_chunks: bool = False,
    ):
        self.plan = plan
        self._train = train
        self._batches = batches
        self._evaluate = evaluate
        self._checkpoints = checkpoints
        self._callbacks = callbacks
        self._on_skipped = on_skipped
        self._same_chunks = same_chunks
        self._seconds_per_step = 0.0
        self._watch = faults.Watch(plan.spike_factor)
        self._told_undefined = False
        self._signals = interrupt.Interrupt()
        self._best = early_stopping.BestCheckpoint(
            plan.best_metric, plan.direction, checkpoints
        )

    def run(self) -> str:
        """Trains on from where the checkpoints stand.

        Returns:
          "finished", "stopped early", "interrupted" (by Ctrl-C) or "terminated" (by
          SIGTERM or SIGHUP); in each case all is saved.
        """
        try:
            with self._signals:
                try:
                    outcome = self._run()
                except interrupt.StoppedError:
                    self._checkpoints.save()  # going on begins with the evaluation
                    return self._signals.outcome
                return self._signals.outcome if self._is_to_end() else outcome
        finally:
            self._checkpoints.wait()

    def _run(self) -> str:
        state, plan = self._checkpoints, self.plan
        if plan.evaluation_is_due(state):
            self._evaluate_and_save(int(state.step))
        if outcome := plan.outcome(state):
            return outcome
        step = int(state.step)
        iterator = iter(self._batches(self._batch(step)))
        window = collections.defaultdict(list)
        started = time.perf_counter()
        while True:
            step_metrics = self._timed_steps(iterator, self._chunk(step))
            self._report_skipped(step, step_metrics)
            step += len(step_metrics["loss"])
            spike = self._watch.spike(step_metrics)
            if spike is not None and self._return(step, spike):
                step = int(state.step)
                iterator = iter(self._batches(self._batch(step)))
                window.clear()
                continue
            state.step.assign(step)
            for name, values in step_metrics.items():
                window[name].extend(values)
            if self._is_due(step, plan.log_every) or step == 1:
                self._log(step, window, time.perf_counter() - started)
                window.clear()
                started = time.perf_counter()
            if plan.evaluation_is_due(state):
                self._evaluate_and_save(step)
                started = time.perf_counter()
            elif plan.checkpoint_every and step % plan.checkpoint_every == 0:
                state.save()
            if outcome := plan.outcome(state):
                return outcome
            # every process was told, with the metrics, that one of them was asked
            if step_metrics["asked"].any():
                state.save()
                return self._signals.outcome

    def _is_to_end(self) -> bool:
        """Whether a signal came, in a process that may heed it at any time."""
        return self._signals.requested is not None and not self._same_chunks

    def _chunk(self, step: int) -> int:
        """Steps of the next call: to the next stop, but about a second at the most."""
        until_stop = self.plan.next_stop(step) - step
        if self._same_chunks:
            return until_stop
        if not self._seconds_per_step:
            return 1
        return max(1, min(until_stop, math.floor(1.0 / self._seconds_per_step)))

    def _timed_steps(self, iterator, count: int) -> dict[str, np.ndarray]:
        started, asked = time.perf_counter(), self._signals.requested is not None
        done = int(self._checkpoints.step) + count
        watch = self.plan.is_watched(done)
        step_metrics = self._train(iterator, count, asked, watch)
        seconds = time.perf_counter() - started
        # the first call also traces and compiles: leave it out of the estimate
        first = not self._seconds_per_step
        self._seconds_per_step = 0.25 if first else seconds / count
        for callback in self._callbacks:
            callback.progress(done, step_metrics, seconds)
        return step_metrics

    def _report_skipped(self, step: int, step_metrics: dict[str, np.ndarray]) -> None:
        for skipped in self._watch.skipped(step, step_metrics):
            where = self._on_skipped(self._batch(skipped))
            message = f"gradient not finite, update skipped: {where}"
            self._warn(skipped + 1, message)

    def _return(self, step: int, loss: float) -> bool:
        """Goes back to the last checkpoint, and past the data since then."""
        state = self._checkpoints
        reached = self._batch(step)
        if not state.restore():
            self._warn(step, f"loss jumped to {loss:.4g}; there is no checkpoint yet")
            return False
        self._watch.returned_to(int(state.step))
        state.data_offset.assign(reached - int(state.step))
        self._warn(
            step,
            f"loss jumped to {loss:.4g}; back to the checkpoint of step "
            f"{int(state.step):,}, without the batches since then",
        )
        return True

    def _warn(self, step: int, message: str) -> None:
        for callback in self._callbacks:
            callback.warned(step, message)

    def _batch(self, step: int) -> int:
        """The number of the batch that comes after `step` updates."""
        return step + int(self._checkpoints.data_offset)

    def _is_due(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self.plan.total_steps

    def _log(self, step: int, window: dict[str, list], seconds: float) -> None:
        # a step counts by its weight, so the mean does not depend on the chunks
        weights = np.asarray(window["weight"], np.float64)
        scalars = {}
        for name in window.keys() - UNLOGGED:
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
        if "input_seconds" in window:
            scalars["input_wait"] = float(np.sum(window["input_seconds"])) / seconds
        for callback in self._callbacks:
            callback.logged(step, scalars)

    def _evaluate_and_save(self, step: int) -> None:
        metrics = self._evaluate(step, lambda share: self._evaluating(step, share))
        if self._best.is_undefined(metrics) and not self._told_undefined:
            self._told_undefined = True
            name = self.plan.best_metric
            rule = f"{name} is undefined on the validation split"
            self._warn(step, f"{rule}: the loss picks the best checkpoint")
        is_best = self._best.update(step, metrics)
        self._checkpoints.evaluated_step.assign(step)
        for callback in self._callbacks:  # before it is saved, so that none is left out
            callback.evaluated(step, metrics, is_best)
        if is_best:
            self._checkpoints.save_best()
        self._checkpoints.save()

    def _evaluating(self, step: int, share: float) -> None:
        for callback in self._callbacks:
            callback.evaluating(step, share)
        if self._is_to_end():
            raise interrupt.StoppedError


def _next(step: int, every: int) -> int:
    return (step // every + 1) * every
