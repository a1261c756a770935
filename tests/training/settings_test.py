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
        ({"patience": 0}, "patience must be at least 1, or none. Got patience=0."),
        ({"seed": -1}, r"seed must be in \[0, 2\*\*31\). Got -1."),
    ],
)
def test_a_value_out_of_range_is_told(fields, message):
    with pytest.raises(errors.UserError, match=message):
        settings.Train(**fields)
