"""What checkpoints hold, what stays of them, and which models they fit."""

import errno
import pathlib
import shutil
import threading
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import small_run
from tfm import errors
from tfm.checkpoints import bundle
from tfm.checkpoints import checkpoints


def test_every_variable_comes_back_to_the_bit(tmp_path):
    run, other = small_run.Run(tmp_path), small_run.Run(tmp_path)
    run.fill(1)
    run.state.best_value.assign(np.nan)
    run.state.save()
    run.state.wait()
    assert other.values() != run.values()
    assert other.state.restore()
    assert other.values() == run.values()
    assert not small_run.Run(tmp_path / "nowhere").state.restore()


def test_the_names_say_what_a_tensor_is(tmp_path):
    run = small_run.Run(tmp_path, ema=True)
    run.save_steps(5)
    names = set(bundle.Bundle(tmp_path / "last/step-00000005").specs)
    assert {"weights/0003:head/bias", "ema/0003:head/bias", "state/step"} <= names
    assert {"optimizer/0000:adam_w/iteration", "extra/uint32"} <= {
        name.replace(run.optimizer.name, "adam_w") for name in names
    }
    assert len([name for name in names if name.startswith("seeds/0000:")]) == 1
    averages = [name for name in names if "average" in name]
    assert not averages  # kept as ema/ alone


def test_later_updates_do_not_reach_a_save_under_way(tmp_path, monkeypatch):
    go = threading.Event()
    write = bundle.write
    monkeypatch.setattr(bundle, "write", lambda *a, **k: go.wait(20) and write(*a, **k))
    run, other = small_run.Run(tmp_path), small_run.Run(tmp_path)
    run.fill(1)
    table = run.model.weights[0].value
    before = run.values()
    run.state.save()

    @tf.function
    def update():
        for variable in run.model.trainable_variables + run.optimizer.variables:
            value = variable.value
            value.assign_add(tf.ones_like(value))
        table.scatter_nd_add([[0]], tf.ones((1, *table.shape[1:])))

    update()
    run.fill(2)
    go.set()
    run.state.wait()
    assert other.state.restore()
    assert other.values() == before != run.values()


def test_a_step_is_written_once_and_by_one_thread_at_a_time(tmp_path, monkeypatch):
    under_way, written = [], []
    write = bundle.write

    def slow(folder, tensors):
        under_way.append(folder)
        assert len(under_way) == 1
        time.sleep(0.02)
        write(folder, tensors)
        written.append(folder.name)
        under_way.pop()

    monkeypatch.setattr(bundle, "write", slow)
    state = small_run.Run(tmp_path).state
    for step in (1, 1, 2, 3, 3):
        state.step.assign(step)
        state.save()
    state.wait()
    assert written == ["step-00000001", "step-00000002", "step-00000003"]


def test_a_step_that_is_evaluated_later_is_saved_again(tmp_path):
    run, other = small_run.Run(tmp_path), small_run.Run(tmp_path)
    run.fill(1)
    run.state.step.assign(4)
    run.state.evaluated_step.assign(2)
    run.state.save()
    run.state.wait()
    assert other.state.restore() and int(other.state.evaluated_step) == 2
    other.state.evaluated_step.assign(4)
    other.state.best_step.assign(4)
    other.state.save()
    other.state.wait()
    assert run.state.restore() and run.values() == other.values()
    assert int(run.state.evaluated_step) == int(run.state.best_step) == 4


def test_best_and_last_of_one_step_share_their_bytes(tmp_path, monkeypatch):
    run = small_run.Run(tmp_path)
    run.fill(1)
    run.state.step.assign(4)
    run.state.save_best()
    run.state.save()
    run.state.wait()
    data = "step-00000004/state.data-00000-of-00001"
    assert (tmp_path / "best" / data).samefile(tmp_path / "last" / data)

    def no_links(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(pathlib.Path, "hardlink_to", no_links)
    run.state.step.assign(5)
    run.state.save()
    run.state.save_best()
    run.state.wait()
    assert checkpoints.restore_weights(run.model, tmp_path / "best") == 5


def test_best_and_last_are_not_mixed_up_where_they_differ(tmp_path):
    run = small_run.Run(tmp_path)
    run.state.save()
    run.state.best_value.assign(0.5)
    run.state.save_best()
    assert run.state.restore_best() and float(run.state.best_value) == 0.5
    run.state.wait()
    shutil.rmtree(tmp_path / "best")
    assert run.state.restore() and float(run.state.best_value) == 0.0


def test_only_the_newest_stay(tmp_path):
    run = small_run.Run(tmp_path, keep=2)
    for step in (1, 2, 3, 4):
        run.state.step.assign(step)
        run.state.save_best()
        run.state.save()
    run.state.wait()
    names = {path.name for path in (tmp_path / "last").iterdir()}
    assert names == {"step-00000003", "step-00000004"}
    assert checkpoints.steps(tmp_path / "last") == [3, 4]
    assert checkpoints.steps(tmp_path / "best") == [3, 4]


def test_a_worker_that_is_not_the_chief_restores_and_never_writes(tmp_path):
    small_run.Run(tmp_path).save_steps(3)
    worker = small_run.Run(tmp_path, writes=False)
    assert worker.state.restore() and int(worker.state.step) == 3
    worker.save_steps(4)
    worker.state.save_best()
    assert checkpoints.steps(tmp_path / "last") == [3]
    assert not (tmp_path / "best").exists()


def test_no_worker_restores_before_the_chief_has_written(tmp_path):
    chief = small_run.Run(tmp_path)
    worker = small_run.Run(tmp_path, writes=False, barrier=chief.state.wait)
    chief.state.step.assign(3)
    chief.state.save_best()
    assert worker.state.restore_best() and int(worker.state.step) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"width": 5},
            r"it has weights/0000:dense\S*/kernel float32\[3, 4\] in place of "
            r"weights/0000:dense\S*/kernel float32\[3, 5\]",
        ),
        ({"name": "top"}, "it has weights/0002:head/kernel .* weights/0002:top/kernel"),
        ({"ema": True}, "it has no ema/0000:dense"),
    ],
)
def test_another_model_is_refused_in_one_line(tmp_path, changes, message):
    small_run.Run(tmp_path).save_steps(1)
    with pytest.raises(errors.UserError, match=message) as error:
        small_run.Run(tmp_path, **changes).state.restore()
    assert "\n" not in str(error.value) and "step-00000001 does not" in str(error.value)


def test_state_that_nothing_takes_is_refused(tmp_path):
    run = small_run.Run(tmp_path, ema=True)
    run.save_steps(1)
    with pytest.raises(errors.UserError, match="it has ema/0000:dense.*/kernel, which"):
        small_run.Run(tmp_path).state.restore()
    inputs = keras.Input((3,))
    small = keras.Model(inputs, keras.layers.Dense(4)(inputs))
    with pytest.raises(
        errors.UserError, match="it has weights/0002:head/kernel, which"
    ):
        checkpoints.restore_weights(small, tmp_path / "last")


def test_the_weights_alone_are_the_averaged_ones_where_these_are_kept(tmp_path):
    run = small_run.Run(tmp_path, ema=True)
    frozen, head = run.model.layers[1], run.model.layers[-1]
    frozen.trainable = False
    run.optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    run.optimizer.build(run.model.trainable_variables)
    run.state = checkpoints.Checkpoints(tmp_path, run.model, run.optimizer, 3)
    for _ in range(3):
        run.optimizer.apply([tf.ones((4, 2)), tf.ones(2)])
    run.state.save()
    run.state.wait()
    other = small_run.model()
    assert checkpoints.restore_weights(other, tmp_path / "last") == 0
    average = run.optimizer._model_variables_moving_average[0].numpy()
    np.testing.assert_array_equal(other.layers[-1].get_weights()[0], average)
    assert np.any(average != head.get_weights()[0])
    np.testing.assert_array_equal(
        other.layers[1].get_weights()[0], frozen.get_weights()[0]
    )


def test_weights_of_a_step_can_be_asked_for(tmp_path):
    run = small_run.Run(tmp_path)
    run.save_steps(1)
    expected = run.model.get_weights()
    run.save_steps(2)
    assert checkpoints.steps(tmp_path / "last") == [1, 2]
    assert checkpoints.restore_weights(run.model, tmp_path / "last", step=1) == 1
    for ours, theirs in zip(run.model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert checkpoints.restore_weights(run.model, tmp_path / "last", step=3) is None


def _under_replicas(folder, replicas: int, saves: bool) -> None:
    """Saves, or restores and compares, under a MirroredStrategy of so many replicas."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration()] * replicas
    tf.config.set_logical_device_configuration(cpu, parts)
    names = [f"CPU:{i}" for i in range(replicas)]
    strategy = tf.distribute.MirroredStrategy(names)
    with strategy.scope():
        run = small_run.Run(folder)
        expected = [np.asarray(v.numpy()).tobytes() for v in run.variables]
        run.fill(1)
        run.state.step.assign(1)
        if saves:
            run.state.save()
            run.state.wait()
            return
        expected = run.values()
        run.fill(2)
    assert run.state.restore()
    assert run.values() == expected
    for variable in run.model.weights + run.optimizer.variables:
        copies = strategy.experimental_local_results(variable.value)
        assert len(copies) == replicas
        assert len({copy.numpy().tobytes() for copy in copies}) == 1


def test_it_restores_under_another_number_of_replicas(tmp_path):
    for replicas, saves in ((2, True), (1, False), (2, False), (4, False)):
        process = small_run.PROCESSES.Process(
            target=_under_replicas, args=(tmp_path, replicas, saves)
        )
        process.start()
        process.join(60)
        assert process.exitcode == 0
    run, expected = small_run.Run(tmp_path), small_run.Run(tmp_path)
    expected.fill(1)
    expected.state.step.assign(1)
    assert run.state.restore() and run.values() == expected.values()
