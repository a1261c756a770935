"""Schedules by hand, every optimizer by name, and the checks of the fields."""

import math
import typing

import keras
import numpy as np
import pytest

from tfm import errors
from tfm.training import optimizer as optimizer_module
from tfm.training import schedules


def _rate(decay, step, warmup=10, total=110, end=0.0):
    schedule = schedules.WarmupDecay(2.0, decay, warmup, total, end)
    return float(schedule(step))


@pytest.mark.parametrize(
    "decay", ["constant", "linear", "cosine", "inverse_sqrt", "wsd"]
)
def test_warm_up_rises_linearly_and_its_first_update_moves(decay):
    assert _rate(decay, 0) == pytest.approx(0.2)
    assert _rate(decay, 4) == pytest.approx(1.0)
    assert _rate(decay, 9) == pytest.approx(2.0)


def test_each_decay_by_hand():
    assert _rate("constant", 100) == pytest.approx(2.0)
    assert _rate("linear", 60) == pytest.approx(1.0)
    assert _rate("linear", 60, end=0.5) == pytest.approx(1.5)
    assert _rate("cosine", 35) == pytest.approx(1.0 + math.cos(math.pi / 4))
    assert _rate("cosine", 110, end=0.1) == pytest.approx(0.2)
    assert _rate("inverse_sqrt", 39) == pytest.approx(1.0)


def test_wsd_is_stable_and_falls_in_a_line_over_the_last_fifth():
    rates = [_rate("wsd", step) for step in range(10, 111)]
    assert (
        rates[: 88 - 10 + 1] == [2.0] * 79
    )  # the last fifth of 110 steps begins at 88
    falling = rates[88 - 10 :]
    assert falling == pytest.approx(np.linspace(2.0, 0.0, 23).tolist(), abs=1e-6)
    assert _rate("wsd", 99, end=0.5) == pytest.approx(1.5)
    assert _rate("wsd", 500, end=0.5) == pytest.approx(1.0)
    assert _rate("wsd", 89, warmup=0) == pytest.approx(2.0 * 21 / 22)
    short = [_rate("wsd", step, warmup=0, total=3) for step in range(4)]
    assert short == pytest.approx([2.0, 2.0, 2.0, 0.0])


def test_what_is_no_schedule_is_refused():
    with pytest.raises(ValueError, match="There is no schedule 'cosin'"):
        _rate("cosin", 3)


def test_a_schedule_stays_at_its_end():
    assert _rate("linear", 500, end=0.25) == pytest.approx(0.5)
    assert _rate("cosine", 500) == pytest.approx(0.0, abs=1e-6)


def test_no_warm_up():
    assert _rate("linear", 0, warmup=0, total=100) == pytest.approx(2.0)
    assert _rate("inverse_sqrt", 3, warmup=0) == pytest.approx(1.0)


def _dense():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    model.set_weights([np.ones((2, 3)), np.ones(3)])
    return model


@pytest.mark.parametrize("name", typing.get_args(optimizer_module.Name))
def test_every_optimizer_by_name_moves_the_weights(name):
    model = _dense()
    made = optimizer_module.Optimizer(name=name, learning_rate=0.01).build(10, model)
    gradients = [np.ones((2, 3), np.float32), np.ones(3, np.float32)]
    made.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    assert made.__class__.__name__.lower() == name
    assert all(np.all(weights < 1) for weights in model.get_weights())
    if name in optimizer_module.BETAS:
        made = optimizer_module.Optimizer(name=name, beta_2=0.7).build(10, model)
        assert made.beta_2 == 0.7
    else:
        with pytest.raises(errors.UserError, match=f"beta_2 is for .* Got name={name}"):
            optimizer_module.Optimizer(name=name, beta_2=0.7)


def test_weight_decay_spares_biases():
    model = _dense()
    made = optimizer_module.Optimizer(
        learning_rate=0.1, weight_decay=0.5, schedule="constant", warmup_steps=0
    ).build(10, model)
    zeros = [np.zeros((2, 3), np.float32), np.zeros(3, np.float32)]
    made.apply_gradients(zip(zeros, model.trainable_variables, strict=True))
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(kernel, 1 - 0.1 * 0.5, rtol=1e-6)
    np.testing.assert_array_equal(bias, 1)


def test_warm_up_is_a_twentieth_where_none_is_given():
    made = optimizer_module.Optimizer(learning_rate=1.0).build(100, _dense())
    assert float(made.learning_rate) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"learning_rate": 0}, "learning_rate must be above 0. Got learning_rate=0."),
        (
            {"learning_rate": math.nan},
            "above 0. Got learning_rate=nan.",
        ),
        ({"warmup_steps": -1}, "warmup_steps must be at least 0, or none. Got warm"),
        ({"clip_norm": 0}, "clip_norm must be above 0, or none. Got clip_norm=0."),
        (
            {"weight_decay": 1.5},
            r"in \[0, 1\). Got weight_decay=1.5.",
        ),
        ({"end_factor": 2}, r"end_factor must be in \[0, 1\]. Got 2."),
    ],
)
def test_a_value_out_of_range_is_told(fields, message):
    with pytest.raises(errors.UserError, match=message):
        optimizer_module.Optimizer(**fields)
