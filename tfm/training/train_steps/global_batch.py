"""Losses over the whole batch, such as contrastive ones with in-batch negatives.

B examples of a batch over all processes.
"""

from collections.abc import Mapping

import tensorflow as tf

from tfm import errors
from tfm.training import data_parallel
from tfm.training import forward
from tfm.training import train_step
from tfm.training.train_steps import mean_loss


class GlobalBatchStep(mean_loss.MeanLossStep):
    """The gradient of a loss that sees the outputs of all shards together.

    So each example has all others of the batch for negatives, however the batch is
    divided. In two passes (GradCache, Gao et al. 2021, arXiv:2101.06983): the outputs
    of all shards are gathered, without a gradient; every replica takes the loss's
    gradient of them; then each shard computes its outputs again, and with its rows of
    that gradient those of the weights. Memory is that of one shard, and of all outputs.
    A batch in one piece needs one pass.

    `objective.loss` gets the outputs of all B examples and the arrays of the batch that
    are no inputs of the model. A weight of the loss itself, such as a temperature, is
    an output of the model that is alike in all rows.
    """

    def gradients(self, batch: Mapping, parallel: data_parallel.DataParallel):
        """Gradients by way of all outputs; see train_step.GradientStep."""
        if parallel.num_shards == 1:
            return super().gradients(batch, parallel)
        scale = self.optimizer.loss_scale()
        random = train_step.Replay(self.model, parallel)
        outputs, others = parallel.all_gather(self._outputs, batch)
        output_gradients, weight, sums = parallel.run(
            self._of_outputs, outputs, others, scale
        )
        random.rewind()
        gradients = parallel.all_reduce(
            self._of_weights, batch, output_gradients, scale
        )
        gradients = parallel.run(lambda gs: [g / scale for g in gs], gradients)
        scalars = train_step.means(parallel.local(sums))
        return gradients, scalars | {"weight": parallel.local(weight)}

    def _outputs(self, rows, shard):
        outputs, _ = forward.forward(self.model, rows, shard)
        return outputs, {n: x for n, x in rows.items() if n not in self.model.input}

    def _of_outputs(self, outputs, others, scale):
        """The scaled gradients of the outputs that have one, by place; and the sums."""
        flat = train_step.floating(outputs)
        with tf.GradientTape() as tape:
            tape.watch(flat)
            losses_B, weights_B, logged = self.objective.loss(outputs, others)
            weight = tf.reduce_sum(weights_B)
            total = tf.reduce_sum(losses_B * weights_B)
            loss = tf.math.divide_no_nan(total, weight) * scale
        gradients = tape.gradient(loss, flat)
        if all(gradient is None for gradient in gradients):
            raise errors.UserError(train_step.NO_GRADIENT)
        gradients = [
            tf.zeros_like(x) if gradient is None else gradient
            for gradient, x in zip(gradients, flat, strict=True)
        ]
        return gradients, weight, {"loss": (total, weight)} | logged

    def _of_weights(self, rows, shard, output_gradients, scale):
        own = shard.of(output_gradients)

        def loss():
            outputs, added = forward.forward(self.model, rows, shard)
            products = [
                tf.reduce_sum(tf.cast(x, tf.float32) * tf.cast(gradient, tf.float32))
                for x, gradient in zip(train_step.floating(outputs), own, strict=True)
            ]
            return tf.add_n(products) + added * scale / shard.count, ()

        gradients, _ = train_step.loss_gradients(loss, self.model)
        return gradients
