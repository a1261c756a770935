"""Shuffled batches for training, ordered ones for evaluation, as tf.data.

B batch size over all workers, W workers, N examples of a batch.

The example at a position of training is a function of (seed, position): positions
count on over the ends of epochs, and each epoch is a shuffle of its own, computed
and not stored. So any step can be the first, at no cost.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfm import errors
from tfm import interfaces

_FOREVER = 2**40  # steps
# see interfaces.Preprocessor.graph
Graph = Callable[[Mapping, object], Mapping]


class Rows:
    """Each row of a split as one example; see interfaces.Examples.

    Args:
      split: an interfaces.Split.
      spec: {name: Spec} of the arrays to take of it. Where `take` gives a list, its
        rows are filled up with zeros, or cut, to the Spec's shape.
    """

    def __init__(self, split: interfaces.Split, spec: Mapping[str, interfaces.Spec]):
        self._split = split
        self.spec = dict(spec)

    def __len__(self) -> int:
        return len(self._split)

    def batch(
        self, places: np.ndarray, epochs: np.ndarray, seed: int
    ) -> dict[str, np.ndarray]:
        """The arrays of `spec`, "row", and "seed_row" where the split gives it."""
        taken = self._split.take(places)
        found = {name: filled(taken[name], spec) for name, spec in self.spec.items()}
        found["row"] = places
        if "seed_row" in taken:
            found["seed_row"] = taken["seed_row"]
        return found


def filled(rows: np.ndarray | Sequence, spec: interfaces.Spec) -> np.ndarray:
    """Rows as one array [N, *shape], shorter ones filled up with zeros at the end.

    Args:
      rows: an array, or a list with an array (or bytes) for each row.
      spec: of a row.
    """
    dtype = object if spec.dtype == "string" else np.dtype(spec.dtype)
    if isinstance(rows, np.ndarray) and rows.shape[1:] == spec.shape:
        return rows.astype(dtype, copy=False)
    found = np.zeros((len(rows), *spec.shape), dtype)
    if not spec.shape:
        found[:] = rows
        return found
    if dtype is object:
        found[:] = b""
    for place, row in zip(found, rows, strict=True):
        row = np.asarray(row, dtype)[tuple(map(slice, spec.shape))]
        place[tuple(map(slice, row.shape))] = row
    return found


def training(
    examples: interfaces.Examples,
    *,
    batch_size: int,
    seed: int,
    first_step: int = 0,
    last_step: int = _FOREVER,
    worker: int = 0,
    num_workers: int = 1,
    graph: Graph | None = None,
    stored: Collection[str] = (),
) -> tf.data.Dataset:
    """Returns shuffled batches, each example once per epoch, with no end.

    A batch may hold the end of one epoch and the beginning of the next.

    Args:
      examples: of the training split.
      batch_size: examples of a batch over all workers.
      seed: of the order and of what is random in an example.
      first_step: the batch to begin with, as if those before it had been taken.
      last_step: the batch to end before.
      worker: the number of this process; it gets its part of each batch.
      num_workers: W.
      graph: of the preprocessor; None: arrays stay as they are.
      stored: names of the arrays that go through `graph`, with seeds int64 [B/W, 3].

    Returns:
      A dataset of dicts of static shapes: the names of `examples.spec` with B/W
      examples, as `graph` leaves them; weight float32 [B/W] of ones; row int64 [B/W],
      the place in the split of what each was made of; position int64 [B/W], its place
      in the endless order.
    """
    if not len(examples):
        raise errors.UserError("There must be examples to train on. Got none.")
    num_local = _local_size(batch_size, num_workers)
    gather = _Gather(examples, graph, stored, seed)
    num_examples = tf.constant(len(examples), tf.int64)
    seed_words = tf.constant([seed % 2**32, (seed >> 32) % 2**32], tf.int64)

    def batch(step):
        positions = step * batch_size + worker * num_local
        positions += tf.range(num_local, dtype=tf.int64)
        epochs = positions // num_examples
        words = tf.broadcast_to(seed_words, [num_local, 2])
        # tf.random.experimental.index_shuffle refuses one seed per index
        places = tf.raw_ops.RandomIndexShuffle(
            index=positions % num_examples,
            seed=tf.concat([words, epochs[:, None]], axis=1),
            max_index=num_examples - 1,
        )
        return gather(places, epochs) | {"position": positions}

    return _dataset(tf.data.Dataset.range(first_step, last_step), batch)


def evaluation(
    examples: interfaces.Examples,
    *,
    batch_size: int,
    worker: int = 0,
    num_workers: int = 1,
    graph: Graph | None = None,
    stored: Collection[str] = (),
) -> tf.data.Dataset:
    """Returns each example once, in order; the last batch is filled up.

    The arguments and elements are those of `training`; `graph` gets no seeds. What
    fills up the last batch is a copy of an example, with weight 0 and row -1.
    """
    num_local = _local_size(batch_size, num_workers)
    num_batches = -(-len(examples) // batch_size)
    gather = _Gather(examples, graph, stored)

    def batch(step):
        places = step * batch_size + worker * num_local
        places += tf.range(num_local, dtype=tf.int64)
        return gather(places, tf.zeros_like(places)) | {"position": places}

    return _dataset(tf.data.Dataset.range(num_batches), batch)


def at(
    examples: interfaces.Examples,
    places: np.ndarray,
    *,
    epoch: int | None = None,
    seed: int = 0,
    graph: Graph | None = None,
    stored: Collection[str] = (),
) -> dict[str, np.ndarray]:
    """The examples at these places as one batch of arrays.

    Args:
      places: int64 [n], below len(examples).
      epoch: of training, whose augmentation they get; None: as an evaluation has them.
      seed: of the training.
      graph: as of `training`; so is stored.
    """
    seed = seed if epoch is not None else None
    gather = _Gather(examples, graph, stored, seed)
    epochs = np.full_like(places, epoch or 0)
    found = gather(tf.constant(places), tf.constant(epochs))
    return {name: value.numpy() for name, value in found.items()}


def eager(
    examples: interfaces.Examples,
    batch_size: int,
    graph: Graph | None = None,
    stored: Collection[str] = (),
) -> Iterator[dict[str, np.ndarray]]:
    """Yields the batches of `evaluation` as arrays, without a pipeline of tf.data.

    Meant for a few examples at a time. A batch has one example where there is but
    one, else `batch_size`: two shapes in all, so that nothing is traced anew.
    """
    size = 1 if len(examples) == 1 else batch_size
    gather = _Gather(examples, graph, stored)
    for start in range(0, len(examples), size):
        places = np.arange(start, start + size)
        yield gather.eagerly(places, np.zeros_like(places)) | {"position": places}


def _local_size(batch_size: int, num_workers: int) -> int:
    if batch_size < 1 or batch_size % num_workers:
        raise errors.UserError(
            "batch_size must be a multiple of the number of workers. "
            f"Got batch_size={batch_size}, {num_workers} workers."
        )
    return batch_size // num_workers


def _dataset(steps: tf.data.Dataset, batch) -> tf.data.Dataset:
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    dataset = steps.map(batch, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(options)


class _Gather:
    """Places -> a batch, by one NumPy function and the preprocessor's graph."""

    def __init__(
        self,
        examples: interfaces.Examples,
        graph: Graph | None,
        stored: Collection[str],
        seed: int | None = None,  # of training
    ):
        self._examples = examples
        self._graph = graph
        self._stored = [n for n in examples.spec if n in stored] if graph else []
        self._seed = seed
        self._spec = {
            **examples.spec,
            "weight": interfaces.Spec((), "float32"),
            "row": interfaces.Spec((), "int64"),
            "seed_row": interfaces.Spec((), "int64"),
        }

    def __call__(self, places: tf.Tensor, epochs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the batch; a place at or beyond the last example is filled up."""
        dtypes = [tf.as_dtype(spec.dtype) for spec in self._spec.values()]
        values = tf.numpy_function(
            self._arrays, [places, epochs], dtypes, stateful=False
        )
        batch = dict(zip(self._spec, values, strict=True))
        for name, spec in self._spec.items():
            batch[name].set_shape([places.shape[0], *spec.shape])
        seeds = None
        if self._seed is not None:
            signed = (self._seed + 2**63) % 2**64 - 2**63
            columns = [tf.fill(epochs.shape, tf.constant(signed, tf.int64)), epochs]
            seeds = tf.stack([*columns, batch["seed_row"]], axis=1)
        return self._through_graph(batch, seeds)

    def eagerly(self, places: np.ndarray, epochs: np.ndarray) -> dict[str, np.ndarray]:
        """The same as arrays."""
        batch = dict(zip(self._spec, self._arrays(places, epochs), strict=True))
        found = self._through_graph(batch, None)
        return {name: np.asarray(value) for name, value in found.items()}

    def _through_graph(self, batch: dict, seeds) -> dict:
        del batch["seed_row"]
        if not self._stored:
            return batch
        stored = {n: tf.convert_to_tensor(batch.pop(n)) for n in self._stored}
        return batch | dict(self._graph(stored, seeds))

    def _arrays(self, places: np.ndarray, epochs: np.ndarray) -> list[np.ndarray]:
        real = places < len(self._examples)
        inside = np.minimum(places, len(self._examples) - 1)
        found = dict(self._examples.batch(inside, epochs, self._seed or 0))
        row = np.asarray(found["row"], np.int64)
        found["seed_row"] = np.asarray(found.get("seed_row", row), np.int64)
        found["row"] = np.where(real, row, -1)
        found["weight"] = real.astype(np.float32)
        return [found[name] for name in self._spec]
