"""What is said at the end: how it ended, and the command that trains on."""

import pathlib
import types

from tfm import training
from tfm.run import endings
from tfm.run import next_steps
from tfm.training import loop


def _of(**train):
    """A plan of 100 steps, a run that reached the last, and its folder."""
    settings = training.Train(**{"steps": 100} | train)
    state = types.SimpleNamespace(
        step=100, best_step=80, since_best=3, best_value=0.5, best_loss=0.5
    )
    prepared = types.SimpleNamespace(
        experiment=types.SimpleNamespace(train=settings), training_examples=range(1000)
    )
    plan = loop.Plan.of(settings, 1000, "max")
    folder = types.SimpleNamespace(path=pathlib.Path("my runs/films"))
    return plan, types.SimpleNamespace(state=state, prepared=prepared), folder


def test_it_tells_where_it_ended_and_which_step_was_best():
    plan, run, _ = _of(best_metric="accuracy")
    assert endings.how("finished", plan, run, " after 2.0 min") == (
        "finished at step 100 after 2.0 min; best at step 80 by validation accuracy"
    )
    plan, run, _ = _of(patience=3)
    told = endings.how("stopped early", plan, run)
    assert "without an improvement reached train.patience=3" in told


def test_it_gives_the_command_that_trains_on():
    plan, run, folder = _of()
    command = "python -m tfm.train --run_dir='my runs/films'"
    told = next_steps.train_on("finished", folder, plan, run)
    assert told == f"Train on with  {command} --train.steps=200"
    plan, run, _ = _of(steps=None, epochs=3.2, batch_size=32)
    told = next_steps.train_on("finished", folder, plan, run)
    assert told.endswith("--train.epochs=6.4")
    plan, run, _ = _of(patience=3)
    told = next_steps.train_on("stopped early", folder, plan, run)
    assert "--train.patience=6" in told and told.endswith("(or none: never stop early)")
