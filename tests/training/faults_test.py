"""Skipped updates and loss spikes: what is found, and when it is too much."""

import numpy as np
import pytest

from tfm import errors
from tfm.training import faults


def _rows(losses, skipped=None):
    losses = np.asarray(losses, np.float32)
    skipped = np.zeros(len(losses)) if skipped is None else np.asarray(skipped)
    return {"loss": losses, "skipped": skipped}


def test_skipped_steps_are_named():
    watch = faults.Watch(None)
    assert watch.skipped(10, _rows([1, 1, 1, 1], [0, 1, 0, 1])) == [11, 13]


def test_too_many_in_a_row_stop_with_advice():
    watch = faults.Watch(None, max_skipped=5)
    watch.skipped(0, _rows([1] * 4, [1, 1, 1, 1]))
    watch.skipped(4, _rows([1], [0]))  # one good update begins the count anew
    watch.skipped(5, _rows([1] * 3, [1, 1, 1]))
    with pytest.raises(errors.UserError, match="5 updates in a row .* Try a lower"):
        watch.skipped(8, _rows([1, 1], [1, 1]))


def test_a_spike_is_told_against_the_median_and_not_learnt():
    watch = faults.Watch(3.0)
    assert watch.spike(_rows(np.linspace(1.0, 0.5, 30))) is None
    assert watch.spike(_rows([0.6, 9.0, 0.5])) == 9.0
    assert watch.spike(_rows([2.0])) is None  # below three times the median
    assert watch.spike(_rows([np.nan, 9.0])) == 9.0


def test_the_first_losses_are_no_spikes_and_none_looks_for_none():
    assert faults.Watch(2.0).spike(_rows([0.1, 5.0, 0.1])) is None
    assert faults.Watch(None).spike(_rows([0.1] * 50 + [99.0])) is None


def test_too_many_returns_to_one_checkpoint_stop_with_advice():
    watch = faults.Watch(2.0, max_spikes=2)
    watch.returned_to(40)
    watch.returned_to(40)
    watch.returned_to(80)
    with pytest.raises(errors.UserError, match="after 2 returns to the checkpoint of"):
        watch.returned_to(40)
