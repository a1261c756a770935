"""The profiler runs for the updates that were asked for, and no others."""

import numpy as np
import pytest

from tests.support import loops
from tfm import errors
from tfm.callbacks import profile


@pytest.fixture
def turned(monkeypatch):
    """What the profiler is told."""
    found = []
    profiler = profile.tf.profiler.experimental
    monkeypatch.setattr(profiler, "start", lambda folder: found.append("start"))
    monkeypatch.setattr(profiler, "stop", lambda: found.append("stop"))
    return found


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (1, 1, ["start", 1, "stop", *range(2, 11)]),
        (4, 7, [1, 2, 3, "start", 4, 5, 6, 7, "stop", 8, 9, 10]),
        (9, 30, [*range(1, 9), "start", 9, 10, "stop"]),
    ],
)
def test_the_updates_from_the_first_to_the_last_are_traced(
    tmp_path, turned, first, last, expected
):
    traced = profile.Profile(tmp_path, first, last, 0, 10)

    def run(iterator, count, asked, watch):
        turned.extend(range(len(steps) + 1, len(steps) + count + 1))
        steps.extend(range(count))
        return loops.still(iterator, count, asked, watch)

    class Turns(loops.Recorder):
        def progress(self, at_step, rows, seconds):
            traced.progress(at_step, rows, seconds)

    steps = []
    loop, *_ = loops.make(
        tmp_path, Turns(), run=run, stops=traced.stops, log_every=100, eval_every=100
    )
    with traced:
        loop.run()
    assert turned == expected


@pytest.mark.parametrize(("first", "step"), [(11, 0), (5, 5), (5, 7), (21, 0)])
def test_updates_that_will_not_be_made_are_refused(tmp_path, first, step):
    rule = f"takes updates that are to come, {step + 1} to 10, .* Got {first},20"
    with pytest.raises(errors.UserError, match=rule):
        profile.Profile(tmp_path, first, 20, step, 10)


def test_a_trace_is_written_where_tensorboard_looks(tmp_path):
    traced = profile.Profile(tmp_path, 2, 3, 1, 10)
    with traced:
        profile.tf.linalg.matmul(np.ones((8, 8)), np.ones((8, 8)))
        traced.progress(3, {}, 0.1)
    (trace,) = tmp_path.glob("plugins/profile/*/*.xplane.pb")
    assert b"MatMul" in trace.read_bytes()
