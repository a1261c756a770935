"""Progress of training: what it tells, and the time that it says is left."""

import contextlib

import numpy as np
import pytest

from tfm import console
from tfm import progress
from tfm.callbacks import training_progress

COMPILING, STEP, EVALUATING = 30.0, 0.5, 4.0  # seconds


@pytest.fixture(name="clock")
def _clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(training_progress.time, "monotonic", lambda: now[0])
    return now


def _rows(num_steps, loss=0.5):
    ones = np.ones(num_steps, np.float32)
    return {
        "loss": loss * ones,
        "accuracy": 0.75 * ones,
        "weight": 8 * ones,
        "tokens": 100 * ones,
        "gradient_norm": ones,
        "learning_rate": ones,
        "skipped": 0 * ones,
    }


@pytest.fixture(name="begin")
def _begin():
    """Makes a Progress that is entered until the test ends."""
    with contextlib.ExitStack() as stack:

        def begin(total_steps=400, first=0, steps_per_epoch=100.0, eval_every=1000):
            made = training_progress.Progress(
                total_steps, first, 8, steps_per_epoch, eval_every, "f1_macro"
            )
            return stack.enter_context(made)

        yield begin


def _details(made, *updates) -> str:
    """What is told after these calls: (step, rows, seconds)."""
    for step, rows, seconds in updates:
        made.progress(step, rows, seconds)
    return made.details


def test_it_tells_where_training_is_and_how_fast(begin, clock):
    made = begin()
    made.progress(1, _rows(1), COMPILING)
    clock[0] += 9.9
    assert _details(made, (100, _rows(99), 9.9)) == (
        "step 100/400  loss 0.5000  accuracy 0.7500  10.0 steps/s  epoch 1.0/4.0  "
        "80 examples/s  1,000 tokens/s"
    )


def test_skipped_updates_are_told(begin):
    rows = _rows(4)
    rows["skipped"][1] = 1
    rows["loss"][1] = np.nan
    told = _details(begin(), (4, rows, 1.0))
    assert "loss 0.5000" in told and "1 updates skipped" in told


def test_the_time_that_is_left_settles_within_five_steps(begin, clock):
    made = begin(total_steps=200)
    for step in range(1, 6):
        seconds = COMPILING if step == 1 else STEP
        clock[0] += seconds
        made.progress(step, _rows(1), seconds)
        if step == 1:  # compiling tells nothing of the steps to come
            assert made.seconds_left() is None
    assert made.seconds_left() == pytest.approx(195 * STEP, rel=0.1)
    clock[0] += 10.0  # in a call that takes longer
    assert made.seconds_left() == pytest.approx(195 * STEP - 10, rel=0.1)


def test_the_time_that_is_left_follows_the_speed(begin, clock):
    made = begin(total_steps=1000)
    for step in range(1, 300):
        made.progress(step, _rows(1), STEP)
    for step in range(300, 340):  # another process takes half of the machine
        made.progress(step, _rows(1), 2 * STEP)
    assert made.seconds_left() == pytest.approx(661 * 2 * STEP, rel=0.1)


@pytest.mark.parametrize("total_steps", [100, 95])
def test_evaluations_to_come_count(begin, clock, total_steps):
    made = begin(total_steps=total_steps, eval_every=10)
    for step in range(1, 31):
        seconds = COMPILING if step == 1 else STEP
        clock[0] += seconds
        made.progress(step, _rows(1), seconds)
        if step % 10 == 0:
            steps_left, evaluations_left = total_steps - step, 11 - step // 10
            took = EVALUATING + COMPILING * (step == 10)  # the first compiles too
            made.evaluating(step, 0.0)
            clock[0] += took / 2
            made.evaluating(step, 0.5)
            clock[0] += took / 2
            made.evaluated(step, {"loss": 0.1}, is_best=False)
    left = steps_left * STEP + (evaluations_left - 1) * EVALUATING
    assert made.seconds_left() == pytest.approx(left, rel=0.02)


def test_nothing_is_left_at_the_end(begin, clock):
    made = begin(total_steps=15, eval_every=10)
    for step in range(1, 16):
        made.progress(step, _rows(1), STEP)
        if step in (10, 15):
            made.evaluating(step, 0.0)
            clock[0] += EVALUATING
            made.evaluated(step, {}, is_best=True)
    assert made.seconds_left() == 0


def test_a_resumed_run_estimates_from_its_own_speed(begin, clock):
    made = begin(first=300, eval_every=100)
    made.progress(301, _rows(1), COMPILING)
    made.progress(350, _rows(49), 4.9)
    assert made.seconds_left() == pytest.approx(5.0)


def test_evaluations_are_lines_of_their_own_unless_it_is_quiet(begin, capsys):
    made = begin()
    metrics = {"loss": 0.25, "accuracy": 0.5, "f1_macro": 0.75, "pr_auc": 1.0}
    made.evaluated(100, metrics, is_best=True)
    assert capsys.readouterr().out == (
        "step 100  validation  loss 0.2500  accuracy 0.5000  f1_macro 0.7500  (best)\n"
    )
    console.be_quiet(True)
    try:
        made.evaluated(100, metrics, is_best=True)
        made.warned(7, "gradient not finite")
    finally:
        console.be_quiet(False)
    assert capsys.readouterr().out == "step 7  gradient not finite\n"


def test_compiling_is_named_until_the_first_step_is_done(begin, clock, monkeypatch):
    lines = []
    shown = progress.displays.Log()
    monkeypatch.setattr(progress.displays, "found", lambda: shown)
    monkeypatch.setattr(shown, "show", lambda line, *_: lines.append(line()))
    made = begin()
    progress.draw()
    made.progress(1, _rows(1), COMPILING)
    clock[0] += 9.9
    made.progress(100, _rows(99), 9.9)
    assert lines[0].name == "Compiling the train step" and lines[0].share is None
    assert (lines[-1].name, lines[-1].share) == ("Training", 0.25)
    assert lines[-1].parts[0] == "ETA 0:30"


@pytest.mark.parametrize(
    ("step", "total", "steps_per_epoch", "shown"),
    [
        (100, 400, 100.0, "epoch 1.0/4.0"),
        (806, 806, 100.0, "epoch 8.0/8.0"),  # the last step reaches a little further
        (195, 195, 100.0, "epoch 1.9/1.9"),
        (3, 30, 1000.0, "epoch 0.003/0.03"),  # a part of a corpus
    ],
)
def test_the_epochs_end_where_they_were_to(begin, step, total, steps_per_epoch, shown):
    made = begin(total, steps_per_epoch=steps_per_epoch)
    assert shown in _details(made, (step, _rows(step), 1.0)).split("  ")
