"""What parts of the loop cost by themselves, where a ratio would drown in noise."""

import statistics
import time

import numpy as np

from benchmarks import ways
from tfm.callbacks import tensorboard
from tfm.checkpoints import checkpoints
from tfm.run import folder as run_folder

_LIVE_SECONDS = 2.0  # for which an idle progress line is watched


def medians(found: list[ways.Seconds]) -> ways.Seconds:
    return ways.Seconds(*map(statistics.median, zip(*found, strict=True)))


def between_calls(
    way: ways.InLoop, trainer: ways.Trainer, settings, rounds: int, steps: int
) -> ways.Seconds:
    """What the loop does in a round from one call of the step function to the next.

    The processor's part has the progress line's own thread in it.
    """
    live = _live_line(settings)
    found = []
    for _ in range(rounds):
        calls = _Calls(trainer.train)
        wall = ways.timed(lambda calls=calls: way(steps, calls)).wall
        between = calls.between
        found.append(ways.Seconds(between.cpu + live * wall, between.wall))
    return medians(found)


def of_checkpoint(
    folder: run_folder.RunFolder, trainer: ways.Trainer, rounds: int
) -> tuple[ways.Seconds, ways.Seconds]:
    """What `save` takes, while training stands still; and all until it is written."""
    held_up, in_all = [], []
    with checkpoints.Checkpoints(
        folder.path / "costs", trainer.model, trainer.optimizer, keep=2
    ) as state:

        def save_and_wait():
            held_up.append(ways.timed(state.save))
            state.wait()

        for number in range(rounds):
            state.step.assign(number)
            in_all.append(ways.timed(save_and_wait))
    return medians(held_up), medians(in_all)


def of_histograms(
    folder: run_folder.RunFolder, trainer: ways.Trainer, rounds: int
) -> ways.Seconds:
    """What the histograms of all weights take, once."""
    found = []
    with tensorboard.TensorBoard(
        folder.events, trainer.model, batch_size=1, histograms=True
    ) as board:
        for number in range(rounds):
            found.append(
                ways.timed(lambda step=number: board.evaluated(step, {}, False))
            )
    return medians(found)


class _Calls:
    """A step function that times what the main thread does between its calls."""

    def __init__(self, train):
        self._train = train
        self._returned: ways.Seconds | None = None
        self.between = ways.Seconds(0.0, 0.0)

    def __call__(self, *arguments):
        if self._returned is not None:
            now, last = _main_thread(), self._returned
            self.between = ways.Seconds(
                self.between.cpu + now.cpu - last.cpu,
                self.between.wall + now.wall - last.wall,
            )
        rows = self._train(*arguments)
        self._returned = _main_thread()
        return rows


def _main_thread() -> ways.Seconds:
    return ways.Seconds(time.thread_time(), time.perf_counter())


def _live_line(settings) -> float:
    """Processor seconds that a live progress line's own thread takes in a second."""
    names = ("loss", "accuracy", "tokens", "skipped")
    with ways.progress_line(0, 1_000, settings) as line:
        line.progress(10, {name: np.ones(10, np.float32) for name in names}, 1.0)
        seconds = ways.timed(lambda: time.sleep(_LIVE_SECONDS))
    return seconds.cpu / seconds.wall
