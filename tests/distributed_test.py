"""Whole jobs of several processes: killed, asked to stop, and brought back."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.support import reviews
from tfm.checkpoints import checkpoints

ROOT = pathlib.Path(__file__).parents[1]

ENDLESS = "--train.steps=1000000"  # a run that is still on when it is looked at

EXPERIMENT = """
import dataclasses, pathlib
from tests.support import reviews
from tfm import models
from tfm import training


def experiment():
    made = reviews.experiment(pathlib.Path({source!r}), steps=60, eval_every=12)
    constant = training.Optimizer(learning_rate=0.01, schedule="constant")
    model = models.CNN(embedding_width=8, num_filters=8, kernel_widths=(2,))
    return dataclasses.replace(made, optimizer=constant, model=model)
"""


@pytest.fixture
def experiment(tmp_path) -> pathlib.Path:
    source = reviews.write_csv(tmp_path / "reviews.csv")
    path = tmp_path / "small.py"
    path.write_text(EXPERIMENT.format(source=str(source)))
    return path


def _start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _end(process: subprocess.Popen, seconds: float = 240) -> str:
    try:
        return process.communicate(timeout=seconds)[0]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def _until(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def _children(process: subprocess.Popen) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(pid) for pid in found.stdout.split()]


@pytest.mark.slow
def test_a_job_whose_worker_was_killed_ends_as_one_device_does(experiment, tmp_path):
    flags = [f"--experiment={experiment}", "--train.checkpoint_every=4"]
    alone = _start("tfm.train", *flags, f"--run_dir={tmp_path / 'alone'}")
    assert "Finished at step 60" in _end(alone)

    run = tmp_path / "job"
    job = _start(
        "tfm.launch",
        "--workers=2",
        "--max_restarts=1",
        "--",
        *flags,
        f"--run_dir={run}",
    )
    _until(lambda: any((run / "checkpoints/last").glob("step-*")))
    os.kill(_children(job)[-1], signal.SIGKILL)
    said = _end(job)
    assert job.returncode == 0, said
    assert "Finished at step 60" in said
    ours, theirs = (
        checkpoints.read_weights(folder / "checkpoints/last", 60)
        for folder in (run, tmp_path / "alone")
    )
    for name, expected in theirs.items():
        np.testing.assert_allclose(ours[name], expected, atol=2e-4, err_msg=name)


@pytest.mark.slow
def test_a_restart_after_an_edit_shows_it_and_ends(experiment, tmp_path):
    run = tmp_path / "job"
    flags = ["--workers=2", "--max_restarts=2", "--", f"--experiment={experiment}"]
    more = [f"--run_dir={run}", "--train.checkpoint_every=2", ENDLESS]
    job = _start("tfm.launch", *flags, *more)
    _until(lambda: any((run / "checkpoints/last").glob("step-*")))
    experiment.write_text(experiment.read_text() + "\nEDITED = True\n")
    os.kill(_children(job)[-1], signal.SIGKILL)
    said = _end(job)
    assert job.returncode == 2, said
    assert "+EDITED = True" in said and "--code=current" in said
    assert "Restart 1 of 2" in said and "Restart 2 of 2" not in said
    assert "EDITED" not in (run / "code/small.py").read_text()
    steps = max(checkpoints.steps(run / "checkpoints/last")) + 8
    kept = _start(
        "tfm.launch", *flags, more[0], f"--train.steps={steps}", "--code=kept"
    )
    said = _end(kept)
    assert kept.returncode == 0 and f"Finished at step {steps:,}" in said, said
    assert "EDITED" not in (run / "code/small.py").read_text()


def test_sigterm_saves_everywhere_and_the_run_goes_on(experiment, tmp_path):
    run = tmp_path / "run"
    flags = [f"--experiment={experiment}", f"--run_dir={run}", "--logical_devices=2"]
    first = _start("tfm.train", *flags, "--train.checkpoint_every=1", ENDLESS)
    _until(lambda: any((run / "checkpoints/last").glob("step-*")))
    os.kill(first.pid, signal.SIGTERM)
    said = _end(first)
    assert first.returncode == 42, said
    assert "all is saved" in said
    reached = int(re.search(r"Terminated at step ([\d,]+)", said)[1].replace(",", ""))
    # on one device, from what two replicas have left
    steps = f"--train.steps={reached + 16}"
    second = _start("tfm.train", f"--run_dir={run}", steps)
    said = _end(second)
    assert second.returncode == 0, said
    assert f"Restored    step {reached:,} of {reached + 16:,}" in said


def test_a_second_run_in_the_same_folder_is_refused(experiment, tmp_path):
    flags = [f"--experiment={experiment}", f"--run_dir={tmp_path / 'run'}", ENDLESS]
    first = _start("tfm.train", *flags)
    try:
        _until((tmp_path / "run" / "config.json").is_file)
        second = _start("tfm.train", *flags)
        said = _end(second)
        assert second.returncode == 2 and f"process {first.pid}" in said, said
        assert first.poll() is None  # and is not disturbed
    finally:
        first.kill()
        first.communicate()
