"""Checks resume and replicas at home: python -m tfm.selfcheck --experiment=NAME."""

import dataclasses
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

from tfm import config
from tfm import errors
from tfm.config import fields
from tfm.run import folder as run_folder

# How far rounding may lead two runs apart, as a share of the way that training went
# (lengths over all weights). Adding up in another order changes the last bits of a
# gradient: 6e-8 of it in float32, 2e-3 in bfloat16, 2e-4 in float16. An optimizer that
# divides by a gradient's own size makes that of a small gradient as large as a step:
# 5e-6, 0.03 and 0.002 were seen. Half of a batch that is left out leads apart by 0.9.
TOLERANCE = {"float32": 1e-3, "mixed_bfloat16": 0.1, "mixed_float16": 0.03}


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.selfcheck --experiment=NAME [--FIELD=VALUE ...]

    Trains a few steps of the experiment in several ways, in a folder of its own that
    is removed, and compares what came out: killed and resumed, on two replicas, in
    micro-batches. Takes a minute or two.
    """

    experiment: str = ""  # a name that --list shows, or the path of a .py file
    steps: int = 8  # updates of each run
    examples: int = 400  # texts of the training source, a random sample


def base_experiment(options: Options):
    if not options.experiment:
        return None
    return config.load_experiment(options.experiment)


def main(options: Options, experiment, changed: Mapping[str, object]) -> int:
    if options.steps < 4:
        raise errors.UserError(f"--steps takes 4 or more. Got {options.steps}.")
    if experiment.train.batch_size % 2:
        raise errors.UserError(
            "To compare replicas, train.batch_size must be even. "
            f"Got {experiment.train.batch_size}."
        )
    kept = [f"--{path}={fields.show(value)}" for path, value in changed.items()]
    with tempfile.TemporaryDirectory(prefix="tfm_selfcheck_") as scratch:
        found = compare(options, experiment, kept, pathlib.Path(scratch))
    print(f"\n{'':42} difference  allowed")
    for comparison in found:
        print(comparison.line())
    return int(any(comparison.verdict == "DIFFERENT" for comparison in found))


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Of two ways to train: how far apart they are, and how far they may be.

    Attributes:
      name: of the ways.
      difference: as a share of the way that training went; of a resumed run the
        largest of any value that a checkpoint has.
      allowed: the same; None where the model depends on the way, and says so.
    """

    name: str
    difference: float
    allowed: float | None

    @property
    def verdict(self) -> str:
        if self.allowed is None:
            return "exempt: batch normalization of parts"
        return "ok" if self.difference <= self.allowed else "DIFFERENT"

    def line(self) -> str:
        allowed = "" if self.allowed is None else f"{self.allowed:.2e}"
        return f"{self.name:42} {self.difference:10.2e}  {allowed:8}  {self.verdict}"


def compare(
    options: Options, experiment, kept: list[str], scratch: pathlib.Path
) -> list[Comparison]:
    """Trains in each way and compares what the last checkpoints hold."""
    from tfm.distribution import quiet_start

    quiet_start.import_tensorflow()
    from tfm.checkpoints import checkpoints
    from tfm.training import running_statistics

    values = {leaf.path: leaf.value for leaf in fields.leaves(experiment)}
    common = [f"--experiment={options.experiment}", *kept, "--strategy=one"]
    common += [f"--train.steps={options.steps}", "--train.checkpoint_every=2"]
    common += [f"--train.eval_every={options.steps}", "--train.patience=none"]
    common.append(f"--train.keep_checkpoints={options.steps}")
    for name in ("data.max_examples", "data.max_documents"):
        if name in values:
            common.append(f"--{name}={options.examples}")
    # replicas differ in what they drop, so these are compared without
    random = [path for path, value in values.items() if _is_random(path) and value]
    still = [f"--{path}=0" for path in random]

    def run(name: str, *flags: str, kill_at: int | None = None):
        print(f"Training: {name}", flush=True)
        folder = scratch / name.replace(" ", "_")
        arguments = [*common, f"--run_dir={folder}", *flags]
        if kill_at is not None:
            _train_and_kill(arguments, folder, kill_at)
        said = _train(arguments)
        if running_statistics.DEPENDS in said:
            exempt.add(name)
        last = _last(folder)
        return tuple(checkpoints.read(last, s) for s in (options.steps, 2))

    exempt: set[str] = set()
    whole, early = run("whole")
    resumed, _ = run("killed and resumed", kill_at=2)
    alone, alone_early = run("one device", *still) if still else (whole, early)
    ways = {
        "two replicas": ("--strategy=mirrored", "--logical_devices=2"),
        "two micro-batches": ("--train.micro_batches=2",),
    }
    if not _distance(whole, early, "weights/") > 0:
        raise errors.UserError("No weight moved: there is nothing to compare.")
    found = [Comparison("killed and resumed = whole", _largest(resumed, whole), 0.0)]
    for name, flags in ways.items():
        trained, _ = run(name, *still, *flags)
        for group, what in (("weights/", ""), ("extra/", ", what the step keeps")):
            way = _distance(alone, alone_early, group)
            if way:
                difference = _distance(trained, alone, group) / way
                allowed = None if name in exempt else TOLERANCE[experiment.train.dtype]
                comparison = f"{name} = one device{what}"
                found.append(Comparison(comparison, difference, allowed))
    return found


def _is_random(path: str) -> bool:
    return "dropout" in path.rpartition(".")[2] or ".augment." in path


def _command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "tfm.train", *arguments]


def _train(arguments: list[str]) -> str:
    """Runs a training to its end; its output."""
    done = subprocess.run(
        _command(arguments),
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2].removeprefix("error: ")
        raise errors.UserError(f"A run of the check failed: {last}")
    return done.stdout


def _train_and_kill(arguments: list[str], folder: pathlib.Path, step: int) -> None:
    """Trains until the checkpoint of `step` is there, then kills with SIGKILL."""
    from tfm.checkpoints import directory

    process = subprocess.Popen(
        _command(arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    there = directory.step_folder(_last(folder), step)
    while process.poll() is None and not there.exists():
        time.sleep(0.005)
    if process.poll() is None:
        process.kill()
    process.wait()


def _last(folder: pathlib.Path) -> pathlib.Path:
    return run_folder.RunFolder(folder).checkpoints / "last"


def _largest(ours: dict, theirs: dict) -> float:
    """The largest difference of any value; infinite where the names differ."""
    if ours.keys() != theirs.keys():
        return math.inf
    return max(float(abs(_float(ours[n]) - _float(theirs[n])).max()) for n in theirs)


def _distance(ours: dict, theirs: dict, group: str) -> float:
    """The length of the difference over all values of a group, but the loss scale."""
    squares = [
        float(((_float(ours[name]) - _float(theirs[name])) ** 2).sum())
        for name in theirs
        if name.startswith(group) and not name.startswith("extra/loss_scale")
    ]
    return math.sqrt(sum(squares))


def _float(values):
    return values.astype("float64")


if __name__ == "__main__":
    config.run(main, Options, base_experiment)
