"""Skipped updates and loss spikes: what is found, and when it is too much."""

import errno
import os

import numpy as np
import pytest
import tensorflow as tf

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


def test_the_loss_of_a_peer_is_seen_behind_other_errors():
    aborted = "Collective ops is aborted by: Socket closed"
    lost = tf.errors.UnavailableError(None, None, aborted)
    assert faults.is_lost_peer(lost)
    try:
        try:
            raise lost
        except tf.errors.OpError:
            raise TypeError("Exception encountered when calling LSTM.call()") from None
    except TypeError as error:
        assert faults.is_lost_peer(error)
    away = tf.errors.UnavailableError(None, None, "gs://bucket/a.csv does not answer")
    wrong = tf.errors.InvalidArgumentError(None, None, f"{aborted} shapes differ")
    assert not any(map(faults.is_lost_peer, (away, wrong, ValueError(aborted))))


def test_what_cannot_be_written_is_named(tmp_path):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/run/task.json")
    assert faults.not_written(full) == ("/run/task.json", "No space left on device")
    unnamed = OSError(errno.EDQUOT, "[Errno 122] Error writing bytes to file")
    assert faults.not_written(unnamed) == ("", os.strerror(errno.EDQUOT))
    (tmp_path / "events").write_text("not a folder")
    with pytest.raises(tf.errors.OpError) as error:
        tf.summary.create_file_writer(str(tmp_path / "events/train"))
    file, reason = faults.not_written(error.value)
    assert f"{tmp_path}/events is not a directory" in f"{file} {reason}"
    memory = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    missing = FileNotFoundError(errno.ENOENT, "No such file", "/data/reviews.csv")
    assert not any(map(faults.not_written, (memory, missing, ValueError("a bug"))))
