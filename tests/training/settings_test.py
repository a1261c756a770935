"""Epochs or steps, and the checks of the fields."""

import pytest

from tfm import errors
from tfm.training import loop
from tfm.training import settings


def test_epochs_become_steps_and_steps_decide():
    assert settings.Train(epochs=3, batch_size=64).total_steps(1000) == 47
    assert settings.Train(epochs=0.5, batch_size=10).total_steps(1000) == 50
    assert settings.Train(steps=7).total_steps(1000) == 7
    assert settings.Train(epochs=0.01, batch_size=64).total_steps(10) == 1


def test_an_epoch_is_the_time_between_evaluations_unless_given():
    plan = loop.Plan.of(settings.Train(epochs=2, batch_size=30), 100, "max")
    assert (plan.total_steps, plan.eval_every) == (7, 4)
    plan = loop.Plan.of(settings.Train(eval_every=9), 100, "min")
    assert (plan.eval_every, plan.direction) == (9, "min")


def test_few_examples_get_more_epochs():
    few = settings.Train(epochs=3, batch_size=64, min_steps=500)
    assert few.total_steps(200) == 500 and few.is_extended(200)
    assert few.summary(200) == [
        "Training    for 500 updates, 160 epochs, as train.min_steps=500; 3 epochs are "
        "10 updates"
    ]
    assert few.total_steps(16_000) == 750 and not few.is_extended(16_000)
    assert few.summary(16_000) == []
    given = settings.Train(steps=7, min_steps=500)
    assert given.total_steps(200) == 7 and not given.summary(200)


def test_short_epochs_are_evaluated_by_several_at_once():
    few = settings.Train(epochs=3, batch_size=64, min_steps=500)
    # 4 steps are an epoch of 200 examples: 13 epochs, or 9 evaluations and the last
    assert few.steps_between_evaluations(200) == 52
    # an epoch of 50 steps or more is as it would be without
    assert few.steps_between_evaluations(3200) == 50
    assert few.steps_between_evaluations(3136) == 98  # twice 49
    assert few.steps_between_evaluations(16_000) == 250
    plan = loop.Plan.of(few, 200, "max")
    evaluated, step = [], 0
    while step < plan.total_steps:
        step = plan.next_stop(step)
        if step % plan.eval_every == 0 or step == plan.total_steps:
            evaluated.append(step)
    assert evaluated == [52, 104, 156, 208, 260, 312, 364, 416, 468, 500]
    often = settings.Train(batch_size=64, min_steps=500, eval_every=3)
    assert often.steps_between_evaluations(200) == 3


def test_the_next_stop_is_the_nearest_of_all():
    plan = loop.Plan(100, 40, 25, 30, "accuracy", "max", None)
    stops, step = [], 0
    while step < 100:
        step = plan.next_stop(step)
        stops.append(step)
    assert stops == [1, 25, 30, 40, 50, 60, 75, 80, 90, 100]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1. Got batch_size=0."),
        ({"epochs": 0}, "epochs must be above 0. Got epochs=0."),
        ({"steps": -5}, "steps must be at least 1, or none. Got steps=-5."),
        ({"min_steps": 0}, "min_steps must be at least 1, or none. Got min_steps=0."),
        ({"patience": 0}, "patience must be at least 1, or none. Got patience=0."),
        ({"seed": -1}, r"seed must be in \[0, 2\*\*31\). Got -1."),
    ],
)
def test_a_value_out_of_range_is_told(fields, message):
    with pytest.raises(errors.UserError, match=message):
        settings.Train(**fields)
