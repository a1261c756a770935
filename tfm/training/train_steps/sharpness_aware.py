"""Sharpness-aware minimization (SAM)."""

from collections.abc import Mapping

import tensorflow as tf

from tfm.training import data_parallel
from tfm.training import train_step


class SharpnessAwareStep:
    """The gradient at the worst weights nearby (Foret et al. 2021, arXiv:2010.01412).

    The weights go up the gradient of the whole batch by `radius`, the gradient there is
    applied to the weights as they were. Each update takes two passes, which drop the
    same entries.

    Args:
      step: whose gradients are taken.
      radius: length of the way up, over all weights together.
    """

    def __init__(self, step: train_step.GradientStep, radius: float):
        self._step = step
        self._radius = radius

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """The state of the step whose gradients are taken."""
        return self._step.variables

    def begin(self) -> None:
        """Begins the step whose gradients are taken."""
        self._step.begin()

    def __call__(
        self, batch: Mapping, parallel: data_parallel.DataParallel
    ) -> dict[str, tf.Tensor]:
        """One update; see TrainStep.

        Returns:
          What the step logs, of the first pass, and sharpness: by how much the loss is
          higher at the worst weights.
        """
        trained = self._step.model.trainable_variables
        random = train_step.Replay(self._step.model, parallel)
        weights = train_step.copies(trained, parallel)
        gradients, scalars = self._step.gradients(batch, parallel)
        worst = parallel.run(self._worst, weights, gradients)
        parallel.assign(trained, worst)
        random.rewind()
        gradients, there = self._step.gradients(batch, parallel)
        parallel.assign(trained, weights)
        return (
            scalars
            | {"sharpness": there["loss"] - scalars["loss"]}
            | self._step.optimizer.apply(gradients, parallel)
        )

    def _worst(self, weights: list, gradients: list) -> list:
        counted = self._step.optimizer.counted(gradients)
        factor = self._radius / (tf.linalg.global_norm(counted) + 1e-12)
        return [w + g * factor for w, g in zip(weights, counted, strict=True)]
