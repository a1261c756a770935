"""Data parallel updates with gradient accumulation, compiled: many in one call.

N steps of one call, B batch of this process, R replicas, M micro-batches.
"""

import contextlib
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

import keras
import tensorflow as tf

from tfm.adaptation import layerwise
from tfm.checkpoints import randomness
from tfm.distribution import strategy as strategies
from tfm.training import precision


def train_function(
    model: keras.Model,
    loss: Callable,
    optimizer: keras.optimizers.Optimizer,
    *,
    clip_norm: float | None,
    micro_batches: int = 1,
    loss_scale: precision.LossScale | None = None,
    jit_compile: bool = False,
    ids: Sequence[str] = (),
) -> Callable:
    """A function (iterator, N) -> {name: float32 [N]} that makes N updates.

    Losses and weights are summed over all micro-batches and replicas, and the gradient
    is divided by the summed weight once; so the update does not depend on how the
    batch was divided. Then the gradient is clipped by its global norm; where that
    is not finite, no replica updates. Regularisation (`model.losses`) is added once,
    as it is.

    Made in the scope of a strategy, it runs on its replicas. The iterator is a plain
    one, of this process's batches; each replica takes its part of them.

    Args:
      model: from a dict of inputs, which are arrays of the batch, to outputs.
      loss: (outputs, batch) -> losses_B, weights_B, {name: (sum, count)}. A loss of
        each token, [B, T], has weights of the same shape.
      optimizer: built over model.trainable_variables.
      clip_norm: the gradient's global norm at the most, or None.
      micro_batches: M, parts of a replica's batch that are computed one by one.
      loss_scale: for float16; None is no scaling.
      jit_compile: compile forward and backward with XLA.
      ids: names of the arrays of a batch whose entries but 0 are counted as tokens.

    Returns:
      The function. It gives for each step: loss, weight, gradient_norm (before
      clipping), learning_rate, skipped (0 or 1), tokens (without padding), asked
      (how many processes were asked to stop), and the mean of each metric. Its
      attribute `update` makes one update in a graph: (batch, asked) -> {name: scalar}.
    """
    strategy = tf.distribute.get_strategy()
    loss_scale = loss_scale or precision.LossScale(False)
    variables = [v.value for v in model.trainable_variables]

    @tf.function(jit_compile=jit_compile, autograph=False)
    def forward_backward(batch, replica_id, scale):
        with tf.GradientTape() as tape, randomness.of_replica(model, replica_id):
            outputs = model(inputs_of(model, batch), training=True)
            losses_B, weights_B, watched = loss(outputs, batch)
            weight = tf.reduce_sum(weights_B)
            total = tf.reduce_sum(losses_B * weights_B)
            objective = (total + weight * _sum(model.losses)) * scale
        gradients = tape.gradient(objective, variables, unconnected_gradients="zero")
        # a lookup's gradient has repeated rows: make it dense before its norm is taken
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        tokens = tf.reduce_sum(
            [tf.math.count_nonzero(batch[name], dtype=tf.int32) for name in ids]
        )
        sums = {"loss": (total, weight)} | watched
        return gradients, weight, sums, tf.cast(tokens, tf.float32)

    def micro_batch_sums(batch, replica_id, scale):
        def part(number):
            micro = shard(batch, number, micro_batches)
            return forward_backward(micro, replica_id, scale)

        sums = part(0)
        if micro_batches == 1:
            return sums
        add = lambda number, sums: (  # noqa: E731
            number + 1,
            tf.nest.map_structure(tf.add, sums, part(number)),
        )
        return tf.while_loop(
            lambda number, _: number < micro_batches, add, (tf.constant(1), sums)
        )[1]

    def replica_gradients(batch, asked, scale):
        context = tf.distribute.get_replica_context()
        replica_id = context.replica_id_in_sync_group
        local = strategies.local_replicas(strategy)
        batch = shard(batch, replica_id % local, local)
        gradients, weight, sums, tokens = micro_batch_sums(batch, replica_id, scale)
        asked = tf.identity(asked)  # a tensor of this replica, as the others are
        gradients, weight, sums, tokens, asked = context.all_reduce(
            tf.distribute.ReduceOp.SUM, (gradients, weight, sums, tokens, asked)
        )
        gradients = [tf.math.divide_no_nan(g, weight * scale) for g in gradients]
        return gradients, weight, sums, tokens, asked

    def replica_apply(gradients):
        # apply_gradients sums over the replicas once more
        share = 1.0 / strategy.num_replicas_in_sync
        pairs = zip(gradients, model.trainable_variables, strict=True)
        optimizer.apply_gradients([(g * share, variable) for g, variable in pairs])

    def update(batch, asked):
        rate = tf.cast(optimizer.learning_rate, tf.float32)
        scale = tf.convert_to_tensor(loss_scale.scale)
        gradients, weight, sums, tokens, asked = strategy.run(
            replica_gradients, (batch, asked, scale)
        )
        counted = layerwise.counted(optimizer, first(strategy, gradients))
        norm = tf.linalg.global_norm(counted)
        if clip_norm is not None:
            factor = tf.minimum(1.0, clip_norm / tf.maximum(norm, 1e-12))
            gradients = strategy.run(lambda gs: [g * factor for g in gs], (gradients,))
        finite = tf.math.is_finite(norm)
        tf.cond(
            finite,
            lambda: _nothing(strategy.run(replica_apply, (gradients,))),
            lambda: _nothing(None),
        )
        loss_scale.update(finite)
        sums = first(strategy, sums)
        row = {name: s / tf.maximum(count, 1e-12) for name, (s, count) in sums.items()}
        return row | {
            "weight": first(strategy, weight),
            "tokens": first(strategy, tokens),
            "asked": first(strategy, asked),
            "gradient_norm": norm,
            "learning_rate": rate,
            "skipped": 1.0 - tf.cast(finite, tf.float32),
        }

    names: list[str] = []

    @tf.autograph.experimental.do_not_convert
    def packed(batch, asked):
        row = update(batch, asked)
        names[:] = sorted(row)
        return tf.stack([tf.cast(row[name], tf.float32) for name in names])

    @tf.function(reduce_retracing=True)
    def steps(iterator, num_steps, asked):
        rows = tf.TensorArray(tf.float32, size=num_steps)
        for i in tf.range(num_steps):
            rows = rows.write(i, packed(next(iterator), asked))
        return rows.stack()

    def run(iterator, num_steps: int, asked: bool = False) -> dict:
        asked = tf.constant(float(asked))
        rows = steps(iterator, tf.constant(num_steps), asked).numpy()
        return {name: rows[:, i] for i, name in enumerate(names)}

    run.update = update
    return run


def inputs_of(model: keras.Model, batch) -> dict:
    """The model's inputs of a batch, by name."""
    return {name: batch[name] for name in model.input}


@contextlib.contextmanager
def averaged_weights(model: keras.Model, optimizer) -> Iterator[None]:
    """Puts the exponential moving average of the weights, if any, into the model.

    While it is entered; then the model has its own weights again.
    """
    if not optimizer.use_ema:
        yield
        return
    weights = [variable.numpy() for variable in model.trainable_variables]
    averages = optimizer._model_variables_moving_average
    for variable, average in zip(model.trainable_variables, averages, strict=True):
        variable.assign(average)
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, weights, strict=True):
            variable.assign(value)


def shard(batch, number, parts: int):
    """Part `number` of `parts` equal ones of the first axis of every tensor."""
    if parts == 1:
        return batch

    def cut(tensor):
        size = tensor.shape[0] // parts
        start = tf.cast(number, tf.int32) * size
        return tf.slice(
            tensor,
            [start, *[0] * (len(tensor.shape) - 1)],
            [size, *tensor.shape[1:]],
        )

    return tf.nest.map_structure(cut, batch)


def _sum(values):
    return tf.add_n(values) if values else tf.zeros(())


def first(strategy, values):
    """The value that every replica holds alike, from this process's first one."""
    return tf.nest.map_structure(
        lambda value: strategy.experimental_local_results(value)[0], values
    )


def _nothing(_):
    return tf.constant(0)
