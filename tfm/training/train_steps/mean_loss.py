"""Mean loss: gradient descent on the weighted mean of the examples' losses."""

from collections.abc import Mapping

import tensorflow as tf

from tfm.training import data_parallel
from tfm.training import train_step
from tfm.training.forward import forward


class MeanLossStep(train_step.GradientStep):
    """The gradient of the weighted mean of the losses, the default train step.

    Losses and weights are summed over all shards, and the gradient is divided by the
    summed weight once; so the update does not depend on how the batch was divided.
    Regularisation (`model.losses`) is added once, as it is.
    """

    def gradients(self, batch: Mapping, parallel: data_parallel.DataParallel):
        """Gradients of the mean loss; see train_step.GradientStep.

        Returns:
          The gradients, and loss, weight and the means that the objective logs.
        """
        scale = self.optimizer.loss_scale()
        gradients, weight, sums = parallel.all_reduce(self._of_shard, batch, scale)
        gradients = parallel.run(_divided, gradients, weight, scale)
        scalars = train_step.means(parallel.local(sums))
        return gradients, scalars | {"weight": parallel.local(weight)}

    def _of_shard(self, rows, shard: data_parallel.Shard, scale):
        def loss():
            outputs, added = forward(self.model, rows, shard)
            losses_B, weights_B, logged = train_step.losses_of(
                self.objective, outputs, rows
            )
            weight = tf.reduce_sum(weights_B)
            total = tf.reduce_sum(losses_B * weights_B)
            sums = {"loss": (total, weight)} | logged
            if self.optimizer.scales_loss:
                # the mean: float16 is as near its limits in a small part as in a large
                return tf.math.divide_no_nan(total, weight) + added, (weight, sums)
            return total + weight * added, (weight, sums)

        gradients, (weight, sums) = train_step.loss_gradients(loss, self.model, scale)
        if self.optimizer.scales_loss:
            gradients = [gradient * weight for gradient in gradients]
        return gradients, weight, sums


def _divided(gradients: list, weight, scale) -> list:
    return [tf.math.divide_no_nan(g, weight * scale) for g in gradients]
