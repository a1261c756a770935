"""Mean teacher: consistency with an exponential moving average (EMA) of the weights."""

import dataclasses
from collections.abc import Callable
from collections.abc import Mapping

import keras
import tensorflow as tf

from tfm.training import data_parallel
from tfm.training import forward
from tfm.training import train_step


class EMATeacherStep:
    """A student that learns to agree with an average of itself.

    The teacher has the student's architecture and the average of its weights over the
    updates (Tarvainen and Valpola 2017, arXiv:1703.01780); its outputs, without dropout
    and without a gradient, are what `objective.consistency` compares with. It is kept
    in checkpoints; what is scored and predicts is the student.

    Args:
      components: of the training; made in the strategy's scope.
      build: Components -> the step that trains the student.
      decay: share of the teacher's weights that stays at an update.
      consistency: factor of the consistency loss.
      ramp_up: share of all steps over which that factor grows to its value.
    """

    def __init__(
        self,
        components: train_step.Components,
        build: Callable,
        *,
        decay: float,
        consistency: float,
        ramp_up: float,
    ):
        self._model = components.model
        self._optimizer = components.optimizer
        self._decay = decay
        self._consistency = consistency
        self._ramp_up_steps = ramp_up * (components.total_steps or 0)
        student = self._model.trainable_variables
        self._teacher = [
            keras.Variable(v, dtype=v.dtype, trainable=False, name="teacher")
            for v in student
        ]
        objective = _Consistent(components.objective, self._answer, self._factor)
        self._step = build(dataclasses.replace(components, objective=objective))

    @property
    def variables(self) -> dict[str, object]:
        """The state besides model and optimizer: the step's own, and the teacher."""
        names = [v.path for v in self._model.trainable_variables]
        teacher = enumerate(zip(names, self._teacher, strict=True))
        return dict(self._step.variables) | {
            f"teacher/{i:04}:{path}": variable for i, (path, variable) in teacher
        }

    def begin(self) -> None:
        """The teacher begins as the student does."""
        self._step.begin()
        pairs = zip(self._teacher, self._model.trainable_variables, strict=True)
        for average, weight in pairs:
            average.assign(weight)

    def __call__(
        self, batch: Mapping, parallel: data_parallel.DataParallel
    ) -> dict[str, tf.Tensor]:
        """One update; see TrainStep.

        Returns:
          What the student's step logs, with consistency, the mean of that loss.
        """
        scalars = self._step(batch, parallel)
        # few updates have been averaged at the beginning: then the newer weigh more
        updates = tf.cast(tf.convert_to_tensor(self._optimizer.iterations), tf.float32)
        decay = tf.minimum(self._decay, updates / (updates + 1.0))
        share = (1.0 - decay) * (1.0 - scalars["skipped"])

        def averages(share):
            pairs = zip(self._teacher, self._model.trainable_variables, strict=True)
            return [a.value + share * (w.value - a.value) for a, w in pairs]

        parallel.assign(self._teacher, parallel.run(averages, share))
        return scalars

    def _answer(self, rows: Mapping):
        """The teacher's outputs, from a dict with the model's inputs."""
        pairs = zip(self._model.trainable_variables, self._teacher, strict=True)
        with keras.StatelessScope([(v, average.value) for v, average in pairs]):
            outputs = self._model(forward.inputs_of(self._model, rows), training=False)
        return tf.nest.map_structure(tf.stop_gradient, outputs)

    def _factor(self) -> tf.Tensor:
        """The factor of the consistency loss at the present step."""
        if not self._ramp_up_steps:
            return tf.constant(self._consistency)
        step = tf.cast(tf.convert_to_tensor(self._optimizer.iterations), tf.float32)
        missing = 1.0 - tf.minimum(1.0, step / self._ramp_up_steps)
        return self._consistency * tf.exp(-5.0 * tf.square(missing))


class _Consistent:
    """An objective's loss with that of the teacher added."""

    def __init__(self, objective, teacher: Callable, factor: Callable):
        self._objective = objective
        self._teacher = teacher
        self._factor = factor

    def loss(self, outputs, batch: Mapping):
        losses, weights, logged = self._objective.loss(outputs, batch)
        apart = self._objective.consistency(outputs, batch, self._teacher)
        sums = (tf.reduce_sum(apart * weights), tf.reduce_sum(weights))
        return (
            losses + self._factor() * apart,
            weights,
            dict(logged) | {"consistency": sums},
        )

    def __getattr__(self, name: str):
        return getattr(self._objective, name)
