"""Checks resume and replicas at home: python -m tfm.selfcheck --experiment=NAME."""

import dataclasses
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

# Rounding may move a weight by this share of the largest move of any: adding up in
# another order changes the last bits, which an adaptive optimizer can enlarge.
TOLERANCE = 0.01


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
    print(f"\n{'':34} largest difference  allowed")
    for name, difference, allowed in found:
        verdict = "ok" if difference <= allowed else "DIFFERENT"
        print(f"{name:34} {difference:18.2e}  {allowed:.2e}  {verdict}")
    return int(any(difference > allowed for _, difference, allowed in found))


def compare(
    options: Options, experiment, kept: list[str], scratch: pathlib.Path
) -> list[tuple[str, float, float]]:
    """Comparisons: the largest difference of a weight, and what is allowed."""
    from tfm.distribution import quiet_start

    quiet_start.import_tensorflow()
    from tfm.checkpoints import checkpoints

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
        _train(arguments)
        last = _last(folder)
        return tuple(checkpoints.read_weights(last, s) for s in (options.steps, 2))

    whole, early = run("whole")
    resumed, _ = run("killed and resumed", kill_at=2)
    alone, alone_early = run("one device", *still) if still else (whole, early)
    replicas, _ = run(
        "two replicas", *still, "--strategy=mirrored", "--logical_devices=2"
    )
    micro, _ = run("two micro-batches", *still, "--train.micro_batches=2")
    allowed = TOLERANCE * _largest(alone, alone_early)
    if not _largest(whole, early) > 0:
        raise errors.UserError("No weight moved: there is nothing to compare.")
    return [
        ("killed and resumed = whole", _largest(resumed, whole), 0.0),
        ("two replicas = one device", _largest(replicas, alone), allowed),
        ("two micro-batches = one batch", _largest(micro, alone), allowed),
    ]


def _is_random(path: str) -> bool:
    return "dropout" in path.rpartition(".")[2] or ".augment." in path


def _command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "tfm.train", *arguments]


def _train(arguments: list[str]) -> None:
    done = subprocess.run(
        _command(arguments), capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2].removeprefix("error: ")
        raise errors.UserError(f"A run of the check failed: {last}")


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
    return max(float(abs(ours[name] - theirs[name]).max()) for name in theirs)


if __name__ == "__main__":
    config.run(main, Options, base_experiment)
