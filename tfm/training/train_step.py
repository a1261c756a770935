"""Train step: how an update is computed from a batch, as a program in a graph.

A step is written once, for any number of replicas, processes and micro-batches: with
the collective operations of DataParallel. docs/concepts/train_steps.md shows how.
"""

import dataclasses
from collections.abc import Callable
from collections.abc import Mapping
from typing import Protocol

import keras
import tensorflow as tf

from tfm import errors
from tfm.adaptation import groups
from tfm.checkpoints import randomness
from tfm.training import clipped_optimizer
from tfm.training import data_parallel
from tfm.training import precision

NO_GRADIENT = (
    "The task's loss must depend on the model's outputs by operations that have a "
    "gradient. It depends on none of them so."
)


class TrainStep(Protocol):
    """One update of a model.

    Attributes:
      variables: what the step keeps besides model and optimizer, by name; a checkpoint
        has it as extra/NAME.
    """

    variables: Mapping[str, object]

    def begin(self) -> None:
        """Called once, when the weights are there that training begins with."""

    def __call__(
        self, batch: Mapping, parallel: data_parallel.DataParallel
    ) -> dict[str, tf.Tensor]:
        """Makes an update, in a graph and outside of the replicas.

        Args:
          batch: {name: [B, ...]} of this process, as the objective's examples have it,
            with "weight" float32 [B] and "position" int64 [B], the examples' places in
            the endless order.
          parallel: collective operations over all shards of the batch.

        Returns:
          Scalars to log: loss, weight (of the batch: a logged mean weighs steps by it),
          gradient_norm, learning_rate, skipped (0 or 1), and the step's own.
        """


@dataclasses.dataclass(frozen=True)
class Components:
    """The parts that a train step is built of, in the strategy's scope.

    Attributes:
      model: with the objective's head, built.
      objective: an interfaces.Objective.
      optimizer: a Keras optimizer, built over model.trainable_variables.
      clip_norm: the gradient's global norm at the most, or None.
      loss_scale: for float16.
      batch_size: examples of a batch over all processes.
      total_steps: updates of the training.
      seed: of the run.
    """

    model: keras.Model
    objective: object
    optimizer: keras.optimizers.Optimizer
    clip_norm: float | None = None
    loss_scale: precision.LossScale | None = None
    batch_size: int | None = None
    total_steps: int | None = None
    seed: int = 0

    def clipped_optimizer(self) -> clipped_optimizer.ClippedOptimizer:
        """The optimizer over the model's trainable variables, which clips and skips."""
        return clipped_optimizer.ClippedOptimizer(
            self.optimizer,
            self.model.trainable_variables,
            clip_norm=self.clip_norm,
            scale=self.loss_scale or precision.LossScale(False),
            layers={group.name: group.variables for group in groups.of(self.model)}
            if hasattr(self.model, "_nodes_by_depth")  # Functional
            else {},
        )


class GradientStep:
    """A train step that applies one gradient of one loss; see MeanLoss.

    A subclass has `gradients`.
    """

    def __init__(self, components: Components):
        self.model = components.model
        self.objective = components.objective
        self.optimizer = components.clipped_optimizer()

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """The state of the step besides model and optimizer, for checkpoints."""
        return self.optimizer.variables

    def begin(self) -> None:
        """Does nothing: the step keeps nothing of the weights."""

    def gradients(self, batch: Mapping, parallel: data_parallel.DataParallel):
        """The gradients of the model's trainable variables, replicated, and scalars."""
        raise NotImplementedError

    def __call__(
        self, batch: Mapping, parallel: data_parallel.DataParallel
    ) -> dict[str, tf.Tensor]:
        """One update; see TrainStep."""
        gradients, scalars = self.gradients(batch, parallel)
        return scalars | self.optimizer.apply(gradients, parallel)


def train_function(step: TrainStep, parallel: data_parallel.DataParallel) -> Callable:
    """A function (iterator, N, asked, watch) -> {name: float32 [N]} of N updates.

    The iterator is a plain one, of this process's batches. With `watch` the last update
    has the norms of its layers, which are NaN elsewhere; see layer_norms.

    Args:
      step: a TrainStep.
      parallel: made in the scope of the strategy to train under.

    Returns:
      The function. It gives for each step what the step gives, and what rides along
      (DataParallel.update), and input_seconds, for which it waited for its batch; not
      where operations are deterministic, which leaves no clock. Its attribute
      `update` makes one update in a graph: (batch, asked) -> {name: scalar}.
    """
    names: list[str] = []
    has_clock = _has_clock()

    def packed(iterator, asked, watched, after):
        seconds = None
        if has_clock:
            batch, seconds = _waited(iterator, after)
        else:
            batch = next(iterator)
        row = parallel.update(step, batch, asked, watched)
        if seconds is not None:
            row["input_seconds"] = seconds
        names[:] = sorted(row)
        return tf.stack([tf.cast(row[name], tf.float32) for name in names])

    # without autograph, which would wrap a mistake that is told into a traceback
    @tf.function(reduce_retracing=True, autograph=False)
    def steps(iterator, num_steps, asked, watch):
        rows = tf.TensorArray(tf.float32, size=num_steps)
        one = lambda i, rows: (  # noqa: E731
            i + 1,
            rows.write(
                i, packed(iterator, asked, watch & (i == num_steps - 1), rows.flow)
            ),
        )
        _, rows = tf.while_loop(lambda i, _: i < num_steps, one, (tf.constant(0), rows))
        return rows.stack()

    def run(iterator, num_steps: int, asked: bool = False, watch: bool = False) -> dict:
        asked, watch = tf.constant(float(asked)), tf.constant(watch)
        rows = steps(iterator, tf.constant(num_steps), asked, watch).numpy()
        return {name: rows[:, i] for i, name in enumerate(names)}

    run.update = lambda batch, asked: parallel.update(step, batch, asked)
    return run


def _has_clock() -> bool:
    """Whether time can be told in a graph; not where operations are deterministic."""
    try:
        tf.timestamp()
    except tf.errors.FailedPreconditionError:
        return False
    return True


def _waited(iterator, after: tf.Tensor):
    """The next batch, and the seconds until it was there, a float32 scalar.

    Args:
      iterator: of batches.
      after: a tensor that is there when the update before was computed.
    """
    with tf.control_dependencies([after]):
        asked = tf.timestamp()
    with tf.control_dependencies([asked]):
        batch = next(iterator)
    with tf.control_dependencies(tf.nest.flatten(batch)[:1]):
        return batch, tf.cast(tf.timestamp() - asked, tf.float32)


def losses_of(objective, outputs, batch: Mapping) -> tuple:
    """The losses of an objective, with weights and sums to log: objective.loss.

    Raises:
      UserError: the losses depend on no output by operations that have a gradient, as
        where they were computed by NumPy: they would train nothing, without a word.
    """
    floats = floating(outputs)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(floats)
        found = objective.loss(outputs, batch)
        losses = [tf.reduce_sum(x) for x in tf.nest.flatten(found[0])]
    for loss in losses:
        if all(gradient is None for gradient in tape.gradient(loss, floats)):
            raise errors.UserError(NO_GRADIENT)
    return found


def floating(outputs) -> list[tf.Tensor]:
    """The outputs of a model that have a gradient, in one list."""
    return [x for x in tf.nest.flatten(outputs) if x.dtype.is_floating]


def loss_gradients(loss: Callable, model: keras.Model, scale=1.0):
    """The gradients of a scalar loss of the model's trainable variables, and more.

    Args:
      loss: () -> the scalar, and what else is to be returned; in it the model is
        called.
      model: whose variables are trained.
      scale: a factor of the loss, for float16.

    Returns:
      Dense gradients, and what else `loss` gave.
    """
    variables = [v.value for v in model.trainable_variables]
    with tf.GradientTape() as tape:
        value, more = loss()
        value = value * scale
    gradients = tape.gradient(value, variables)
    # a lookup's gradient has repeated rows: make it dense before its norm is taken
    return [
        tf.zeros_like(variable) if gradient is None else tf.convert_to_tensor(gradient)
        for gradient, variable in zip(gradients, variables, strict=True)
    ], more


class Replay:
    """The state of a model's random numbers, to draw the same ones in a second pass.

    Two passes of one update must drop the same entries: else the gradient of the second
    is one of another function.

    Args:
      model: whose layers draw.
      parallel: of the step. The state is that of now.
    """

    def __init__(self, model: keras.Model, parallel: data_parallel.DataParallel):
        self._states = [g.state for g in randomness.generators(model)]
        self._parallel = parallel
        self._values = copies(self._states, parallel)

    def rewind(self) -> None:
        """Puts the state back."""
        self._parallel.assign(self._states, self._values)


def copies(variables: list, parallel: data_parallel.DataParallel) -> list:
    """The variables' present values, replicated."""
    return parallel.run(lambda: [tf.identity(v.value) for v in variables])


def means(sums: Mapping[str, tuple]) -> dict[str, tf.Tensor]:
    """{name: sum / count} of {name: (sum, count)}, 0 where nothing was counted."""
    return {name: s / tf.maximum(count, 1e-12) for name, (s, count) in sums.items()}
