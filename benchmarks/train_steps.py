"""What other train steps reach on text_cls_transformer, and what they cost.

    python benchmarks/train_steps.py [--seeds=3] [--rounds=5] [--FIELD=VALUE ...]

Trains the experiment with each train step and several seeds: test accuracy as a mean
and by seed. Runs lie in --runs (runs/train_steps); one that is finished there is not
trained again. Then each step trains the same batches as the mean loss, in turns: the
median ratio of the CPU seconds, the lowest and the highest. GlobalBatch is compared
with two micro-batches: of a batch in one piece it needs but one pass. What else is
given, as --train.steps=8, goes to the experiment.
"""

import argparse
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import runs
from tfm import config
from tfm import training
from tfm.config import fields

EXPERIMENT = "text_cls_transformer"
VARIANTS = pathlib.Path(__file__).with_name("train_step_variants")
SCORED = (EXPERIMENT, "sharpness_aware", "ema_teacher")
STEPS = 20  # of a round


def scores(seeds: int, folder: pathlib.Path, flags: list[str]) -> None:
    """Trains each variant with each seed and prints what it reaches."""
    for name in SCORED:
        own = name if name == EXPERIMENT else str(VARIANTS / f"{name}.py")
        folders = [folder.resolve() / f"{name}-{seed}" for seed in range(seeds)]
        for seed, run in enumerate(folders):
            runs.train(own, run, f"--train.seed={seed}", *flags)
        runs.report(name, folders, "test", "accuracy")


def costs(rounds: int, flags: list[str]) -> None:
    """Prints the CPU seconds of each step over those of the mean loss."""
    from benchmarks import ways

    experiment = config.load_experiment(EXPERIMENT)
    types = {leaf.path: leaf for leaf in fields.leaves(experiment)}
    changes = dict(flag.removeprefix("--").split("=", 1) for flag in flags)
    experiment = fields.override(
        experiment, {path: types[path].parse(text) for path, text in changes.items()}
    )
    with ways.data(EXPERIMENT, experiment) as (_, prepared):
        for settings, micro_batches in (
            (training.SharpnessAware(), 1),
            (training.EMATeacher(), 1),
            (training.GlobalBatch(), 2),
        ):
            ours, theirs = (
                ways.Bare(prepared, ways.Trainer(prepared, micro_batches, None, step))
                for step in (settings, training.MeanLoss())
            )
            for way in (ours, theirs):
                way(2)  # traces
            found = ways.compare(ours, theirs, rounds, STEPS).ratios("cpu")
            spread = f"{min(found):.2f}-{max(found):.2f}"
            name = type(settings).__name__
            print(f"{name}: CPU {statistics.median(found):.2f} ({spread}) of MeanLoss")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3, help="0: only the costs")
    parser.add_argument("--rounds", type=int, default=5, help="0: only the scores")
    parser.add_argument(
        "--runs", type=pathlib.Path, default=pathlib.Path("runs/train_steps")
    )
    given, flags = parser.parse_known_args()
    if given.seeds:
        scores(given.seeds, given.runs, flags)
    if given.rounds:
        costs(given.rounds, flags)


if __name__ == "__main__":
    main()
