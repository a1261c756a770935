"""A small model with its checkpoints, for tests of them."""

import multiprocessing

import keras
import numpy as np
import tensorflow as tf

from tfm.checkpoints import checkpoints

# processes that have imported TensorFlow but not begun to use it
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["keras", "tensorflow", "tfm.checkpoints.checkpoints"])


def model(width: int = 4, name: str = "head") -> keras.Model:
    inputs = keras.Input((3,))
    x = keras.layers.Dropout(0.5)(keras.layers.Dense(width)(inputs))
    return keras.Model(inputs, keras.layers.Dense(2, name=name)(x))


def extra() -> dict[str, tf.Variable]:
    kinds = ("bfloat16", "float16", "float32", "int32", "uint32", "int8", "bool")
    return {kind: tf.Variable(tf.zeros((2, 3), kind)) for kind in kinds}


class Run:
    """A small model with its checkpoints."""

    def __init__(
        self, folder, width=4, name="head", keep=3, ema=False, ballast=1, **changes
    ):
        self.model = model(width, name)
        self.optimizer = keras.optimizers.AdamW(0.01, use_ema=ema)
        self.optimizer.build(self.model.trainable_variables)
        self.extra = extra() | {"ballast": tf.Variable(tf.zeros(ballast))}
        self.state = checkpoints.Checkpoints(
            folder, self.model, self.optimizer, keep, extra=self.extra, **changes
        )

    @property
    def variables(self) -> list:
        s = self.state
        numbers = [s.step, s.data_offset, s.best_value, s.best_loss, s.lowest_loss]
        numbers += [s.best_step, s.since_best, s.evaluated_step]
        own = [*self.model.variables, *self.optimizer.variables]
        return [*own, *self.extra.values(), *numbers]

    def fill(self, seed: int) -> None:
        """Gives each variable a value of its own."""
        rng = np.random.default_rng(seed)
        for variable in self.variables:
            values = rng.integers(0, 100, variable.shape)
            variable.assign(tf.cast(values, variable.dtype))

    def values(self) -> list[bytes]:
        return [np.asarray(v.numpy()).tobytes() for v in self.variables]

    def save_steps(self, *steps: int) -> None:
        for step in steps:
            self.fill(step)
            self.state.step.assign(step)
            self.state.save()
        self.state.wait()
