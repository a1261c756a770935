"""Progress of training: a live line on a terminal, or plain lines in a log file."""

import collections
import time
from collections.abc import Callable

import numpy as np
from rich import console as rich_console
from rich import live
from rich import text as rich_text

PLAIN_SECONDS = 15.0  # between two plain lines
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


class Progress:
    """A live progress line on a terminal, and a plain line now and then elsewhere.

    Args:
      total_steps: updates in all.
      first_step: updates made by an earlier run.
      batch_size: examples per update.
      steps_per_epoch: may be a fraction.
      best_metric: the evaluation's figure to show beside its loss.
      console: where to write; standard output by default.
    """

    def __init__(
        self,
        total_steps: int,
        first_step: int,
        batch_size: int,
        steps_per_epoch: float,
        best_metric: str,
        console: rich_console.Console | None = None,
    ):
        self._total_steps = total_steps
        self._first_step = first_step
        self._batch_size = batch_size
        self._steps_per_epoch = steps_per_epoch
        self._best_metric = best_metric
        self._console = console or _standard_output()
        self._live = live.Live(
            console=self._console, refresh_per_second=4, transient=True
        )
        self._windows = collections.defaultdict(
            lambda: collections.deque(maxlen=WINDOW)
        )
        self._speed = collections.deque(maxlen=20)  # (steps, tokens, seconds)
        self._plain_at = time.monotonic()
        self._skipped = 0

    def __enter__(self):
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_):
        self._live.stop()  # also where the terminal was closed meanwhile

    def progress(self, step: int, step_metrics: dict[str, np.ndarray], seconds: float):
        for name, values in step_metrics.items():
            self._windows[name].extend(values[np.isfinite(values)])
        steps, tokens = len(step_metrics["loss"]), step_metrics["tokens"].sum()
        self._speed.append((steps, float(tokens), seconds))
        self._skipped += int(step_metrics["skipped"].sum())
        self._show(lambda: self.line(step))

    def _show(self, line: Callable[[], str]) -> None:
        """Shows where it is: at once on a terminal, elsewhere now and then."""
        if self._console.is_terminal:
            self._live.update(rich_text.Text(line(), no_wrap=True))
        elif time.monotonic() - self._plain_at >= PLAIN_SECONDS:
            self._plain_at = time.monotonic()
            self._console.print(line(), soft_wrap=True)

    def line(self, step: int) -> str:
        """`epoch 1.2/4.0  step 750/2500  ETA 1:42  loss 0.4312 ...`."""
        speed = list(self._speed)
        if len(speed) > 1:
            speed = speed[1:] if step - self._first_step <= 50 else speed
        steps, tokens, seconds = map(sum, zip(*speed, strict=True))
        seconds = max(seconds, 1e-9)
        left = (self._total_steps - step) / (steps / seconds)
        epochs = self._total_steps / self._steps_per_epoch
        done = step / self._steps_per_epoch
        parts = [
            f"epoch {_epochs(done, epochs)}/{_epochs(epochs, epochs)}",
            f"step {step:,}/{self._total_steps:,}",
            f"ETA {duration(left)}",
        ]
        for name in ("loss", *self._metric_names()):
            values = self._windows[name]
            if values:
                parts.append(f"{name} {np.mean(values):.4f}")
        parts.append(f"{steps * self._batch_size / seconds:,.0f} examples/s")
        parts.append(f"{tokens / seconds:,.0f} tokens/s")
        if self._skipped:
            parts.append(f"{self._skipped} updates skipped (gradient not finite)")
        return "  ".join(parts)

    def _metric_names(self) -> list[str]:
        return [
            name
            for name in self._windows
            if name not in NOT_SHOWN and "_norm/" not in name  # of a layer
        ]

    def logged(self, step: int, scalars: dict[str, float]):
        """Nothing: the line is fed by progress."""

    def warned(self, step: int, message: str):
        self._console.print(f"step {step:,}  {message}", soft_wrap=True)

    def evaluating(self, step: int, share: float, doing: str = "validating"):
        where = f"step {step:,}/{self._total_steps:,}"
        self._show(lambda: f"{where}  {doing} {100 * share:.0f} %")

    def evaluated(self, step: int, metrics: dict[str, float], is_best: bool):
        line = scores_line(step, "validation", metrics, self._best_metric)
        self._console.print(f"{line}{'  (best)' if is_best else ''}", soft_wrap=True)


def _epochs(number: float, whole: float) -> str:
    """Passes over the data; of a part of one as many digits as show it move.

    A training of 8 epochs ends with the step that ends the last one, not at 8.1.
    """
    if whole >= 1 and whole % 1 < 0.1:  # the last step reaches a little further
        number = min(number, int(whole))
    return f"{number:.1f}" if whole >= 0.1 else f"{number:.2g}"


def _standard_output() -> rich_console.Console:
    """A console of plain lines in a notebook, where control codes would show."""
    plain = {"highlight": False, "markup": False, "emoji": False}
    found = rich_console.Console(**plain)
    if not found.is_jupyter:
        return found
    return rich_console.Console(**plain, force_jupyter=False, force_terminal=False)


def scores_line(
    step: int, name: str, metrics: dict[str, float], best_metric: str
) -> str:
    """`step 120  validation  loss 0.3012  accuracy 0.8870`."""
    shown = dict.fromkeys(("loss", "accuracy", best_metric))
    figures = [f"{key} {metrics[key]:.4f}" for key in shown if key in metrics]
    return "  ".join([f"step {step:,}", name, *figures])


def duration(seconds: float) -> str:
    """`1:42` or `2:03:10`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"
