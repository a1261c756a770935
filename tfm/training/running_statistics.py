"""Running statistics, such as batch normalization's, over all parts of a batch."""

from collections.abc import Mapping
from typing import NamedTuple

import keras
import tensorflow as tf

from tfm import errors

DEPENDS = "so the update depends on how a batch is divided"  # selfcheck looks for it


class Statistic(NamedTuple):
    """A layer's running statistic, as a shard of a batch leaves it.

    Attributes:
      variable: of the layer.
      parts: "value", what the shard would assign. Of a variance besides "shift" and
        "square", the shard's mean against the running one, and the square of that.
      rate: share of a batch in a running variance: 1 - momentum.
    """

    variable: keras.Variable
    parts: dict[str, tf.Tensor]
    rate: float = 0.0

    def of_sums(self, sums: Mapping[str, tf.Tensor], count: int) -> tf.Tensor:
        """The new value from the parts' sums over `count` shards: their mean.

        A variance is that of all shards together: the mean of theirs, and the variance
        of their means. A value that is not finite leaves the old one: the update of
        such a step is skipped too.
        """
        old, value = self.variable.value, sums["value"]
        if not old.dtype.is_floating:
            return value // count
        new = value / count
        if "shift" in sums:
            between = sums["square"] / count - tf.square(sums["shift"] / count)
            new += self.rate * tf.maximum(between, 0.0)
        return tf.where(tf.reduce_all(tf.math.is_finite(new)), new, old)


def variables(model: keras.Model) -> list[keras.Variable]:
    """Running statistics of a model's layers, such as BatchNormalization's.

    These are variables that were made not to be trained; frozen weights are not
    among them, nor are the states of random numbers.
    """
    return [
        variable
        for layer in model._flatten_layers()
        for variable in layer._non_trainable_variables
    ]


def add_shifts(model: keras.Model, statistics: dict[int, Statistic]) -> None:
    """Beside variances, what is needed for that of all shards together."""
    for layer in _normalizations(model):
        mean = statistics.get(id(layer.moving_mean))
        variance = statistics.get(id(layer.moving_variance))
        if mean is None or variance is None or layer.momentum >= 1:
            continue
        rate = 1.0 - layer.momentum
        shift = (mean.parts["value"] - mean.variable.value) / rate
        parts = variance.parts | {"shift": shift, "square": tf.square(shift)}
        statistics[id(variance.variable)] = variance._replace(parts=parts, rate=rate)


def synchronized(model: keras.Model) -> bool:
    """Whether layers of the model reduce over the replicas themselves."""
    return any(layer.synchronized for layer in _normalizations(model))


def _normalizations(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    return [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]


def check(
    model: keras.Model, num_replicas: int, micro_batches: int, jit_compile: bool
) -> list[str]:
    """Whether batch normalization goes with how a batch is divided.

    Args:
      model: to be trained.
      num_replicas: of all processes.
      micro_batches: parts of a replica's batch.
      jit_compile: whether a shard's part is compiled by XLA.

    Returns:
      A line for a human where the update depends on the division.

    Raises:
      UserError: layers that reduce over the replicas cannot do so here.
    """
    layers = _normalizations(model)
    together = [layer.name for layer in layers if layer.synchronized]
    if together and num_replicas > 1 and (micro_batches > 1 or jit_compile):
        raise errors.UserError(
            f"BatchNormalization(synchronized=True) on {num_replicas} replicas takes "
            "train.micro_batches=1 and train.jit_compile=false. "
            f"{together[0]} got {micro_batches} and {str(jit_compile).lower()}."
        )
    parts = num_replicas * micro_batches
    alone = [layer.name for layer in layers]
    if micro_batches == 1:
        alone = [name for name in alone if name not in together]
    if not alone or parts == 1:
        return []
    more = f" and {len(alone) - 1} more" if len(alone) > 1 else ""
    return [
        f"Note        {alone[0]}{more}: batch normalization of each of the {parts} "
        f"parts of a batch by itself, {DEPENDS}"
    ]
