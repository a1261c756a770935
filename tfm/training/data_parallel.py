"""Data parallel training and gradient accumulation: the parts of a batch together.

N steps of one call, B batch of this process, R replicas, M micro-batches: R * M shards
over all processes. What is written with `all_reduce` and `all_gather` does not depend
on the division.
"""

import dataclasses
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

import tensorflow as tf

from tfm.distribution import strategy as strategies
from tfm.training import running_statistics


@dataclasses.dataclass(frozen=True)
class Shard:
    """One of the equal parts of a batch: a micro-batch of a replica.

    Attributes:
      replica: the replica's number among those of all processes, a scalar.
      index: the micro-batch's number, a scalar.
      micro_batches: M.
      count: R * M, all shards of the batch.
      statistics: new values of running statistics that were computed on the shard;
        forward.forward puts them here, as {id of the variable: Statistic}
    """

    replica: tf.Tensor
    index: tf.Tensor
    micro_batches: int
    count: int
    statistics: dict = dataclasses.field(default_factory=dict)

    @property
    def number(self) -> tf.Tensor:
        """The shard's place in the batch, from 0."""
        index = tf.cast(self.index, tf.int32)
        return tf.cast(self.replica, tf.int32) * self.micro_batches + index

    def of(self, whole):
        """This shard's rows of what `DataParallel.all_gather` gave."""
        return part(whole, self.number, self.count)


class DataParallel:
    """The collective operations of train steps, and `run` and `assign` by all alike.

    Made in the scope of a strategy, for its replicas. A value is called replicated
    where every replica has it alike: what these methods return, and plain tensors.

    Args:
      micro_batches: M, parts of a replica's batch that are computed one by one
        (gradient accumulation).
      jit_compile: compile with XLA what is computed of a shard.
      token_ids: names of the arrays of a batch whose entries but 0 are counted as
        tokens.
      batch_size: examples of a batch over all processes, for `batch_number`.
      synchronized: whether layers reduce over the replicas themselves.
    """

    def __init__(
        self,
        *,
        micro_batches: int = 1,
        jit_compile: bool = False,
        token_ids: Sequence[str] = (),
        batch_size: int | None = None,
        synchronized: bool = False,
    ):
        self.micro_batches = micro_batches
        self._strategy = tf.distribute.get_strategy()
        self._jit_compile = jit_compile
        self._token_ids = tuple(token_ids)
        self._batch_size = batch_size
        self._synchronized = synchronized and micro_batches == 1 and not jit_compile
        self.watched: tf.Tensor | None = None  # see update
        self._begin()

    @property
    def num_shards(self) -> int:
        """R * M, over all processes."""
        return self._strategy.num_replicas_in_sync * self.micro_batches

    def all_reduce(self, f: Callable, batch: Mapping, *replicated):
        """The sum over all shards of f(rows, shard, *replicated), replicated.

        Args:
          f: gives a nest of tensors; rows are those of `batch` that the shard has.
          batch: {name: [B, ...]}
          *replicated: what f is given besides.
        """
        riding, self._riding = self._riding, None
        updated: list[running_statistics.Statistic] = []

        def of_replica(batch, *replicated):
            context = tf.distribute.get_replica_context()
            rows = self._rows_of_replica(batch, context)
            compute = self._compiled(f, updated)
            sums = self._sum(lambda i: compute(*self._shard(rows, i), *replicated))
            rode = {}
            if riding is not None:
                rode = {"asked": tf.identity(riding), "tokens": self._tokens(rows)}
            return context.all_reduce(tf.distribute.ReduceOp.SUM, (sums, rode))

        (sums, statistics), rode = self._strategy.run(of_replica, (batch, *replicated))
        self._rode |= rode
        self._assign_statistics(updated, statistics)
        return sums

    def all_gather(self, f: Callable, batch: Mapping, *replicated):
        """The rows of f(rows, shard, *replicated) of all shards in order, replicated.

        Args:
          f: gives a nest of tensors whose first axis is the rows.
          batch: {name: [B, ...]}
          *replicated: what f is given besides.

        Returns:
          The nest, with the rows of all processes' batches.
        """
        replicas = self._strategy.num_replicas_in_sync

        def of_replica(batch, *replicated):
            context = tf.distribute.get_replica_context()
            rows = self._rows_of_replica(batch, context)
            compute = self._compiled(f, [], keep=False)
            found, _ = self._stack(
                lambda i: compute(*self._shard(rows, i), *replicated)
            )
            if replicas == 1:
                return found
            whole = context.all_gather(found, axis=0)
            return tf.nest.map_structure(  # which does not know how many rows it has
                lambda all_, own: tf.ensure_shape(
                    all_, [replicas * own.shape[0], *own.shape[1:]]
                ),
                whole,
                found,
            )

        return self._strategy.run(of_replica, (batch, *replicated))

    def run(self, f: Callable, *replicated):
        """f(*replicated), computed by every replica alike; replicated."""
        return self._strategy.run(f, replicated)

    def assign(self, variables: Sequence, values: Sequence) -> None:
        """Assigns replicated values to the Keras variables on every replica."""
        for variable, value in zip(variables, values, strict=True):
            self._strategy.extended.update(
                getattr(variable, "value", variable),
                lambda own, new: own.assign(tf.cast(new, own.dtype)),
                args=(value,),
                group=False,
            )

    def local(self, replicated):
        """A replicated value as the tensors of this process's first replica."""
        return tf.nest.map_structure(
            lambda value: self._strategy.experimental_local_results(value)[0],
            replicated,
        )

    def batch_number(self, batch: Mapping) -> tf.Tensor:
        """The batch's number in the endless order, int64, by its "position" [B]."""
        return batch["position"][0] // self._batch_size

    def update(self, step: Callable, batch: Mapping, asked, watched=None) -> dict:
        """One update in a graph: what the step gives, and the sums that ride along.

        Args:
          step: a TrainStep.
          batch: {name: [B, ...]}
          asked: 1.0 where this process was asked to stop, a scalar.
          watched: a bool scalar, whether the norms of layers are wanted; None: never.

        Returns:
          The step's scalars, "tokens" (without padding) and "asked" (replicas whose
          process was asked to stop).
        """
        self._begin(asked)
        self.watched = watched
        scalars = step(batch, self)
        if self._riding is not None:
            self.all_reduce(lambda rows, shard: (), batch)
        return scalars | self.local(self._rode)

    def _begin(self, asked: tf.Tensor | None = None) -> None:
        # Kept while a step is traced: what rides in its first all_reduce, which saves
        # collective operations, and the statistics that it has assigned.
        self._riding = asked
        self._rode: dict[str, tf.Tensor] = {}
        self._assigned: set[int] = set()

    def _rows_of_replica(self, batch, context):
        local = strategies.local_replicas(self._strategy)
        return part(batch, context.replica_id_in_sync_group % local, local)

    def _shard(self, rows, index):
        return part(rows, index, self.micro_batches), _replica_id(), index

    def _compiled(self, f: Callable, updated: list, keep: bool = True) -> Callable:
        """f of a shard, and the new values of running statistics in it."""

        def compute(rows, replica, index, *replicated):
            shard = Shard(replica, index, self.micro_batches, self.num_shards)
            result = f(rows, shard, *replicated)
            # a row that is given back as it came would be of no replica's device
            result = tf.nest.map_structure(tf.identity, result)
            new = shard.statistics if keep else {}
            # in the order of the layers, in which all processes have them
            updated[:] = [v for key, v in new.items() if key not in self._assigned]
            return result, [statistic.parts for statistic in updated]

        if self._synchronized:
            return compute  # layers cannot reduce over the replicas in an inner graph
        return tf.function(compute, jit_compile=self._jit_compile, autograph=False)

    def _sum(self, compute: Callable):
        """The sum of compute(i) over the micro-batches, one after the other."""
        first = compute(tf.constant(0))
        if self.micro_batches == 1:
            return first
        add = lambda i, sums: (  # noqa: E731
            i + 1,
            tf.nest.map_structure(tf.add, sums, compute(i)),
        )
        return tf.while_loop(
            lambda i, _: i < self.micro_batches, add, (tf.constant(1), first)
        )[1]

    def _stack(self, compute: Callable):
        """The rows of compute(i) of all micro-batches, in order."""
        first, count = compute(tf.constant(0)), self.micro_batches
        if count == 1:
            return first
        arrays = tf.nest.map_structure(
            lambda x: tf.TensorArray(x.dtype, count, element_shape=x.shape).write(0, x),
            first,
        )
        add = lambda i, arrays: (  # noqa: E731
            i + 1,
            tf.nest.map_structure(lambda a, x: a.write(i, x), arrays, compute(i)),
        )
        _, arrays = tf.while_loop(lambda i, _: i < count, add, (tf.constant(1), arrays))
        return tf.nest.map_structure(
            lambda a, x: tf.reshape(a.stack(), [count * x.shape[0], *x.shape[1:]]),
            arrays,
            first,
        )

    def _tokens(self, rows) -> tf.Tensor:
        counts = [
            tf.math.count_nonzero(rows[n], dtype=tf.int32) for n in self._token_ids
        ]
        return tf.cast(tf.reduce_sum(counts), tf.float32)

    def _assign_statistics(self, updated: list, sums: list) -> None:
        """Running statistics become their mean over the shards, once in a step.

        One that is not finite is left: the update of such a step is skipped too.
        """
        self._assigned.update(id(statistic.variable) for statistic in updated)
        if updated:
            values = self.run(
                lambda sums: [
                    statistic.of_sums(own, self.num_shards)
                    for statistic, own in zip(updated, sums, strict=True)
                ],
                sums,
            )
            self.assign([statistic.variable for statistic in updated], values)


def part(batch, number, parts: int):
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


def _replica_id():
    return tf.distribute.get_replica_context().replica_id_in_sync_group
