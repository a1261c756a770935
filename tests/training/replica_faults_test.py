"""What goes wrong on one replica of two is met by both as by one device."""

import numpy as np
import pytest

from tests.support import small_run

BATCH = 8
INFINITE, SPIKE = 13, 33  # batches


def _batches(first: int):
    """Batches with faults in their last rows, which only the last replica sees."""
    import tensorflow as tf

    def batch(number):
        x = tf.cast(tf.range(BATCH), tf.float32) + tf.cast(number, tf.float32)
        is_last = tf.range(BATCH) == BATCH - 1
        fault = tf.where(number == INFINITE, np.inf, 0.0)
        fault += tf.where(number == SPIKE, 1e4, 0.0)
        label = tf.sin(x) + tf.where(is_last, tf.cast(fault, tf.float32), 0.0)
        return {"tokens": tf.cast(x[:, None], tf.int32), "label": label}

    return tf.data.Dataset.range(first, 1_000_000).map(batch)


def _loss(outputs, batch):
    import tensorflow as tf

    return tf.square(outputs[:, 0] - batch["label"]), tf.ones_like(batch["label"]), {}


class _Warnings(list):
    """A reporter that keeps what it is warned of."""

    def warned(self, step, message):
        self.append(f"{step}: {message}")

    def progress(self, *_): ...

    logged = evaluating = evaluated = progress


def _train(replicas: int, folder) -> None:
    import keras

    from tests.support import updates
    from tfm.checkpoints import checkpoints
    from tfm.distribution import job as jobs
    from tfm.training import loop

    kind = "mirrored" if replicas > 1 else "one"
    job = jobs.Job(kind, logical_devices=replicas if replicas > 1 else 0)
    keras.utils.set_random_seed(7)
    with job.strategy.scope():
        tokens = keras.Input((1,), dtype="int32", name="tokens")
        x = keras.layers.Dense(8, activation="tanh")(
            keras.ops.cast(tokens, "float32") / 9
        )
        model = keras.Model({"tokens": tokens}, keras.layers.Dense(1)(x))
        optimizer = keras.optimizers.AdamW(0.01)
        optimizer.build(model.trainable_variables)
        train = updates.train_function(model, _loss, optimizer, clip_norm=1.0)
    warnings = _Warnings()
    plan = loop.Plan(
        total_steps=40,
        eval_every=40,
        checkpoint_every=10,
        log_every=5,
        best_metric="loss",
        direction="min",
        patience=None,
        spike_factor=100.0,
    )
    with checkpoints.Checkpoints(folder, model, optimizer, keep=2) as state:
        made = loop.Loop(
            plan,
            train,
            _batches,
            lambda step, watch: {"loss": 1.0},
            state,
            [warnings],
            same_chunks=True,  # so that both go as far before a fault is seen
        )
        assert made.run() == "finished"
    local = job.strategy.experimental_local_results
    copies = [[copy.numpy() for copy in local(v.value)] for v in model.weights]
    found = {f"weight {i}": np.stack(values) for i, values in enumerate(copies)}
    left_out = int(state.data_offset)
    np.savez(folder / "out.npz", warnings=warnings, left_out=left_out, **found)


def test_a_gradient_and_a_loss_spoilt_on_one_replica(tmp_path):
    found = []
    for replicas in (1, 2):
        folder = tmp_path / str(replicas)
        process = small_run.PROCESSES.Process(target=_train, args=(replicas, folder))
        process.start()
        process.join(240)
        process.kill()
        assert process.exitcode == 0
        found.append(dict(np.load(folder / "out.npz")))
    one, two = found
    skipped, jumped = two["warnings"]
    assert skipped == (
        f"{INFINITE + 1}: gradient not finite, update skipped: batch {INFINITE}"
    )
    assert jumped.startswith("35: loss jumped to ")
    assert jumped.endswith(
        "; back to the checkpoint of step 30, without the batches since then"
    )
    np.testing.assert_array_equal(two["warnings"], one["warnings"])
    assert two["left_out"] == one["left_out"] == 5
    names = [name for name in one if name.startswith("weight")]
    assert len(names) == 4
    for name in names:
        assert len(one[name]) == 1
        first, second = two[name]
        np.testing.assert_array_equal(second, first)
        assert second == pytest.approx(one[name][0], rel=1e-4, abs=1e-5)
