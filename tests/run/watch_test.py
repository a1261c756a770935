"""An evaluator beside the training: what it sees, what it survives, when it ends."""

import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

from tests.support import events
from tests.support import reviews
from tfm import errors
from tfm import evaluate
from tfm import files
from tfm.callbacks import training_progress
from tfm.run import fit
from tfm.run import folder as run_folder
from tfm.run import watch
from tfm.training import loop

ROOT = pathlib.Path(__file__).parents[2]
TRAIN = """
import pathlib, sys, time
from tests.support import reviews
from tfm.training import evaluation

def slow(*arguments, fast=evaluation.Evaluator.results, **options):
    time.sleep(0.4)  # so that the watcher sees more than the last one
    return fast(*arguments, **options)

if __name__ == "__main__":
    evaluation.Evaluator.results = slow
    experiment = reviews.experiment(pathlib.Path("reviews.csv"), steps=30, eval_every=6)
    print(reviews.start(experiment, pathlib.Path("run"), "text_cls"))
"""


def _scalars(folder: pathlib.Path) -> dict[tuple[int, str], float]:
    return {(step, name): value for step, name, value in events.scalars(folder)}


@pytest.mark.filterwarnings("ignore")  # TensorFlow's reader of events is deprecated
def test_it_follows_a_run_from_before_its_start_to_its_end(tmp_path, capsys):
    reviews.write_csv(tmp_path / "reviews.csv")
    (tmp_path / "training.py").write_text(TRAIN)
    training = subprocess.Popen(
        [sys.executable, "training.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    run = tmp_path / "run"
    try:
        evaluate.main(
            evaluate.Options(
                run_dir=str(run), watch=True, watch_every=0.05, watch_timeout=60.0
            )
        )
        output, _ = training.communicate(timeout=60)
    finally:
        training.kill()
    assert output.endswith("finished\n"), output
    first, *lines, last, _, report = capsys.readouterr().out.splitlines()
    assert first == f"Waiting for the first checkpoint in {run}"
    assert last == "The training is finished."
    assert report == f"Report       python -m tfm.report --run_dir={run}"
    steps = [int(line.split()[1]) for line in lines]
    assert steps == sorted(set(steps)) and len(steps) >= 2 and steps[-1] == 30
    assert set(steps) <= set(range(6, 31, 6))

    ours = _scalars(run / "events/watch/validation")
    theirs = _scalars(run / "events/validation")
    assert {step for step, _ in ours} == set(steps)
    at_steps = {key: value for key, value in theirs.items() if key[0] in steps}
    assert at_steps.keys() == ours.keys()
    assert ours == pytest.approx(at_steps, rel=1e-4, abs=1e-6)
    for step, line in zip(steps, lines, strict=True):
        assert line == (
            f"step {step}  validation  loss {ours[step, 'loss/loss']:.4f}"
            f"  accuracy {ours[step, 'metrics/accuracy']:.4f}"
        )


class Training:
    """A folder of checkpoints as another process changes it, a look at a time.

    Each of `looks` is what happens before a look: the step of a new checkpoint, an
    error that reading then meets, or None. Training is over behind the last.
    """

    def __init__(self, folder: pathlib.Path, looks):
        self.folder = folder
        self.looks = list(looks)
        self.step = None
        self.reads = 0

    def is_over(self) -> bool:
        if not self.looks:
            return True
        found = self.looks.pop(0)
        if found is not None:
            self.step = found
            (self.folder / f"change-{len(self.looks)}").touch()
        return False

    def restore(self) -> int | None:
        self.reads += 1
        if isinstance(self.step, Exception):
            raise self.step
        return self.step

    def steps(self, timeout: float | None = None) -> list[int]:
        return list(
            watch.new_steps(self.folder, self.restore, self.is_over, 0.001, timeout)
        )


def test_it_reads_only_when_something_has_changed(tmp_path):
    training = Training(tmp_path, [None, 5, None, None, None, 9, None])
    assert training.steps() == [5, 9]
    assert training.reads == 3  # the first look, and one for each


def test_a_checkpoint_that_goes_while_it_is_read_is_no_harm(tmp_path):
    gone = FileNotFoundError("step-00000005/weights")
    training = Training(tmp_path, [5, gone, None, gone, 9, gone, 14])
    assert training.steps() == [5, 9, 14]


def test_one_that_can_never_be_read_is_told(tmp_path):
    training = Training(tmp_path, [5, ValueError("no weights"), *[None] * 50])
    with pytest.raises(ValueError, match="no weights"):
        training.steps()
    assert training.reads == 1 + watch.TRIES


def test_steps_that_come_again_are_not_new(tmp_path):
    assert Training(tmp_path, [5, 10, 5, 10, 15]).steps() == [5, 10, 15]


def test_the_last_one_is_seen_although_training_is_over(tmp_path):
    training = Training(tmp_path, [])
    (tmp_path / "step").touch()
    training.step = 7
    assert training.steps() == [7]


def test_it_stops_when_nothing_new_comes_for_long(tmp_path, capsys):
    training = Training(tmp_path, [5, *[None] * 10_000])
    assert training.steps(timeout=0.1) == [5]
    assert capsys.readouterr().out == "No new checkpoint in 0.1 s.\n"
    evaluate.main(
        evaluate.Options(
            run_dir=str(tmp_path / "run"),
            watch=True,
            watch_every=0.01,
            watch_timeout=0.05,
        )
    )
    assert capsys.readouterr().out == (
        f"Waiting for the first checkpoint in {tmp_path / 'run'}\n"
        "No checkpoint in 0.05 s.\n"
    )


def test_a_run_says_that_it_is_finished_until_it_goes_on(run, tmp_path, monkeypatch):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    folder = run_folder.RunFolder(copy)
    said = files.read_json(folder.finished)
    assert said == {"outcome": "finished", "step": folder.last_step()}
    more = dataclasses.replace(folder.experiment().train, steps=said["step"] + 8)
    experiment = dataclasses.replace(folder.experiment(), train=more)
    assert folder.begin("text_cls", experiment, {})
    removed = []
    train = loop.Loop.run
    monkeypatch.setattr(
        loop.Loop,
        "run",
        lambda self: removed.append(not folder.finished.exists()) or train(self),
    )
    assert fit.fit(experiment, folder).name == "finished"
    assert removed == [True]
    assert files.read_json(folder.finished)["step"] == said["step"] + 8


def test_a_line_has_the_runs_own_metric_too():
    metrics = {"loss": 0.25, "f1_macro": 0.5, "accuracy": 0.75, "roc_auc": 1.0}
    assert training_progress.scores_line(12_000, "test", metrics, "f1_macro") == (
        "step 12,000  test  loss 0.2500  accuracy 0.7500  f1_macro 0.5000"
    )


def test_the_split_is_validation_when_watching_and_test_otherwise():
    options = evaluate.Options()
    assert options.split_name == "test"
    assert dataclasses.replace(options, watch=True).split_name == "validation"
    chosen = dataclasses.replace(options, watch=True, split="train")
    assert chosen.split_name == "train"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"watch_every": 0.0}, "--watch_every takes more than 0. Got 0.0."),
        ({"watch_timeout": -1.0}, "--watch_timeout takes more than 0. Got -1.0."),
    ],
)
def test_mistakes_are_told(fields, message):
    with pytest.raises(errors.UserError, match=message):
        evaluate.Options(**fields)
    with pytest.raises(errors.UserError, match="Give --run_dir=DIR"):
        evaluate.main(evaluate.Options(watch=True))


def test_ctrl_c_ends_it(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "tfm.evaluate", f"--run_dir={tmp_path}", "--watch"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline().startswith("Waiting for the first checkpoint")
        process.send_signal(signal.SIGINT)
        _, notes = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130 and not notes
