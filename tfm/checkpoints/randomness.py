"""Seeds of dropout and its like: other ones on each replica, saved with a run."""

import contextlib
from collections.abc import Iterator

import keras
import tensorflow as tf


def generators(model: keras.Model) -> list[keras.random.SeedGenerator]:
    """Every SeedGenerator in the model, in the order of its layers."""
    found = {}
    for layer in model._flatten_layers():
        for generator in layer._seed_generators:
            found[id(generator)] = generator
    return list(found.values())


@contextlib.contextmanager
def of_replica(model: keras.Model, replica_id: tf.Tensor) -> Iterator[None]:
    """While it is entered, the model's layers draw numbers of their own replica.

    Keras draws the same seeds on every replica, so that dropout would drop the same
    entries of each replica's examples. Replica 0 keeps them.
    """
    found = generators(model)
    for generator in found:
        generator.next = _folded(generator.next, replica_id)
    try:
        yield
    finally:
        for generator in found:
            del generator.next  # the method of the class is there again


def _folded(draw, replica_id: tf.Tensor):
    def next_seed(ordered: bool = True):
        seed = draw(ordered=ordered)
        first = tf.cast(replica_id, seed.dtype) * tf.constant(1_000_003, seed.dtype)
        return seed + tf.stack([first, tf.zeros((), seed.dtype)])

    return next_seed
