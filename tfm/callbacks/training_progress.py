"""Progress of training: its steps, loss, speed and the time that is left."""

import collections
import contextlib
import math
import time

import numpy as np

from tfm import console
from tfm import progress

NOT_SHOWN = (
    "loss",
    "weight",
    "tokens",
    "asked",
    "gradient_norm",
    "learning_rate",
    "skipped",
    "input_seconds",
)
WINDOW = 200  # steps over which loss and metrics are averaged
_SECONDS = 0.1  # between two texts of it


class Progress:
    """Shows a training as a phase, and tells the scores of its validations.

    The time that is left counts the evaluations to come, once one was seen.

    Args:
      total_steps: updates in all.
      first_step: updates made by an earlier run.
      batch_size: examples per update.
      steps_per_epoch: may be a fraction.
      eval_every: updates between two evaluations.
      best_metric: the evaluation's figure to tell beside its loss.

    Attributes:
      details: where it is, as `step 750/2,500  loss 0.4312`; "" before the first step.
    """

    def __init__(
        self,
        total_steps: int,
        first_step: int,
        batch_size: int,
        steps_per_epoch: float,
        eval_every: int,
        best_metric: str,
    ):
        self._total_steps = total_steps
        self._step = self._evaluated_step = first_step
        self._batch_size = batch_size
        self._steps_per_epoch = steps_per_epoch
        self._eval_every = eval_every
        self._best_metric = best_metric
        self._windows = collections.defaultdict(
            lambda: collections.deque(maxlen=WINDOW)
        )
        self._steps, self._tokens = progress.Rate(), progress.Rate()
        self._evaluations = _Evaluations()
        self._told_at, self._drawn_at = time.monotonic(), -_SECONDS
        self._is_evaluated = False  # since the last call
        self._skipped = 0
        self.details = ""
        self._phases = contextlib.ExitStack()

    def __enter__(self):
        self._phases.enter_context(progress.phase("Compiling the train step"))
        return self

    def __exit__(self, *error):
        self._phases.__exit__(*error)

    def progress(self, step: int, step_metrics: dict[str, np.ndarray], seconds: float):
        is_first, self._step = not self.details, step
        steps, tokens = len(step_metrics["loss"]), step_metrics["tokens"].sum()
        seconds = max(seconds, self._since_told())
        self._steps.add(steps, seconds)
        self._tokens.add(float(tokens), seconds)
        self._told_at, self._is_evaluated = time.monotonic(), False
        self._skipped += int(step_metrics["skipped"].sum())
        for name, values in step_metrics.items():
            self._windows[name].extend(values[np.isfinite(values)])
        is_due = self._told_at - self._drawn_at >= _SECONDS
        if is_first or is_due or step >= self._total_steps:
            self.details, self._drawn_at = self._told(), self._told_at
        if is_first:
            self._phases.close()
            phase = progress.phase(
                "Training",
                lambda: self._step,
                self._total_steps,
                share=lambda: self._step / self._total_steps,
                details=lambda: self.details,
                left=self.seconds_left,
            )
            self._phases.enter_context(phase)
        if is_due:
            progress.draw()

    def _since_told(self) -> float:
        """Seconds since the last call, of callbacks too; 0 after an evaluation."""
        is_alone = self.details and not self._is_evaluated
        return time.monotonic() - self._told_at if is_alone else 0.0

    def seconds_left(self) -> float | None:
        """Seconds to the last step and its evaluation; None before it is measured."""
        if self._steps.seconds is None:
            return None
        left = (self._total_steps - self._step) * self._steps.seconds
        left += self._evaluations_left() * self._evaluations.seconds
        return max(left - (time.monotonic() - self._told_at), 0.0)

    def _evaluations_left(self) -> int:
        if self._evaluated_step >= self._total_steps:
            return 0
        of_all = math.ceil(self._total_steps / self._eval_every)
        return of_all - self._evaluated_step // self._eval_every

    def _told(self) -> str:
        """`step 750/2,500  epoch 1.2/4.0  loss 0.4312  accuracy 0.8870 ...`."""
        epochs = self._total_steps / self._steps_per_epoch
        done = self._step / self._steps_per_epoch
        parts = [f"step {self._step:,}/{self._total_steps:,}"]
        for name in ("loss", *self._metric_names()):
            values = self._windows[name]
            if values:
                parts.append(f"{name} {np.mean(values):.4f}")
        if self._skipped:
            parts.append(f"{self._skipped} updates skipped (gradient not finite)")
        if self._steps.seconds:
            parts.append(f"{1 / self._steps.seconds:,.1f} steps/s")
        parts.append(f"epoch {_epochs(done, epochs)}/{_epochs(epochs, epochs)}")
        if self._steps.seconds:
            parts.append(f"{self._batch_size / self._steps.seconds:,.0f} examples/s")
        if self._tokens.seconds:
            parts.append(f"{1 / self._tokens.seconds:,.0f} tokens/s")
        return "  ".join(parts)

    def _metric_names(self) -> list[str]:
        return [
            name
            for name in self._windows
            if name not in NOT_SHOWN and "_norm/" not in name  # of a layer
        ]

    def logged(self, step: int, scalars: dict[str, float]):
        """Nothing: it is fed by progress."""

    def warned(self, step: int, message: str):
        print(f"step {step:,}  {console.visible(message)}", flush=True)

    def evaluating(self, step: int, share: float):
        self._evaluations.begin()

    def evaluated(self, step: int, metrics: dict[str, float], is_best: bool):
        self._evaluations.end()
        self._evaluated_step, self._told_at = step, time.monotonic()
        self._is_evaluated = True
        line = scores_line(step, "validation", metrics, self._best_metric)
        console.tell(f"{line}{'  (best)' if is_best else ''}")


class _Evaluations:
    """Seconds that an evaluation takes; the first one compiles, so others count more.

    Attributes:
      seconds: of one; 0 before there was any.
    """

    def __init__(self):
        self.seconds = 0.0
        self._rate = progress.Rate()
        self._began: float | None = None

    def begin(self) -> None:
        """One begins, or goes on."""
        self._began = self._began or time.monotonic()

    def end(self) -> None:
        """One is over."""
        if self._began is not None:
            seconds = time.monotonic() - self._began
            self._began = None
            self._rate.add(1, seconds)
            self.seconds = self._rate.seconds or seconds


def _epochs(number: float, whole: float) -> str:
    """Passes over the data; of a part of one as many digits as show it move.

    A training of 8 epochs ends with the step that ends the last one, not at 8.1.
    """
    if whole >= 1 and whole % 1 < 0.1:  # the last step reaches a little further
        number = min(number, int(whole))
    return f"{number:.1f}" if whole >= 0.1 else f"{number:.2g}"


def scores_line(
    step: int, name: str, metrics: dict[str, float], best_metric: str
) -> str:
    """`step 120  validation  loss 0.3012  accuracy 0.8870`."""
    shown = dict.fromkeys(("loss", "accuracy", best_metric))
    figures = [f"{key} {metrics[key]:.4f}" for key in shown if key in metrics]
    return "  ".join([f"step {step:,}", name, *figures])
