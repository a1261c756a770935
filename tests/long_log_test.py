"""The log of 100,000 steps: few points a tag, read in a moment, whole at its ends."""

import time

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing import event_accumulator

from tests.support import board_server
from tfm.callbacks import tensorboard
from tfm.run import cockpit
from tfm.training import loop

pytestmark = pytest.mark.slow
STEPS = 100_000
SCALARS = {
    "loss": 0.5,
    "accuracy": 0.5,
    "gradient_norm": 1.0,
    "learning_rate": 0.1,
    "steps_per_second": 3.0,
    "tokens_per_second": 180.0,
    "input_wait": 0.1,
}
NORMS = {"weight_norm/dense": 2.0, "update_norm/dense": 0.1, "gradient_norm/dense": 1.0}


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A run that logs each step and evaluates each tenth; the plan of it."""
    plan = loop.Plan(
        total_steps=STEPS,
        eval_every=10,
        checkpoint_every=None,
        log_every=1,
        best_metric="loss",
        direction="min",
        patience=None,
        watch_every=200,
    )
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(2, name="dense")(x))
    folder = tmp_path_factory.mktemp("runs") / "long" / "events"
    is_logged = cockpit.logged_steps(plan)
    with tensorboard.TensorBoard(
        folder, model, 8, False, token_slots=80, is_logged=is_logged
    ) as board:
        for step in range(1, STEPS + 1):
            norms = NORMS if plan.is_watched(step) else {}
            board.logged(step, SCALARS | {"loss": 1 / step} | norms)
    return folder, plan


def test_it_is_read_in_a_moment(log):
    folder, plan = log
    used = time.process_time()
    found = event_accumulator.EventAccumulator(
        str(folder / "train"), {event_accumulator.TENSORS: 0}
    ).Reload()
    assert time.process_time() - used < 5
    assert sum(path.stat().st_size for path in folder.rglob("events.*")) < 6e6
    points = {tag: found.Tensors(tag) for tag in found.Tags()["tensors"]}
    losses = [one.step for one in points["loss/loss"]]
    assert 1_000 < len(losses) < 4_000 and losses == sorted({*losses})
    assert (losses[0], losses[-1]) == (1, STEPS)
    assert np.diff(losses).max() <= STEPS / 2_000
    norms = [one.step for one in points["optimization_by_layer/weight_norm/dense"]]
    assert norms == [1, *range(200, STEPS + 1, 200)]


def test_the_server_shows_it(log):
    folder, _ = log
    with board_server.serve(folder.parents[1]) as server:
        server.wait_for("long/events/train", seconds=60)
        stop = time.monotonic() + 60
        while True:
            shown = server.get(
                "plugin/scalars/scalars", run="long/events/train", tag="loss/loss"
            )
            if isinstance(shown, list) and shown and shown[-1][1] == STEPS:
                break
            assert time.monotonic() < stop, shown
            time.sleep(0.5)
    steps = [step for _, step, _ in shown]
    assert 500 < len(steps) <= 1_000 and steps == sorted({*steps})
