"""Ways to train the same steps on an experiment's real data, timed in turns.

A way is called with a number of steps and trains so many more. Each way begins with
the experiment's first batch, so that two ways take the same batches in every round.
"""

import contextlib
import dataclasses
import functools
import os
import pathlib
import tempfile
import time
import typing
from collections.abc import Callable
from collections.abc import Iterator
from unittest import mock

from tfm import displays
from tfm.distribution import quiet_start
from tfm.run import assembly
from tfm.run import folder as run_folder

quiet_start.import_tensorflow()
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from tfm.callbacks import tensorboard  # noqa: E402
from tfm.callbacks import training_progress  # noqa: E402
from tfm.checkpoints import checkpoints  # noqa: E402
from tfm.checkpoints import numbers  # noqa: E402
from tfm.training import data_parallel  # noqa: E402
from tfm.training import loop  # noqa: E402
from tfm.training import train_step  # noqa: E402

Way = Callable[[int], None]
_NEVER = 10**9  # steps


class Seconds(typing.NamedTuple):
    """What something took: of the processors, and by the clock."""

    cpu: float
    wall: float


def timed(function: Callable[[], object]) -> Seconds:
    """What a call takes, in all threads of the process."""
    cpu, wall = time.process_time(), time.perf_counter()
    function()
    return Seconds(time.process_time() - cpu, time.perf_counter() - wall)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The times of two ways, round by round."""

    ours: list[Seconds]
    theirs: list[Seconds]

    def ratios(self, kind: str) -> list[float]:
        """Ours over theirs in each round, of "cpu" or "wall"."""
        return [
            getattr(ours, kind) / getattr(theirs, kind)
            for ours, theirs in zip(self.ours, self.theirs, strict=True)
        ]

    def best_ratio(self, kind: str) -> float:
        """Our quickest round over theirs: what others' load on the machine hides."""
        ours, theirs = (
            min(getattr(seconds, kind) for seconds in times)
            for times in (self.ours, self.theirs)
        )
        return ours / theirs


def compare(ours: Way, theirs: Way, rounds: int, steps: int) -> Comparison:
    """Times both ways in each round, now one first and now the other."""
    comparison = Comparison([], [])
    turns = [(comparison.theirs, theirs), (comparison.ours, ours)]
    for _ in range(rounds):
        for times, way in turns:
            times.append(timed(lambda way=way: way(steps)))
        turns.reverse()
    return comparison


@contextlib.contextmanager
def data(
    name: str, experiment
) -> Iterator[tuple[run_folder.RunFolder, assembly.Prepared]]:
    """A scratch run folder of the experiment, and its data, prepared."""
    with tempfile.TemporaryDirectory(prefix="tfm_benchmark_") as scratch:
        folder = run_folder.RunFolder(pathlib.Path(scratch) / "run")
        folder.begin(name, experiment, {})
        yield folder, assembly.prepare(experiment, folder)


class Trainer:
    """The experiment's model with the compiled function that trains it.

    Args:
      prepared: the experiment's data.
      micro_batches: parts of a batch that are computed one by one.
      strategy: what it is trained under; one device by default.
      settings: of the train step; by default the experiment's.
    """

    def __init__(
        self,
        prepared: assembly.Prepared,
        micro_batches: int = 1,
        strategy: tf.distribute.Strategy | None = None,
        settings=None,
    ):
        e = prepared.experiment
        keras.utils.set_random_seed(e.train.seed)
        with (strategy or tf.distribute.get_strategy()).scope():
            self.model = assembly.build_model(e, prepared.objective)
            self.optimizer = e.optimizer.build(_NEVER, self.model)
            step = (settings or e.train_step).build(
                train_step.Components(
                    self.model,
                    prepared.objective,
                    self.optimizer,
                    clip_norm=e.optimizer.clip_norm,
                )
            )
            step.begin()
            parallel = data_parallel.DataParallel(
                micro_batches=micro_batches,
                jit_compile=e.train.jit_compile,
                token_ids=list(self.model.input),
            )
            self.train = train_step.train_function(step, parallel)


class NotSaved:
    """The state of checkpoints.Checkpoints, kept in memory only."""

    def __init__(self):
        self.step = numbers.Number(0, "int64")
        self.data_offset = numbers.Number(0, "int64")
        self.best_value = numbers.Number(1.0, "float64")
        self.best_loss = numbers.Number(0.0, "float64")
        self.lowest_loss = numbers.Number(0.0, "float64")
        self.best_step = numbers.Number(0, "int64")
        self.since_best = numbers.Number(0, "int64")
        self.evaluated_step = numbers.Number(0, "int64")

    def save(self) -> None:
        pass

    def wait(self) -> None:
        pass


class SavedInMidRound(checkpoints.Checkpoints):
    """Checkpoints on the disk, written when they are due but not where a round ends."""

    def __init__(self, folder, trainer: Trainer, every: int):
        super().__init__(folder.checkpoints, trainer.model, trainer.optimizer, keep=2)
        self._every = every
        self.best_value.assign(1.0)  # so that no round is the best
        self.best_step.assign(0)

    def save(self) -> None:
        if int(self.step) % self._every == 0:
            super().save()


class InLoop:
    """The whole loop: with a live progress line, TensorBoard and gradient norms.

    A round ends as an evaluation does, except that nothing is evaluated.

    Args:
      folder: for the events.
      trainer: what it trains.
      state: where it stands; by default nothing is saved.
      checkpoint_every: steps.
      histograms: of the weights, at the end of each round.
    """

    def __init__(
        self,
        folder: run_folder.RunFolder,
        prepared: assembly.Prepared,
        trainer: Trainer,
        state=None,
        checkpoint_every: int | None = None,
        histograms: bool = False,
    ):
        self._settings = prepared.experiment.train
        self._batches = prepared.training_batches
        self._train = trainer.train
        self._state = state or NotSaved()
        self._plan = dataclasses.replace(
            loop.Plan.of(self._settings, 1, "max"),
            eval_every=_NEVER,
            checkpoint_every=checkpoint_every,
            patience=None,
        )
        self._board = tensorboard.TensorBoard(
            folder.events, trainer.model, self._settings.batch_size, histograms
        )

    def __call__(self, steps: int, train: Callable | None = None) -> None:
        """Trains on; `train`, if given, in place of the trainer's function."""
        reached = int(self._state.step)
        plan = dataclasses.replace(self._plan, total_steps=reached + steps)
        with progress_line(reached, plan.total_steps, self._settings) as line:
            outcome = loop.Loop(
                plan,
                train or self._train,
                self._batches,
                lambda at_step, watch: {"accuracy": 0.0},
                self._state,
                [line, self._board],
            ).run()
        if outcome != "finished":  # the loop takes Ctrl-C for itself
            raise KeyboardInterrupt


@contextlib.contextmanager
def progress_line(first_step: int, total_steps: int, settings):
    """A live line as on a terminal, written to nowhere."""
    with pathlib.Path(os.devnull).open("w") as nowhere:
        terminal = functools.partial(displays.Terminal, nowhere)
        line = training_progress.Progress(
            total_steps, first_step, settings.batch_size, 1e6, _NEVER, "loss"
        )
        with mock.patch.object(displays, "found", terminal), line:
            yield line


class Bare:
    """The compiled function alone, all steps of a round in one call."""

    def __init__(self, prepared: assembly.Prepared, trainer: Trainer):
        self._batches = prepared.training_batches
        self._train = trainer.train
        self._step = 0

    def __call__(self, steps: int) -> None:
        self._train(iter(self._batches(self._step)), steps)
        self._step += steps
