"""Runs of experiments: options of their benchmarks; train one, read what it reached."""

import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
from collections.abc import Sequence

from tfm import config
from tfm import errors

ROOT = pathlib.Path(__file__).parents[1]


@dataclasses.dataclass(frozen=True)
class Rounds:
    """Options of a benchmark that takes turns with an experiment."""

    experiment: str = "text_cls"  # a name that --list shows, or the path of a .py file
    rounds: int = 7  # of each way

    def __post_init__(self):
        if self.rounds < 1:
            raise errors.UserError(f"--rounds takes 1 or more. Got {self.rounds}.")


def experiment(options: Rounds):
    """The experiment that the options name, for config.run."""
    return config.load_experiment(options.experiment)


def machine() -> str:
    """`2 cores, TensorFlow 2.21.0`."""
    import tensorflow as tf

    return f"{os.cpu_count()} cores, TensorFlow {tf.__version__}"


def train(name: str, folder: pathlib.Path, *flags: str) -> None:
    """Trains the experiment in `folder`, unless that has been done."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "tfm.train",
            f"--experiment={name}",
            f"--run_dir={folder}",
            *flags,
        ],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def folder_and_flags(description: str, default: str) -> tuple[pathlib.Path, list]:
    """--runs of the command line, and the other flags, which are the experiment's."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=pathlib.Path, default=default)
    given, flags = parser.parse_known_args()
    return given.runs.resolve(), flags


def report(
    what: str, folders: Sequence[pathlib.Path], split: str, metric: str
) -> float:
    """Prints the runs' mean of a metric, each, and the median minutes; returns it."""
    found = [json.loads((folder / "metrics.json").read_text()) for folder in folders]
    scores = [splits[split][metric] for splits in found]
    mean = statistics.mean(scores)
    each = ", ".join(f"{score:.4f}" for score in scores)
    taken = statistics.median(minutes(folder) for folder in folders)
    print(f"{what}: {metric} {mean:.4f} ({each}), {taken:.1f} min", flush=True)
    return mean


def minutes(folder: pathlib.Path) -> float:
    """From the preprocessor, once it is fitted, to the last checkpoint."""
    begun = (folder / "preprocessor").stat().st_mtime
    ended = max(path.stat().st_mtime for path in (folder / "checkpoints").rglob("*"))
    return (ended - begun) / 60
