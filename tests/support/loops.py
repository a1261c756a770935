"""A small loop with its checkpoints, for tests of what happens when."""

import keras
import numpy as np
import tensorflow as tf

from tests.support import updates
from tfm.checkpoints import checkpoints
from tfm.training import loop


class Recorder:
    """A callback that keeps what it is told."""

    def __init__(self):
        self.steps, self.logs, self.evaluations = [], {}, {}
        self.warnings, self.shares = [], []

    def progress(self, at_step, rows, seconds):
        self.steps.append((at_step, len(rows["loss"])))

    def logged(self, at_step, scalars):
        self.logs[at_step] = scalars

    def evaluating(self, at_step, share):
        self.shares.append((at_step, share))

    def evaluated(self, at_step, metrics, is_best):
        self.evaluations[at_step] = is_best

    def warned(self, at_step, message):
        self.warnings.append((at_step, message))


def _plan(**changes):
    values = {
        "total_steps": 10,
        "eval_every": 4,
        "checkpoint_every": None,
        "log_every": 3,
        "best_metric": "accuracy",
        "direction": "max",
        "patience": None,
    }
    return loop.Plan(**values | changes)


def _batches(first_step):
    """Each step's batch is a function of the step alone."""

    def batch(number):
        x = tf.cast(tf.range(4), tf.float32) + tf.cast(number, tf.float32)
        return {"tokens": tf.cast(x[:, None], tf.int32), "label": tf.sin(x)}

    return tf.data.Dataset.range(first_step, 1_000_000).map(batch)


def _loss(outputs, batch):
    return tf.square(outputs[:, 0] - batch["label"]), tf.ones(4), {}


def still(iterator, count, asked, watch):
    """Steps that change no weight, and so need not be compiled."""
    row = dict.fromkeys(("loss", "weight", "tokens", "learning_rate"), 1.0)
    row |= {"skipped": 0.0, "asked": float(asked)}
    return {name: np.full(count, value, np.float32) for name, value in row.items()}


def make(
    folder,
    recorder=None,
    metrics=(),
    on_step=None,
    on_part=None,
    alter=None,
    run=None,
    same_chunks=False,
    **changes,
):
    """A Loop over a model with dropout, in `folder`; `run` in place of its steps."""
    keras.utils.set_random_seed(7)
    tokens = keras.Input((1,), dtype="int32", name="tokens")
    x = keras.layers.Dense(8, activation="tanh")(keras.ops.cast(tokens, "float32") / 9)
    model = keras.Model(
        {"tokens": tokens}, keras.layers.Dense(1)(keras.layers.Dropout(0.5)(x))
    )
    optimizer = keras.optimizers.AdamW(0.05)
    optimizer.build(model.trainable_variables)
    state = checkpoints.Checkpoints(folder, model, optimizer, keep=2)
    state.restore()
    run = run or updates.train_function(model, _loss, optimizer, clip_norm=1.0)
    left = list(metrics)

    def train(iterator, count, asked, watch):
        if on_step:
            on_step(int(state.step))
        rows = run(iterator, count, asked, watch)
        if alter:
            alter(int(state.step) + int(state.data_offset), rows)
        return rows

    def evaluate(at_step, watch):
        for part in range(4):
            watch(part / 4)
            if on_part:
                on_part(at_step, part)
        return left.pop(0) if left else {"accuracy": 0.5, "loss": 1.0}

    recorder = recorder or Recorder()
    made = loop.Loop(
        _plan(**changes),
        train,
        _batches,
        evaluate,
        state,
        [recorder],
        same_chunks=same_chunks,
    )
    return made, state, model, recorder
