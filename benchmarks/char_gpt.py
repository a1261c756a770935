"""char_gpt beside a plain PyTorch model: the same first weights, the same windows.

    python benchmarks/char_gpt.py --pytorch=PYTHON [--seeds=3] [--runs=runs/pytorch]

PYTHON is that of an environment with PyTorch and NumPy, such as venv/bin/python. With
each seed, char_gpt is trained, and benchmarks/char_gpt_pytorch.py from the weights that
it begins with, on the windows that it reads, in their order. So what differs is the
framework alone, not chance. Printed are the validation losses, their means, and how far
apart the two of a seed are at the most. What is finished in --runs is not done again.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import runs
from tfm.distribution import quiet_start
from tfm.run import folder as run_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pytorch", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", type=pathlib.Path, default="runs/pytorch")
    given = parser.parse_args()
    if not has_pytorch(given.pytorch):
        parser.error(
            "--pytorch must be a Python that has PyTorch and NumPy. "
            f"Got {given.pytorch}."
        )
    folder = given.runs.resolve()
    store = f"--data.store={folder / 'store'}"
    ours, theirs = [], []
    for seed in range(given.seeds):
        run = folder / f"tfm-{seed}"
        runs.train("char_gpt", run, store, f"--train.seed={seed}")
        found = folder / f"pytorch-{seed}.json"
        if not found.exists():
            beginning = folder / f"beginning-{seed}.npz"
            write_beginning(run, folder / f"begun-{seed}", beginning)
            script = pathlib.Path(__file__).with_name("char_gpt_pytorch.py")
            command = [given.pytorch, str(script), str(folder / "store")]
            options = [f"--beginning={beginning}", f"--output={found}"]
            subprocess.run([*command, *options], check=True)
        metrics = json.loads((run / "metrics.json").read_text())
        ours.append(metrics["validation"]["loss"])
        theirs.append(json.loads(found.read_text())["validation_loss"])
        print(f"seed {seed}  tfm {ours[-1]:.4f}  PyTorch {theirs[-1]:.4f}", flush=True)
    means = statistics.mean(ours), statistics.mean(theirs)
    apart = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    print(f"mean    tfm {means[0]:.4f}  PyTorch {means[1]:.4f}")
    print(f"the two of a seed are apart by {apart:.4f} at the most")


def has_pytorch(python: str) -> bool:
    """Whether a Python is there and can import what the other script needs."""
    if shutil.which(python) is None:
        return False
    command = [python, "-c", "import numpy, torch"]
    return not subprocess.run(
        command, stderr=subprocess.DEVNULL, check=False
    ).returncode


def write_beginning(run: pathlib.Path, begun: pathlib.Path, path: pathlib.Path) -> None:
    """The first weights of a run, by their names, and its windows, [steps, 2, B, T].

    A window is what is read and what is told; -100 is told nowhere.

    Args:
      run: the run's folder.
      begun: a folder for another run of the same experiment, which makes no step.
      path: the .npz file to write.
    """
    quiet_start.import_tensorflow()
    from tfm.distribution import job
    from tfm.run import assembly
    from tfm.run import trainer
    from tfm.training import loop

    experiment = run_folder.RunFolder(run).experiment()
    folder = run_folder.RunFolder(begun)
    folder.begin("char_gpt", experiment, {})
    prepared = assembly.prepare(experiment, folder)
    steps = experiment.train.steps
    plan = loop.Plan.of(experiment.train, len(prepared.training_examples), "min")
    model = trainer.build(folder, job.Job("one"), prepared, plan).model
    windows = []
    for batch in prepared.training_batches(0, 0, 1).take(steps):
        tokens, targets = batch["tokens"].numpy(), batch["targets"].numpy()
        targets = np.where(batch["target_weight"].numpy() > 0, targets, -100)
        windows.append(np.stack([tokens, targets]))
    weights = {weight.path: weight.numpy() for weight in model.weights}
    np.savez(path, windows=np.stack(windows), **weights)


if __name__ == "__main__":
    main()
