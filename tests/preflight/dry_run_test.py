"""--dry_run tells every mistake at once, and measures what would be trained."""

import csv
import os
import pathlib
import re
import resource
import subprocess
import sys

import pytest

from tests.support import reviews
from tfm.run import folder as run_folder

ROOT = pathlib.Path(__file__).parents[2]
OWN = '''"""A Transformer that knows eight positions."""

import dataclasses

from tfm import data, inputs, models, tasks, training
from tfm.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class Short(models.Transformer):
    def _add_positions(self, x, max_length, positions=None, prefix=""):
        return super()._add_positions(x, 8, positions, prefix)


def experiment():
    return Experiment(
        data=data.LabeledText(train="train.csv"),
        inputs=inputs.Text(vocab_size=60, max_length=LENGTH),
        model=Short(num_layers=1, width=8, num_heads=2, feedforward_width=8),
        task=tasks.TextClassification(),
        train=training.Train(batch_size=16, epochs=2.0),
    )
'''
LEAK = "it rained on the old harbour while two sailors told the story of a whale"


def _dry_run(cwd: pathlib.Path, *flags: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tfm.train", "--dry_run", *flags],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(cwd / "st")},
        capture_output=True,
        text=True,
        check=False,
    )


def _section(page: str, title: str) -> list[str]:
    """The lines of a section of the page."""
    body = page.partition(f"\n{title}\n")[2].partition("\n\n")[0]
    return [line.strip() for line in body.splitlines()]


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(folder.rglob("*"))


@pytest.fixture
def planted(tmp_path) -> pathlib.Path:
    """Files with mistakes, and an experiment that has one."""
    reviews.write_csv(tmp_path / "train.csv", 60)
    with (tmp_path / "train.csv").open("a", newline="") as file:
        csv.writer(file).writerows([(LEAK, "good"), ("  ", "bad")])
    (tmp_path / "validation.csv").write_text("review,stars\n")
    reviews.write_csv(tmp_path / "test.csv", 20, seed=1)
    with (tmp_path / "test.csv").open("a", newline="") as file:
        rows = [(f"{LEAK} today", "good"), ("a fair film", "goood")]
        csv.writer(file).writerows(rows)
    (tmp_path / "own.py").write_text(OWN.replace("LENGTH", "12"))
    return tmp_path


MISTAKES = {
    "a mistyped flag": (
        "--train.stepz=3",
        "There is no flag --train.stepz (did you mean --train.steps?). "
        "--help shows them all.",
    ),
    "a value": (
        "--train.epochs=many",
        "--train.epochs takes a number. Got 'many'.",
    ),
    "heads": (
        "--model.width=9",
        "model: width must divide by num_heads. Got width=9, num_heads=2.",
    ),
    "a bound": (
        "--train.log_every=0",
        "train: log_every must be at least 1. Got log_every=0.",
    ),
    "the best metric": (
        "--train.best_metric=f2",
        "train.best_metric must be a metric of tasks.TextClassification: accuracy, "
        "loss, precision_macro, recall_macro, f1_macro, precision_micro, "
        "recall_micro, f1_micro, roc_auc, pr_auc, ece. Got 'f2'.",
    ),
    "the run folder": (
        "--run_dir=train.csv/run",
        "The run folder train.csv/run cannot be written: Not a directory.",
    ),
    "a column": (
        "--data.text=reviw",
        "train.csv has no column 'reviw'. It has: review, stars. "
        "Did you mean 'review'?",
    ),
    "a bad row": (
        "--data.label=stars",
        "train.csv:63: no text. Fix the row, or skip such rows with "
        "--data.bad_rows=skip.",
    ),
    "no validation": (
        "--data.validation=validation.csv",
        "validation.csv holds no row.",
    ),
    "a label": (
        "--data.test=test.csv",
        "test.csv:23: unknown label: 'goood'. Fix the row, or skip such rows with "
        "--data.bad_rows=skip.",
    ),
    "a package": (
        "--adapt.word_vectors=package:not_there/vectors.txt",
        "package:not_there/vectors.txt is in the package not_there, which is not "
        "installed: pip install not-there",
    ),
    "the batch": (
        "--train.micro_batches=3",
        "train.batch_size must divide by replicas times micro_batches. "
        "Got batch_size=16, replicas=2, micro_batches=3.",
    ),
    "positions": (
        "--experiment=own.py",
        "the model: ValueError: ",
    ),
}


def test_thirteen_planted_mistakes_are_told_in_one_go(planted):
    before = _files(planted)
    flags = [flag for flag, _ in MISTAKES.values()]
    done = _dry_run(planted, *flags, "--strategy=mirrored", "--logical_devices=2")
    told = _section(done.stdout, "Mistakes")
    assert done.returncode == 2
    for name, (_, message) in MISTAKES.items():
        found = [line for line in told if line.startswith(message)]
        assert len(found) == 1, (name, message, told, done.stderr)
    assert "Got length=12, max_length=8." in next(n for n in told if "the model:" in n)
    assert len(told) == len(MISTAKES)
    leak = r"leak: 1 text of test nearly in (train|validation), as .*test.csv:22 and "
    assert re.search(leak, " ".join(_section(done.stdout, "Warnings")))
    assert done.stdout.endswith("Training would not start: 13 mistakes.\n")
    skipped = _section(done.stdout, "Not looked at")
    assert "a training step, for want of the model" in skipped
    assert _files(planted) == before


def test_what_is_right_starts_and_is_measured(planted):
    (planted / "own.py").write_text(OWN.replace("LENGTH", "8"))
    reviews.write_csv(planted / "train.csv", 60)
    before = _files(planted)
    done = _dry_run(planted, "--experiment=own.py", "--train.epochs=3")
    assert done.returncode == 0, done.stdout
    page = done.stdout
    assert page.endswith("Training would start.\n")
    configured = dict(line.split() for line in _section(page, "Configuration"))
    assert configured["train.epochs=3.0"] == "flag"
    assert configured["model.width=8"] == "experiment"
    assert configured["model.norm=pre"] == "default"
    assert configured["data.text=review"] == "found"
    assert "train: 48 texts (bad 24, good 24)" in _section(page, "Data")
    # embedding 20 or so ids, positions 8, a block and a head, in float32
    found = re.search(r"([\d,]+) parameters, (\d+) token ids", page)
    parameters, ids = (int(n.replace(",", "")) for n in found.groups())
    block = 4 * (8 * 8 + 8) + 2 * (8 * 8 + 8) + 2 * 16
    assert parameters == ids * 8 + 8 * 8 + block + 16 + (8 * 2 + 2)
    memory = _section(page, "Memory")[0]
    assert memory.startswith(f"weights {parameters * 4 / 1e3:.1f} kB, gradients ")
    assert "an epoch of 3 steps (48 examples); 9 steps in all" in page
    assert _files(planted) == before


@pytest.mark.parametrize(
    ("flags", "mistake"),
    [
        ((), "Give --experiment=NAME; --list shows them all."),
        (
            ("--experiment=text_clss",),
            "There is no experiment 'text_clss' (did you mean text_cls?). "
            "--list shows them all.",
        ),
    ],
)
def test_without_an_experiment_that_is_told(flags, mistake, tmp_path):
    done = _dry_run(tmp_path, *flags)
    assert done.returncode == 2
    assert _section(done.stdout, "Mistakes") == [mistake]


def test_a_run_that_has_trained_stays_as_it_is(run, tmp_path):
    state = lambda: {p: p.stat().st_mtime_ns for p in _files(run)}  # noqa: E731
    before = state()
    done = _dry_run(tmp_path, f"--run_dir={run}", "--train.epochs=8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 steps (192 examples); 96 steps in all" in done.stdout
    done = _dry_run(tmp_path, f"--run_dir={run}", "--model.width=16")
    told = _section(done.stdout, "Mistakes")
    assert told == [
        f"{run} holds a run with model.width=8, not 16. Give another --run_dir, or "
        f"resume with --run_dir={run} alone."
    ]
    assert state() == before
    assert run_folder.RunFolder(run).finished.is_file()


def test_auto_says_what_it_would_choose(tmp_path):
    reviews.write_csv(tmp_path / "reviews.csv", 120)
    done = _dry_run(tmp_path, "--data.train=reviews.csv", "--optimizer.name=sgd")
    assert done.returncode == 2
    (told,) = _section(done.stdout, "Mistakes")
    assert told.startswith("auto chooses the optimizer by the data.")
    done = _dry_run(tmp_path, "--data.train=reviews.csv", "--train.steps=30")
    choice = " ".join(_section(done.stdout, "Choice"))
    assert "Chosen      models.Stacked" in choice and "Other ways" in choice
    assert "; 30 steps in all" in done.stdout
    assert done.returncode == 0
    assert _files(tmp_path) == [tmp_path / "reviews.csv"]


@pytest.mark.slow
def test_film_reviews_take_less_than_half_a_minute(tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = _dry_run(tmp_path, "--experiment=text_cls")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert seconds < 30  # of all cores: beside other work the clock tells nothing
    assert "inputs were learnt and encoded of a sample: 2,000 rows" in done.stdout
    assert "train: 19,924 texts" in done.stdout
    assert "467 steps in all" in done.stdout
