"""What replicas, safety and the loop cost, as ratios of two ways to train.

    python benchmarks/scaling.py [--rounds=7] [--steps=100] [--FIELD=VALUE ...]

Two ways train the same steps in turns, in one process; printed are the medians of
their ratios, the lowest and the highest, and the quickest round over the quickest,
which others' load on the machine disturbs least. Below a ratio stands what the
difference takes by itself, as a share of the same steps' time: for what is smaller
than the noise. --steps=10 makes ten times as large what comes once a round.

With 7 rounds it trains some 8,000 steps: 12 minutes at 10 steps/s. Measured with
TensorFlow 2.21.0 on 2 cores that did little else:

    the loop / its step function        CPU 0.981 (0.887-1.021); itself 0.3 %
    Mirrored, one replica / one device  CPU 1.007 (0.780-1.226)
    4 micro-batches / 1                 CPU 1.973 (1.539-2.343)
    a checkpoint every 100 steps / none CPU 1.015 (0.888-1.097); itself 0.2 %
    histograms every 100 steps / none   CPU 1.002 (0.837-1.021); once an epoch 0.4 %
"""

import dataclasses
import pathlib
import statistics
import sys
from collections.abc import Mapping

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import runs
from tfm import config
from tfm import errors

MICRO_BATCHES = 4
SHORTER = 5  # rounds, and as many more of them, where only the step function differs


@dataclasses.dataclass(frozen=True)
class Options(runs.Rounds):
    """python benchmarks/scaling.py [--experiment=NAME] [--FIELD=VALUE ...]

    Times pairs of ways to train the same steps, in turns, and prints their ratios:
    Mirrored with one replica, micro-batches, checkpoints, histograms, and the loop.
    """

    rounds: int = 7  # of each pair; medians over them are printed
    steps: int = 100  # of a round, in which one checkpoint falls

    def __post_init__(self):
        super().__post_init__()
        if self.steps < 2 or self.steps % 2:
            raise errors.UserError(
                f"--steps takes an even number from 2 on. Got {self.steps}."
            )


def main(options: Options, experiment, changed: Mapping[str, object]) -> None:
    from benchmarks import ways  # imports TensorFlow

    with ways.data(options.experiment, experiment) as (folder, prepared):
        one = ways.Trainer(prepared)
        setting = _Setting(folder, prepared, one, options.rounds, options.steps)
        _print_head(options)
        usual = _loop(setting)
        _step_function(setting)
        _checkpoints(setting, usual)
        _histograms(setting, usual)
    print(
        f"\n{options.steps} steps: {usual.cpu:.2f} CPU seconds, {usual.wall:.2f} s "
        f"({options.steps / usual.wall:.1f} steps/s); {runs.machine()}"
    )


@dataclasses.dataclass(frozen=True)
class _Setting:
    """What every comparison has in common."""

    folder: object  # run_folder.RunFolder, scratch
    prepared: object  # assembly.Prepared
    one: object  # ways.Trainer on one device
    rounds: int
    steps: int

    def compare(self, name: str, ours, theirs, shorter: int = 1):
        """Compares two ways, prints their ratios, and returns the comparison."""
        from benchmarks import ways

        for way in (ours, theirs):
            way(self.steps // 2)  # traces, and brings a checkpoint into mid-round
        rounds, steps = self.rounds * shorter, max(1, self.steps // shorter)
        comparison = ways.compare(ours, theirs, rounds, steps)
        _print_ratios(name, comparison)
        return comparison


def _loop(setting: _Setting):
    """The loop's own cost; returns what a round of the step function takes."""
    from benchmarks import costs
    from benchmarks import ways

    s = setting
    plain = ways.InLoop(s.folder, s.prepared, s.one)
    bare = ways.Bare(s.prepared, s.one)
    comparison = s.compare("the loop / its step function alone", plain, bare)
    usual = costs.medians(comparison.theirs)
    settings = s.prepared.experiment.train
    between = costs.between_calls(plain, s.one, settings, s.rounds, s.steps)
    _print_share("  by itself, between the calls", between, usual)
    return usual


def _step_function(setting: _Setting) -> None:
    """Mirrored and micro-batches, which the loop knows nothing of."""
    import tensorflow as tf

    from benchmarks import ways

    s = setting
    device = "GPU:0" if tf.config.list_logical_devices("GPU") else "CPU:0"
    strategy = tf.distribute.MirroredStrategy([device])
    for name, ours in (
        ("Mirrored, one replica / one device", {"strategy": strategy}),
        (f"{MICRO_BATCHES} micro-batches / 1", {"micro_batches": MICRO_BATCHES}),
    ):
        trainer = ways.Trainer(s.prepared, **ours)
        theirs = ways.Bare(s.prepared, s.one)
        s.compare(name, ways.Bare(s.prepared, trainer), theirs, SHORTER)


def _checkpoints(setting: _Setting, usual) -> None:
    from benchmarks import costs
    from benchmarks import ways

    s = setting
    with ways.SavedInMidRound(s.folder, s.one, every=s.steps) as state:
        saved = ways.InLoop(s.folder, s.prepared, s.one, state, s.steps)
        plain = ways.InLoop(s.folder, s.prepared, s.one)
        s.compare(f"a checkpoint every {s.steps} steps / none", saved, plain)
    held_up, in_all = costs.of_checkpoint(s.folder, s.one, s.rounds)
    _print_share("  by itself, until it is written", in_all, usual)
    _print_share("  of it, while training stands still", held_up, usual)


def _histograms(setting: _Setting, usual) -> None:
    from benchmarks import costs
    from benchmarks import ways

    s = setting
    drawn = ways.InLoop(s.folder, s.prepared, s.one, histograms=True)
    plain = ways.InLoop(s.folder, s.prepared, s.one)
    s.compare(f"histograms every {s.steps} steps / none", drawn, plain)
    drawing = costs.of_histograms(s.folder, s.one, s.rounds)
    _print_share("  by themselves", drawing, usual)
    num_examples = len(s.prepared.training_examples)
    epoch = s.prepared.experiment.train.steps_between_evaluations(num_examples)
    an_epoch = [seconds * epoch / s.steps for seconds in usual]
    _print_share(f"  and at evaluations ({epoch} steps)", drawing, an_epoch)


def _print_head(options: Options) -> None:
    print(f"Medians (lowest to highest) of {options.rounds} rounds of each way")
    print(f"{'':38} {'CPU time':21} {'best':6} wall time", flush=True)


def _print_ratios(name: str, comparison) -> None:
    cpu, wall = (_spread(comparison.ratios(kind)) for kind in ("cpu", "wall"))
    best = f"{comparison.best_ratio('cpu'):.3f}"
    print(f"{name:38} {cpu:21} {best:6} {wall}", flush=True)


def _print_share(name: str, part, whole) -> None:
    """How much of a round's seconds a part of it takes."""
    cpu, wall = (f"{ours / all_:.2%}" for ours, all_ in zip(part, whole, strict=True))
    print(f"{name:38} {cpu:21} {'':6} {wall}", flush=True)


def _spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f}-{max(ratios):.3f})"


if __name__ == "__main__":
    config.run(main, Options, runs.experiment)
