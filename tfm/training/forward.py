"""The forward pass of a shard in training: dropout, running statistics, regularisation.

The one place where a model that is trained is called.
"""

from collections.abc import Mapping

import keras
import tensorflow as tf

from tfm.checkpoints import randomness
from tfm.training import data_parallel
from tfm.training import running_statistics


def forward(model: keras.Model, rows: Mapping, shard: data_parallel.Shard):
    """The outputs of a model in training, and the sum of its own losses.

    What is random in its layers is drawn for the shard's replica. What they keep of all
    batches, such as the moving averages of BatchNormalization, does not change at once:
    DataParallel.all_reduce makes it the mean over all shards.

    Args:
      model: from a dict of inputs, which are among the rows, to outputs.
      rows: {name: array of the shard's examples}
      shard: as all_reduce and all_gather give it.

    Returns:
      The outputs, and the sum of `model.losses`: regularisation and add_loss.
    """
    inputs = inputs_of(model, rows)
    kept = running_statistics.variables(model)
    with randomness.of_replica(model, shard.replica):
        if not kept:
            outputs = model(inputs, training=True)
            return outputs, _sum(model.losses)
        # a scope in which nothing is assigned: what would be is taken out of it
        before = [(s.variable, s.parts["value"]) for s in shard.statistics.values()]
        with keras.StatelessScope(before, collect_losses=True) as scope:
            outputs = model(inputs, training=True)
        added = _sum([*scope.losses, *model.losses])
        for variable in kept:
            value = scope.get_current_value(variable)
            if value is not None:
                statistic = running_statistics.Statistic(variable, {"value": value})
                shard.statistics[id(variable)] = statistic
        running_statistics.add_shifts(model, shard.statistics)
        for generator in randomness.generators(model):
            value = scope.get_current_value(generator.state)
            if value is not None:
                generator.state.assign(value)
        return outputs, added


def inputs_of(model: keras.Model, batch: Mapping) -> dict:
    """The model's inputs of a batch, by name."""
    return {name: batch[name] for name in model.input}


def _sum(values):
    return tf.add_n(values) if values else tf.zeros(())
