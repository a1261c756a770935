"""A loop that is stopped while it evaluates, and goes on from there."""

import os
import signal

import numpy as np
import pytest

from tests.support import loops
from tfm.checkpoints import checkpoints

ACCURACIES = (0.5, 0.9, 0.8, 0.7, 0.95)
SCORES = [{"accuracy": value, "loss": 1 - value} for value in ACCURACIES]
PLAN = {"total_steps": 18, "patience": 3}  # evaluated at 4, 8, 12, 16 and 18


def _contents(folder) -> dict[str, dict[str, np.ndarray]]:
    """All that lies in the folders of checkpoints; Keras counts on in its names."""
    found = {}
    for kind in ("last", "best"):
        for step in checkpoints.steps(folder / kind):
            tensors = checkpoints.read(folder / kind, step)
            found[f"{kind} {step}"] = {
                name.partition(":")[0]: value for name, value in tensors.items()
            }
            assert len(found[f"{kind} {step}"]) == len(tensors)
    return found


def _check_same(ours, theirs) -> None:
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        assert ours[name].keys() == values.keys()
        for tensor, value in values.items():
            np.testing.assert_array_equal(ours[name][tensor], value, err_msg=tensor)


def _sends(number, at_step: int, at_part: int):
    """What sends the signal once in the evaluation of a step, after one of 4 parts."""
    left = [number]

    def send(step, part):
        if (step, part) == (at_step, at_part) and left:
            os.kill(os.getpid(), left.pop())

    return send


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a run that nobody stopped has saved."""
    folder = tmp_path_factory.mktemp("whole")
    made, state, *_ = loops.make(folder, metrics=SCORES, **PLAN)
    assert made.run() == "finished"
    assert int(state.best_step) == 18 and int(state.evaluated_step) == 18
    return _contents(folder)


@pytest.mark.parametrize("at_step", [4, 8, 12, 18])
@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (signal.SIGINT, "interrupted"),
        (signal.SIGTERM, "terminated"),
        (signal.SIGHUP, "terminated"),
    ],
)
def test_stopped_in_an_evaluation_it_is_made_up_for(
    tmp_path, whole, at_step, number, outcome
):
    send = _sends(number, at_step, 1)
    first, state, _, recorder = loops.make(
        tmp_path, metrics=SCORES, on_part=send, **PLAN
    )
    assert first.run() == outcome
    # it was left at once, without its scores, and all until then is saved
    assert recorder.shares[-1] == (at_step, 0.5)
    assert at_step not in recorder.evaluations
    assert int(state.step) == at_step > int(state.evaluated_step)

    left = SCORES[len(recorder.evaluations) :]
    second, state, _, recorder = loops.make(tmp_path, metrics=left, **PLAN)
    assert int(state.step) == at_step
    assert second.run() == "finished"
    assert next(iter(recorder.evaluations)) == at_step
    _check_same(_contents(tmp_path), whole)


def test_patience_that_is_lost_in_what_is_made_up_for_stops_it(tmp_path):
    plan = PLAN | {"patience": 2, "run": loops.still}  # lost at 16
    send = _sends(signal.SIGINT, 16, 3)
    first, *_ = loops.make(tmp_path, metrics=SCORES, on_part=send, **plan)
    assert first.run() == "interrupted"
    left = SCORES[3:]
    second, state, _, recorder = loops.make(tmp_path, metrics=left, **plan)
    assert second.run() == "stopped early"
    assert not recorder.steps and int(state.step) == 16


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("where", ["evaluate", "save_best", "save"])
def test_killed_in_what_is_made_up_for_it_is_made_up_for_again(
    tmp_path, whole, monkeypatch, where
):
    def die(*_):
        raise _Killed

    send = _sends(signal.SIGTERM, 8, 2)
    first, *_ = loops.make(tmp_path, metrics=SCORES, on_part=send, **PLAN)
    assert first.run() == "terminated"
    on_part = die if where == "evaluate" else None
    second, state, *_ = loops.make(
        tmp_path, metrics=SCORES[1:], on_part=on_part, **PLAN
    )
    if where != "evaluate":
        monkeypatch.setattr(state, where, die)
    with pytest.raises(_Killed):
        second.run()
    third, state, _, recorder = loops.make(tmp_path, metrics=SCORES[1:], **PLAN)
    assert int(state.step) == 8
    assert third.run() == "finished"
    assert list(recorder.evaluations) == [8, 12, 16, 18]
    _check_same(_contents(tmp_path), whole)


def test_a_signal_before_an_evaluation_leaves_it_out(tmp_path):
    sent = []

    def ctrl_c(at_step):
        if at_step >= 1 and not sent:  # on the way to step 4
            sent.append(os.kill(os.getpid(), signal.SIGINT))

    made, state, _, recorder = loops.make(
        tmp_path, on_step=ctrl_c, run=loops.still, eval_every=2
    )
    assert made.run() == "interrupted"
    assert len(recorder.shares) <= 1 and not recorder.evaluations
    assert int(state.step) < 10


def test_a_signal_at_the_very_end_is_heeded_too(tmp_path):
    send = _sends(signal.SIGTERM, 18, 3)  # nothing looks for it after the last part
    plan = PLAN | {"run": loops.still}
    made, state, _, recorder = loops.make(
        tmp_path, metrics=SCORES, on_part=send, **plan
    )
    assert made.run() == "terminated"
    assert 18 in recorder.evaluations and int(state.evaluated_step) == 18
    second, _, _, recorder = loops.make(tmp_path, **plan)
    assert second.run() == "finished"
    assert not recorder.steps and not recorder.shares


def test_beside_other_processes_an_evaluation_is_not_left(tmp_path):
    send = _sends(signal.SIGTERM, 4, 1)
    made, state, _, recorder = loops.make(
        tmp_path, metrics=SCORES, on_part=send, run=loops.still, same_chunks=True
    )
    assert made.run() == "terminated"
    assert recorder.shares == [(4, part / 4) for part in range(4)]
    assert list(recorder.evaluations) == [4] and int(state.step) > 4
