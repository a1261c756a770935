"""The compiled functions of the loop: many updates in one call, and predictions.

N steps of one call.
"""

from collections.abc import Callable

import keras
import tensorflow as tf


def train_function(
    model: keras.Model,
    loss: Callable,
    optimizer: keras.optimizers.Optimizer,
    *,
    clip_norm: float | None,
    jit_compile: bool = False,
) -> Callable:
    """A tf.function (iterator, N) -> {name: float32 [N]} that makes N updates.

    Losses and weights are summed over all replicas and the gradient is divided by
    the summed weight, so the update does not depend on how the batch was divided.
    The gradient is clipped by its global norm; where that is not finite, the update
    is skipped. Regularisation (`model.losses`) is added once, as it is.

    Args:
      model: batch["tokens"] -> outputs.
      loss: (outputs, batch) -> losses_B, weights_B, {name: (sum, count)}.
      optimizer: built over model.trainable_variables.
      clip_norm: the gradient's global norm at the most, or None.
      jit_compile: compile forward and backward with XLA.

    Returns:
      The function. It gives for each step: loss, weight, gradient_norm (before
      clipping), learning_rate, skipped (0 or 1), tokens (without padding), and the
      mean of each watched name.
    """
    strategy = tf.distribute.get_strategy()
    variables = [v.value for v in model.trainable_variables]

    @tf.function(jit_compile=jit_compile, autograph=False)
    def forward_backward(batch):
        with tf.GradientTape() as tape:
            outputs = model(batch["tokens"], training=True)
            losses_B, weights_B, watched = loss(outputs, batch)
            weight = tf.reduce_sum(weights_B)
            total = tf.reduce_sum(losses_B * weights_B)
            objective = total + weight * _sum(model.losses)
        gradients = tape.gradient(objective, variables, unconnected_gradients="zero")
        # a lookup's gradient has repeated rows: make it dense before its norm is taken
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        tokens = tf.math.count_nonzero(batch["tokens"], dtype=tf.int32)
        sums = {"loss": (total, weight)} | watched
        return gradients, weight, sums, tf.cast(tokens, tf.float32)

    def replica_gradients(batch):
        gradients, weight, sums, tokens = forward_backward(batch)
        context = tf.distribute.get_replica_context()
        gradients, weight, sums, tokens = context.all_reduce(
            tf.distribute.ReduceOp.SUM, (gradients, weight, sums, tokens)
        )
        gradients = [tf.math.divide_no_nan(g, weight) for g in gradients]
        return gradients, weight, sums, tokens

    def replica_apply(gradients):
        # apply_gradients sums over the replicas once more
        share = 1.0 / strategy.num_replicas_in_sync
        optimizer.apply_gradients(
            [
                (gradient * share, variable)
                for gradient, variable in zip(
                    gradients, model.trainable_variables, strict=True
                )
            ]
        )

    def update(batch):
        rate = tf.cast(optimizer.learning_rate, tf.float32)
        gradients, weight, sums, tokens = strategy.run(replica_gradients, (batch,))
        norm = tf.linalg.global_norm(_first(strategy, gradients))
        if clip_norm is not None:
            factor = tf.minimum(1.0, clip_norm / tf.maximum(norm, 1e-12))
            gradients = strategy.run(lambda gs: [g * factor for g in gs], (gradients,))
        finite = tf.math.is_finite(norm)
        tf.cond(
            finite,
            lambda: _nothing(strategy.run(replica_apply, (gradients,))),
            lambda: _nothing(None),
        )
        sums = _first(strategy, sums)
        row = {name: s / tf.maximum(count, 1e-12) for name, (s, count) in sums.items()}
        return row | {
            "weight": _first(strategy, weight),
            "tokens": _first(strategy, tokens),
            "gradient_norm": norm,
            "learning_rate": rate,
            "skipped": 1.0 - tf.cast(finite, tf.float32),
        }

    names: list[str] = []

    def packed(batch):
        row = update(batch)
        names[:] = sorted(row)
        return tf.stack([tf.cast(row[name], tf.float32) for name in names])

    @tf.function(reduce_retracing=True)
    def steps(iterator, num_steps):
        rows = tf.TensorArray(tf.float32, size=num_steps)
        for i in tf.range(num_steps):
            rows = rows.write(i, packed(next(iterator)))
        return rows.stack()

    def run(iterator, num_steps: int) -> dict:
        rows = steps(iterator, tf.constant(num_steps)).numpy()
        return {name: rows[:, i] for i, name in enumerate(names)}

    return run


def predict_function(model: keras.Model, jit_compile: bool = False) -> Callable:
    """A function batch -> outputs as NumPy, without dropout."""

    @tf.function(jit_compile=jit_compile, autograph=False)
    def forward(tokens_BT):
        return tf.cast(model(tokens_BT, training=False), tf.float32)

    return lambda batch: forward(batch["tokens"]).numpy()


def _sum(values):
    return tf.add_n(values) if values else tf.zeros(())


def _first(strategy, values):
    """What every replica holds alike, from the first one."""
    return tf.nest.map_structure(
        lambda value: strategy.experimental_local_results(value)[0], values
    )


def _nothing(_):
    return tf.constant(0)
