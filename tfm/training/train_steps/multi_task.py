"""Multi-task learning: several losses, each with a mean of its own."""

from collections.abc import Mapping

import tensorflow as tf

from tfm import errors
from tfm.training import data_parallel
from tfm.training import train_step
from tfm.training.forward import forward


class MultiTaskStep(train_step.GradientStep):
    """The gradient of a sum of means, one of each loss, times its factor.

    A loss that few examples of a batch have counts as much as one that all have. The
    weights of each loss are summed over the whole batch first, so that the update does
    not depend on how the batch is divided.

    The objective has `losses`, their names; `weights(batch)` gives for each loss the
    weights [B] or [B, T], and `loss(outputs, batch)` {name: losses}, {name: weights}
    and what is logged.

    Args:
      components: of the training.
      factors: {name: factor} of losses; of others 1.

    Raises:
      UserError: the objective has no such loss.
    """

    def __init__(self, components: train_step.Components, factors: Mapping[str, float]):
        super().__init__(components)
        names = tuple(self.objective.losses)
        for name in factors:
            if name not in names:
                raise errors.UserError(
                    f"train_step.factors must be of the task's losses, "
                    f"{', '.join(names)}. Got {name!r}."
                )
        self._factors = {name: factors.get(name, 1.0) for name in names}

    def gradients(self, batch: Mapping, parallel: data_parallel.DataParallel):
        """Gradients of the sum of means; see train_step.GradientStep.

        Returns:
          The gradients, and loss, loss/NAME of each, weight, and what is logged.
        """
        scale = self.optimizer.loss_scale()
        weights = parallel.all_reduce(self._weights, batch)
        gradients, sums = parallel.all_reduce(self._of_shard, batch, weights, scale)
        gradients = parallel.run(lambda gs: [g / scale for g in gs], gradients)
        scalars = train_step.means(parallel.local(sums))
        loss = tf.add_n([scalars[f"loss/{n}"] * f for n, f in self._factors.items()])
        weight = tf.add_n(list(parallel.local(weights).values()))
        return gradients, scalars | {"loss": loss, "weight": weight}

    def _weights(self, rows, shard):
        found = self.objective.weights(rows)
        return {
            name: tf.reduce_sum(tf.cast(found[name], tf.float32))
            for name in self._factors
        }

    def _of_shard(self, rows, shard: data_parallel.Shard, all_weights, scale):
        def loss():
            outputs, added = forward(self.model, rows, shard)
            losses, weights, logged = train_step.losses_of(
                self.objective, outputs, rows
            )
            parts, sums = [added / shard.count], dict(logged)
            for name, factor in self._factors.items():
                total = tf.reduce_sum(losses[name] * weights[name])
                mean = tf.math.divide_no_nan(total, all_weights[name])
                parts.append(mean * factor)
                sums[f"loss/{name}"] = (total, tf.reduce_sum(weights[name]))
            return tf.add_n(parts), sums

        return train_step.loss_gradients(loss, self.model, scale)
