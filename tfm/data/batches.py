"""Shuffled batches for training, ordered ones for evaluation, as tf.data.

B batch size over all workers, W workers.

The example at a position of training is a function of (seed, position): positions
count on over the ends of epochs, and each epoch is a shuffle of its own, computed
and not stored. So any step can be the first, at no cost.
"""

import typing

import numpy as np
import tensorflow as tf

from tfm import errors

_FOREVER = 2**40  # steps


class Examples(typing.Protocol):
    """The examples of a split, by their places 0 to len - 1.

    Attributes:
      spec: {name: (dtype, shape of one example)}.
    """

    spec: dict[str, tuple[np.dtype, tuple[int, ...]]]

    def __len__(self) -> int: ...

    def batch(
        self, places: np.ndarray, epochs: np.ndarray, seed: int
    ) -> dict[str, np.ndarray]:
        """The arrays of `spec`, with the examples at int64 places [n] in their order.

        What is random in an example depends on its epoch (int64 [n]), its place and
        the seed alone.
        """
        ...


def training(
    examples: Examples,
    *,
    batch_size: int,
    seed: int,
    first_step: int = 0,
    last_step: int = _FOREVER,
    worker: int = 0,
    num_workers: int = 1,
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

    Returns:
      A dataset of dicts of static shapes: the names of `examples.spec` with B/W
      examples; weight float32 [B/W] of ones; index int64 [B/W], their places.
    """
    if not len(examples):
        raise errors.UserError("There must be examples to train on. Got none.")
    num_local = _local_size(batch_size, num_workers)
    gather = _Gather(examples, seed)
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
        return gather(places, epochs)

    return _dataset(tf.data.Dataset.range(first_step, last_step), batch)


def evaluation(
    examples: Examples,
    *,
    batch_size: int,
    worker: int = 0,
    num_workers: int = 1,
) -> tf.data.Dataset:
    """Returns each example once, in order; the last batch is filled with weight 0.

    The arguments and elements are those of `training`. An example that fills up the
    last batch has weight 0, index -1 and zeros.
    """
    num_local = _local_size(batch_size, num_workers)
    num_batches = -(-len(examples) // batch_size)
    gather = _Gather(examples, seed=0)

    def batch(step):
        places = step * batch_size + worker * num_local
        places += tf.range(num_local, dtype=tf.int64)
        return gather(places, tf.zeros_like(places))

    return _dataset(tf.data.Dataset.range(num_batches), batch)


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
    """Places -> a batch, by one NumPy function."""

    def __init__(self, examples: Examples, seed: int):
        self._examples = examples
        self._seed = seed
        self._spec = examples.spec | {"weight": ("float32", ()), "index": ("int64", ())}

    def __call__(self, places: tf.Tensor, epochs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the batch; a place at or beyond the last example is filled up."""
        dtypes = [tf.as_dtype(dtype) for dtype, _ in self._spec.values()]
        values = tf.numpy_function(
            self._arrays, [places, epochs], dtypes, stateful=False
        )
        batch = dict(zip(self._spec, values, strict=True))
        for name, (_, shape) in self._spec.items():
            batch[name].set_shape([places.shape[0], *shape])
        return batch

    def _arrays(self, places: np.ndarray, epochs: np.ndarray) -> list[np.ndarray]:
        real = places < len(self._examples)
        found = self._examples.batch(places[real], epochs[real], self._seed)
        found["weight"] = np.ones(real.sum(), np.float32)
        if not real.all():
            missing = (0, len(places) - int(real.sum()))
            found = {
                name: np.pad(array, [missing, *[(0, 0)] * (array.ndim - 1)])
                for name, array in found.items()
            }
        found["index"] = np.where(real, places, -1)
        return [found[name] for name in self._spec]
