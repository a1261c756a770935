"""Profile of some updates of a training, by TensorFlow's profiler."""

import pathlib
from collections.abc import Mapping

import tensorflow as tf

from tfm import errors


class Profile:
    """Traces the updates `first` to `last` into FOLDER/plugins/profile.

    A call of the train function must end with each of `stops`.

    Args:
      folder: of the run's events, where TensorBoard's profile plugin looks.
      first: number of the first update that is traced, from 1.
      last: that of the last one.
      step: updates that were made before.
      total_steps: of the training.

    Raises:
      UserError: the training does not come to these updates, or is past them.
    """

    def __init__(
        self, folder: pathlib.Path, first: int, last: int, step: int, total_steps: int
    ):
        if not step < first <= min(last, total_steps):
            raise errors.UserError(
                f"--profile takes updates that are to come, {step + 1:,} to "
                f"{total_steps:,}, the first and the last. Got {first},{last}."
            )
        self.stops = (first - 1, last)
        self._folder = folder
        self._step = step
        self._is_on = False

    def __enter__(self):
        self._turn(self._step)
        return self

    def __exit__(self, *_):
        if self._is_on:
            tf.profiler.experimental.stop()
            self._is_on = False

    def progress(self, step: int, step_metrics: Mapping, seconds: float) -> None:
        """Begins before the first update, and ends after the last."""
        self._turn(step)

    def _turn(self, step: int) -> None:
        before, last = self.stops
        if self._is_on and step >= last:
            self.__exit__()
        elif not self._is_on and before <= step < last:
            tf.profiler.experimental.start(str(self._folder))
            self._is_on = True
