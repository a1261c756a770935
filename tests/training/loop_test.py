"""The loop: what happens when, early stopping, resuming, interruption."""

import os
import signal

import keras
import numpy as np
import pytest

from tests.support import loops
from tfm.checkpoints import checkpoints
from tfm.training import early_stopping


def test_everything_happens_at_its_step(tmp_path):
    made, state, _, recorder = loops.make(tmp_path)
    assert made.run() == "finished"
    assert int(state.step) == 10
    assert sum(count for _, count in recorder.steps) == 10
    assert list(recorder.logs) == [1, 3, 6, 9, 10]
    assert list(recorder.evaluations) == [4, 8, 10]


def test_speed_is_known_after_five_steps(tmp_path):
    """The first one compiles, and a few more are one short call."""
    changes = {"total_steps": 40, "eval_every": 40, "log_every": 40}
    made, _, _, recorder = loops.make(tmp_path, run=loops.still, **changes)
    made.run()
    assert recorder.steps[:2] == [(1, 1), (5, 4)]


def test_a_logged_loss_is_the_mean_of_its_window(tmp_path):
    recorder = loops.Recorder()
    losses = []
    recorder.progress = lambda at, rows, seconds: losses.extend(rows["loss"])
    made, *_ = loops.make(tmp_path, recorder)
    made.run()
    assert recorder.logs[6]["loss"] == pytest.approx(np.mean(losses[3:6]), rel=1e-6)


def test_the_best_evaluation_is_kept_and_restored(tmp_path):
    scores = [{"accuracy": value} for value in (0.6, 0.8, 0.7)]
    weights = {}
    recorder = loops.Recorder()
    made, state, model, _ = loops.make(tmp_path, recorder, scores)
    recorder.evaluated = lambda at, metrics, best: weights.update(
        {at: model.get_weights()[0]}
    )
    made.run()
    assert int(state.best_step) == 8
    assert state.restore_best()
    np.testing.assert_array_equal(model.get_weights()[0], weights[8])
    assert np.any(model.get_weights()[0] != weights[10])


def test_it_stops_when_patience_is_lost_and_stays_stopped(tmp_path):
    scores = [{"accuracy": value} for value in (0.9, 0.8, 0.7, 0.95)]
    made, state, _, _ = loops.make(tmp_path, metrics=scores, patience=2, total_steps=40)
    assert made.run() == "stopped early"
    assert int(state.step) == 12
    made, state, _, recorder = loops.make(tmp_path, patience=2, total_steps=40)
    assert made.run() == "stopped early"
    assert not recorder.steps


def test_an_evaluation_is_told_before_it_is_saved(tmp_path):
    """So that a run that is killed between the two tells it again, not never."""
    recorder, saved = loops.Recorder(), {}
    made, state, *_ = loops.make(tmp_path, recorder, run=loops.still)

    def evaluated(at_step, metrics, is_best):
        state.wait()
        saved[at_step] = checkpoints.steps(tmp_path / "last")

    recorder.evaluated = evaluated
    made.run()
    assert saved == {4: [], 8: [4], 10: [4, 8]}


TIES = [
    {"accuracy": accuracy, "loss": loss}
    for accuracy, loss in [(0.9, 0.6), (1.0, 0.6), (1.0, 0.2), (1.0, 0.3), (0.9, 0.1)]
]


def test_among_equal_scores_the_lower_loss_is_the_best(tmp_path):
    choice = {"metrics": TIES, "run": loops.still, "total_steps": 20}
    made, state, _, recorder = loops.make(tmp_path, **choice)
    made.run()
    assert [at for at, best in recorder.evaluations.items() if best] == [4, 8, 12]
    assert state.restore_best() and int(state.step) == 12
    assert (float(state.best_value), float(state.best_loss)) == (1.0, 0.2)


def test_an_undefined_score_leaves_the_choice_to_the_loss_and_says_so_once(tmp_path):
    metrics = [{"loss": 0.6}, {"accuracy": np.nan, "loss": 0.4}, {"loss": 0.5}]
    made, state, _, recorder = loops.make(tmp_path, metrics=metrics, run=loops.still)
    made.run()
    assert int(state.best_step) == 8
    assert recorder.warnings == [
        (
            4,
            "accuracy is undefined on the validation split: the loss picks the best "
            "checkpoint",
        )
    ]
    assert early_stopping.chosen_by("accuracy", state) == "loss"


CHOICE = {"patience": 2, "total_steps": 40, "checkpoint_every": 2, "run": loops.still}
SCORES = [*TIES, *[{"accuracy": 0.8, "loss": 0.5}] * 5]


@pytest.fixture(scope="module")
def never_ended(tmp_path_factory):
    """The state of a run that nobody killed, and the steps of its best checkpoints."""
    folder = tmp_path_factory.mktemp("whole")
    made, state, *_ = loops.make(folder, metrics=SCORES, **CHOICE)
    assert made.run() == "stopped early"
    assert int(state.best_step) == 12 and int(state.step) == 28
    best = checkpoints.steps(folder / "best")
    assert best[-1] == 12
    return state, best


@pytest.mark.parametrize("stop_at", [6, 10, 12, 16, 18, 22])
def test_a_killed_run_picks_and_stops_as_one_that_never_ended(
    tmp_path, never_ended, stop_at
):
    """Whatever is known of the evaluations so far is in the checkpoints."""

    def die(at_step):
        if at_step >= stop_at:
            raise ZeroDivisionError

    half, *_ = loops.make(tmp_path, on_step=die, metrics=SCORES, **CHOICE)
    with pytest.raises(ZeroDivisionError):
        half.run()
    left = SCORES[stop_at // 4 :]  # it had seen the others
    rest, state, _, _ = loops.make(tmp_path, metrics=left, **CHOICE)
    assert int(state.step) == stop_at
    assert rest.run() == "stopped early"
    expected, best = never_ended
    for name in (*checkpoints.BEST, "step", "since_best"):
        assert getattr(state, name).numpy() == getattr(expected, name).numpy(), name
    assert checkpoints.steps(tmp_path / "best") == best


def test_an_interrupted_run_goes_on_bit_for_bit(tmp_path):
    whole, _, model, _ = loops.make(tmp_path / "whole", total_steps=23)
    whole.run()

    sent = []

    def ctrl_c(at_step):
        if at_step >= 7 and not sent:
            sent.append(at_step)
            os.kill(os.getpid(), signal.SIGINT)

    first, state, _, _ = loops.make(tmp_path / "cut", on_step=ctrl_c, total_steps=23)
    assert first.run() == "interrupted"
    stopped_at = int(state.step)
    assert 7 < stopped_at < 23
    second, state, resumed, recorder = loops.make(tmp_path / "cut", total_steps=23)
    assert second.run() == "finished"
    assert recorder.steps[0][0] - recorder.steps[0][1] == stopped_at
    for ours, theirs in zip(resumed.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_without_the_dropout_state_the_resumed_run_would_differ(tmp_path, monkeypatch):
    whole, _, model, _ = loops.make(tmp_path / "whole", total_steps=20)
    whole.run()
    monkeypatch.setattr(checkpoints, "random_states", lambda model: [])
    half, *_ = loops.make(tmp_path / "cut", total_steps=10)
    half.run()
    rest, _, resumed, _ = loops.make(tmp_path / "cut", total_steps=20)
    rest.run()
    assert np.any(resumed.get_weights()[0] != model.get_weights()[0])


def test_only_the_newest_checkpoints_stay(tmp_path):
    made, *_ = loops.make(tmp_path, checkpoint_every=2)
    made.run()
    assert checkpoints.steps(tmp_path / "last") == [8, 10]


def test_a_loss_spike_goes_back_and_leaves_its_data_out(tmp_path):
    seen = []

    def spike_at_batch_33(first, rows):
        batches = first + np.arange(len(rows["loss"]))
        seen.extend(batches.tolist())
        rows["loss"][batches == 33] = 1e4

    made, state, _, recorder = loops.make(
        tmp_path,
        alter=spike_at_batch_33,
        total_steps=40,
        checkpoint_every=10,
        spike_factor=100.0,
    )
    assert made.run() == "finished"
    assert len(recorder.warnings) == 1
    assert "back to the checkpoint of step 32" in recorder.warnings[0][1]
    # each batch once, up to the one that was left out and past it
    assert seen == list(range(len(seen))) and len(seen) > 40
    assert int(state.step) == 40


def test_a_skipped_update_is_told_with_its_batch(tmp_path):
    def skip_batch_5(first, rows):
        rows["skipped"][first + np.arange(len(rows["loss"])) == 5] = 1

    made, _, _, recorder = loops.make(tmp_path, alter=skip_batch_5)
    made.run()
    assert recorder.warnings == [(6, "gradient not finite, update skipped: batch 5")]
    assert sum(log["skipped_updates"] for log in recorder.logs.values()) == 1


def test_sigterm_saves_and_says_so(tmp_path):
    sent = []

    def terminate(at_step):
        if at_step >= 3 and not sent:
            sent.append(at_step)
            os.kill(os.getpid(), signal.SIGTERM)

    made, state, _, _ = loops.make(tmp_path, on_step=terminate)
    assert made.run() == "terminated"
    assert int(loops.make(tmp_path)[1].step) == int(state.step) < 10


@keras.saving.register_keras_serializable(package="test")
class Stack(keras.layers.Layer):
    """Keeps its sublayers in a list of tuples."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        dense = [(keras.layers.Dense(2), keras.layers.Dropout(0.1)) for _ in range(2)]
        self.pairs = dense

    def call(self, x, training=False):
        for dense, dropout in self.pairs:
            x = dropout(dense(x), training=training)
        return x


def test_weights_in_lists_of_sublayers_are_saved_too(tmp_path):
    def make():
        tokens = keras.Input((3,), name="tokens")
        model = keras.Model({"tokens": tokens}, Stack()(tokens))
        optimizer = keras.optimizers.Adam()
        optimizer.build(model.trainable_variables)
        return model, checkpoints.Checkpoints(tmp_path, model, optimizer, keep=1)

    model, state = make()
    state.save()
    state.wait()
    other, _ = make()
    assert len(checkpoints.random_states(model)) == 2
    assert np.any(other.get_weights()[0] != model.get_weights()[0])
    checkpoints.restore_weights(other, tmp_path / "last")
    for ours, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_alone_are_restored_with_their_step(tmp_path):
    made, _, model, _ = loops.make(tmp_path)
    made.run()
    expected = model.get_weights()
    _, _, other, _ = loops.make(tmp_path / "new")
    assert checkpoints.restore_weights(other, tmp_path / "last") == 10
    for ours, theirs in zip(other.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert checkpoints.restore_weights(other, tmp_path / "nowhere") is None
