"""The progress line: what it says, and that it is quiet in a log file."""

import io

import numpy as np
import pytest
from rich import console

from tfm.callbacks import progress


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


def _progress(terminal=False, first_step=0):
    output = io.StringIO()
    made = progress.Progress(
        total_steps=400,
        first_step=first_step,
        batch_size=8,
        steps_per_epoch=100.0,
        best_metric="f1_macro",
        console=console.Console(file=output, force_terminal=terminal, width=200),
    )
    return made, output


def test_the_line_says_where_training_is_and_how_fast():
    made, _ = _progress()
    made.progress(100, _rows(100), seconds=10.0)
    assert made.line(100) == (
        "epoch 1.0/4.0  step 100/400  ETA 0:30  loss 0.5000  accuracy 0.7500  "
        "80 examples/s  1,000 tokens/s"
    )


def test_skipped_updates_are_told():
    made, _ = _progress()
    rows = _rows(4)
    rows["skipped"][1] = 1
    rows["loss"][1] = np.nan
    made.progress(4, rows, seconds=1.0)
    assert "loss 0.5000" in made.line(4) and "1 updates skipped" in made.line(4)


def test_a_resumed_run_estimates_from_its_own_speed():
    made, _ = _progress(first_step=300)
    made.progress(350, _rows(50), seconds=5.0)
    assert "ETA 0:05" in made.line(350)


def test_evaluations_are_lines_of_their_own():
    made, output = _progress()
    metrics = {"loss": 0.25, "accuracy": 0.5, "f1_macro": 0.75, "pr_auc": 1.0}
    made.evaluated(100, metrics, is_best=True)
    assert output.getvalue() == (
        "step 100  validation  loss 0.2500  accuracy 0.5000  f1_macro 0.7500  (best)\n"
    )


def test_a_log_file_gets_a_line_now_and_then(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    made, output = _progress()
    with made:
        for step in range(10, 110, 10):
            now[0] += 4.0
            made.progress(step, _rows(10), seconds=4.0)
    lines = output.getvalue().splitlines()
    assert len(lines) == 2 and lines[0].startswith("epoch 0.4/4.0  step 40/400")


def test_in_a_log_file_an_evaluation_has_a_line_now_and_then(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    made, output = _progress()
    with made:
        for tenth in range(10):
            now[0] += 4.0
            made.evaluating(100, tenth / 10)
        now[0] += progress.PLAIN_SECONDS
        made.evaluating(100, 0.99, "evaluating test")
    assert output.getvalue().splitlines() == [
        "step 100/400  validating 30 %",
        "step 100/400  validating 70 %",
        "step 100/400  evaluating test 99 %",
    ]


def test_on_a_terminal_an_evaluation_is_seen_at_once():
    made, output = _progress(terminal=True)
    with made:
        made.progress(100, _rows(100), seconds=10.0)
        made.evaluating(100, 0.45)
    with made:  # again, as for the final evaluation
        made.evaluating(100, 0.8, "evaluating test")
    shown = output.getvalue()
    assert "step 100/400  validating 45 %" in shown
    assert "step 100/400  evaluating test 80 %" in shown


def test_a_terminal_gets_a_live_line():
    made, output = _progress(terminal=True)
    with made:
        made.progress(100, _rows(100), seconds=10.0)
    assert "step 100/400" in output.getvalue() and "\x1b[" in output.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (102, "1:42"), (7390, "2:03:10")]
)
def test_durations(seconds, text):
    assert progress.duration(seconds) == text


@pytest.mark.parametrize(
    ("step", "total", "steps_per_epoch", "shown"),
    [
        (100, 400, 100.0, "epoch 1.0/4.0 "),
        (806, 806, 100.0, "epoch 8.0/8.0 "),  # the last step reaches a little further
        (195, 195, 100.0, "epoch 1.9/1.9 "),
        (3, 30, 1000.0, "epoch 0.003/0.03 "),  # a part of a corpus
    ],
)
def test_the_epochs_end_where_they_were_to(step, total, steps_per_epoch, shown):
    made = progress.Progress(total, 0, 8, steps_per_epoch, "accuracy")
    made.progress(step, _rows(step), seconds=1.0)
    assert made.line(step).startswith(shown)
