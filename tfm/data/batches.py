"""Shuffled batches for training, ordered ones for evaluation, as tf.data.

B batch size over all workers, W workers, T tokens after truncation, C classes.

The example at a position of training is a function of (seed, position): positions
count on over the ends of epochs, and each epoch is a shuffle of its own, computed
and not stored. So any step can be the first, at no cost.
"""

import typing
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfm import errors

_FOREVER = 2**40  # steps


class Rows(typing.Protocol):
    """Rows of token ids by index: `store.Store`, or anything like it."""

    def rows(self, indices: np.ndarray) -> list[np.ndarray]: ...
    def padded(self, indices: np.ndarray, max_length: int, pad_id: int): ...


Labels = Callable[[np.ndarray], np.ndarray]  # indices -> int32 [n] or float32 [n, C]
Augmenter = Callable[[np.ndarray, int, int, int], np.ndarray]  # row, seed, epoch, index


def training(
    store: Rows,
    labels: Labels | None,
    indices: np.ndarray,
    *,
    batch_size: int,
    max_length: int,
    seed: int,
    first_step: int = 0,
    last_step: int = _FOREVER,
    augment: Augmenter | None = None,
    pad_id: int = 0,
    worker: int = 0,
    num_workers: int = 1,
) -> tf.data.Dataset:
    """Returns shuffled batches, each example once per epoch, with no end.

    A batch may hold the end of one epoch and the beginning of the next.

    Args:
      store: the token ids.
      labels: the labels of indices, such as `records.labels`; None: no labels.
      indices: of the examples, such as `records.splits["train"]`.
      batch_size: examples of a batch over all workers.
      max_length: T, tokens; longer rows are cut, shorter ones padded.
      seed: of the order and of what `augment` does.
      first_step: the batch to begin with, as if those before it had been taken.
      last_step: the batch to end before.
      augment: changes the rows, such as `Augment(...).build(...)`.
      pad_id: fills up short rows.
      worker: the number of this process; it gets its part of each batch.
      num_workers: W.

    Returns:
      A dataset of dicts of static shapes: tokens int32 [B/W, T], label int32 [B/W]
      or float32 [B/W, C], weight float32 [B/W] of ones, index int64 [B/W].
    """
    indices = np.asarray(indices, np.int64)
    if not len(indices):
        raise errors.UserError("There must be examples to train on. Got none.")
    num_local = _local_size(batch_size, num_workers)
    gather = _Gather(store, labels, indices, max_length, pad_id, seed, augment)
    num_examples = tf.constant(len(indices), tf.int64)
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
    store: Rows,
    labels: Labels | None,
    indices: np.ndarray,
    *,
    batch_size: int,
    max_length: int,
    pad_id: int = 0,
    worker: int = 0,
    num_workers: int = 1,
) -> tf.data.Dataset:
    """Returns each example once, in order; the last batch is filled with weight 0.

    The arguments and elements are those of `training`. A row that fills up the last
    batch has weight 0, index -1, label 0 and only padding.
    """
    indices = np.asarray(indices, np.int64)
    num_local = _local_size(batch_size, num_workers)
    num_batches = -(-len(indices) // batch_size)
    gather = _Gather(store, labels, indices, max_length, pad_id)

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
    """Places in `indices` -> a batch; the rows are gathered by one numpy function."""

    def __init__(
        self,
        store: Rows,
        labels: Labels | None,
        indices: np.ndarray,
        max_length: int,
        pad_id: int,
        seed: int = 0,
        augment: Augmenter | None = None,
    ):
        self._store = store
        self._labels = labels
        self._indices = indices
        self._max_length = max_length
        self._pad_id = pad_id
        self._seed = seed
        self._augment = augment

    def __call__(self, places: tf.Tensor, epochs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the batch; a place at or beyond the last index is filled up."""
        outputs = {"tokens": tf.int32, "weight": tf.float32, "index": tf.int64}
        shapes = {"tokens": [self._max_length], "weight": [], "index": []}
        if self._labels:
            none = self._labels(self._indices[:0])
            outputs["label"] = tf.as_dtype(none.dtype)
            shapes["label"] = list(none.shape[1:])
        values = tf.numpy_function(
            self._rows, [places, epochs], list(outputs.values()), stateful=False
        )
        batch = dict(zip(outputs, values, strict=True))
        for name, shape in shapes.items():
            batch[name].set_shape([places.shape[0], *shape])
        return batch

    def _rows(self, places: np.ndarray, epochs: np.ndarray) -> list[np.ndarray]:
        real = places < len(self._indices)
        index = np.full(len(places), -1, np.int64)
        index[real] = self._indices[places[real]]
        tokens = np.full((len(places), self._max_length), self._pad_id, np.int32)
        if self._augment:
            rows = self._store.rows(index[real])
            for i, (row, epoch) in enumerate(zip(rows, epochs.tolist(), strict=True)):
                cut = row[: self._max_length]
                cut = self._augment(cut, self._seed, epoch, int(index[i]))
                tokens[i, : len(cut)] = cut
        else:
            tokens[real] = self._store.padded(
                index[real], self._max_length, self._pad_id
            )
        batch = [tokens, real.astype(np.float32), index]
        if self._labels:
            known = self._labels(index[real])
            label = np.zeros((len(places), *known.shape[1:]), known.dtype)
            label[real] = known
            batch.append(label)
        return batch
