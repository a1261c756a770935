"""Settings of the train steps: what they refuse, and their flags."""

import dataclasses

import pytest

from tfm import errors
from tfm import training
from tfm.config import fields
from tfm.experiments import text_cls


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: training.SharpnessAware(radius=0.0), "radius must be above 0"),
        (lambda: training.EMATeacher(decay=1.0), "decay must be between 0 and 1"),
        (lambda: training.EMATeacher(ramp_up=1.0), r"ramp_up must be in \[0, 1\)"),
        (lambda: training.EMATeacher(consistency=-1), "consistency must be at least 0"),
        (
            lambda: training.MultiTask(factors=("tags",)),
            "factors must be NAME=FACTOR, with a factor of 0 or more. Got 'tags'.",
        ),
        (lambda: training.MultiTask(factors=("tags=-1",)), "Got 'tags=-1'"),
        (lambda: training.MultiTask(factors=("tags=nan",)), "Got 'tags=nan'"),
        (lambda: training.MultiTask(factors=("=1",)), "Got '=1'"),
        (
            lambda: training.SharpnessAware(step=training.EMATeacher()),
            "SharpnessAware cannot be around EMATeacher.",
        ),
        (
            lambda: training.EMATeacher(
                step=training.SharpnessAware(step=training.GlobalBatch())
            ),
            "EMATeacher cannot be around GlobalBatch.",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(errors.UserError, match=message):
        make()


def test_fields_of_steps_within_steps_are_flags():
    step = training.EMATeacher(step=training.SharpnessAware())
    made = dataclasses.replace(text_cls.experiment(), train_step=step)
    leaves = {leaf.path: leaf for leaf in fields.leaves(made)}
    assert leaves["train_step.step.radius"].value == 0.05
    assert all(
        leaf.help for path, leaf in leaves.items() if path.startswith("train_step.")
    )
    changed = fields.override(made, {"train_step.step.radius": 0.2})
    assert changed.train_step.step.radius == 0.2


def test_a_factor_of_no_loss_is_told():
    from tests.support import step_cases

    step_cases.CASES["wrong"] = (
        step_cases.Several(),
        training.MultiTask(factors=("tags=2",)),
    )
    from tfm.distribution import job as jobs

    try:
        with pytest.raises(errors.UserError) as told:
            step_cases.make(jobs.Job("one"), 1, "wrong")
    finally:
        del step_cases.CASES["wrong"]
    assert str(told.value) == (
        "train_step.factors must be of the task's losses, class, value. Got 'tags'."
    )
