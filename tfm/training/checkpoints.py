"""Checkpoints of all state: the newest few, and the best by validation."""

import pathlib

import keras
import tensorflow as tf


class Checkpoints:
    """Saves and restores everything that a run is made of.

    One tf.train.Checkpoint holds weights, optimizer, step, the state of every
    random-number generator of the model, and what is known of the best evaluation.
    The data order needs no state: it is a function of the seed and the step.

    The variables are listed, not found by following objects: a Keras layer that
    keeps its sublayers in a list hides them from tf.train.Checkpoint(model=...),
    which saves and restores without them and without a word.

    Args:
      folder: gets the folders last/ and best/.
      model, optimizer: both built.
      keep: how many of the newest checkpoints stay.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        keep: int,
    ):
        self.step = tf.Variable(0, dtype=tf.int64, name="step")
        self.best_value = tf.Variable(0.0, dtype=tf.float64, name="best_value")
        self.best_step = tf.Variable(-1, dtype=tf.int64, name="best_step")
        self.since_best = tf.Variable(0, dtype=tf.int64, name="since_best")
        checkpoint = tf.train.Checkpoint(
            weights=_values(model.weights),
            optimizer=_values(optimizer.variables),
            seeds=_values(random_states(model)),
            step=self.step,
            best_value=self.best_value,
            best_step=self.best_step,
            since_best=self.since_best,
        )
        self._checkpoint = checkpoint
        self._last = tf.train.CheckpointManager(
            checkpoint, str(folder / "last"), max_to_keep=keep, checkpoint_name="step"
        )
        self._best = tf.train.CheckpointManager(
            checkpoint, str(folder / "best"), max_to_keep=1, checkpoint_name="step"
        )

    def save(self) -> None:
        """Writes the newest state, once for a step."""
        if self._last.latest_checkpoint != self._path(self._last):
            self._last.save(self.step)

    def save_best(self) -> None:
        self._best.save(self.step)

    def _path(self, manager) -> str:
        return f"{manager.directory}/step-{int(self.step)}"

    def restore(self) -> bool:
        """Restores the newest state; False where there is none."""
        return self._restore(self._last)

    def restore_best(self) -> bool:
        """Restores the state of the best evaluation; False where there is none."""
        return self._restore(self._best)

    def _restore(self, manager) -> bool:
        path = manager.latest_checkpoint
        if path is None:
            return False
        self._checkpoint.restore(path).assert_consumed()
        return True


def restore_weights(model: keras.Model, folder: pathlib.Path) -> int | None:
    """Loads only the model's weights from the newest checkpoint in `folder`.

    Returns:
      The step at which it was saved, or None where there is no checkpoint.
    """
    path = tf.train.latest_checkpoint(str(folder))
    if path is None:
        return None
    step = tf.Variable(0, dtype=tf.int64)
    checkpoint = tf.train.Checkpoint(weights=_values(model.weights), step=step)
    checkpoint.restore(path).expect_partial().assert_existing_objects_matched()
    return int(step)


def random_states(model: keras.Model) -> list:
    """The state of every keras.random.SeedGenerator in the model."""
    weights = {id(variable) for variable in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def _values(variables) -> list[tf.Variable]:
    return [variable.value for variable in variables]
