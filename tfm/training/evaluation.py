"""Evaluation and inference: what an objective keeps of each example, over all batches.

B batch, N examples.
"""

from collections.abc import Callable
from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf

from tfm import interfaces
from tfm.training import data_parallel


class Evaluator:
    """The compiled evaluation steps of a model.

    Made in the scope of a strategy, it runs on its replicas.

    Args:
      model: with the objective's head.
      objective: an interfaces.Objective.
    """

    def __init__(self, model: keras.Model, objective: interfaces.Objective):
        self._model = model
        self._objective = objective
        self._strategy = tf.distribute.get_strategy()
        self._compiled: dict[str, Callable] = {}

    @property
    def graph(self) -> tf.Graph | None:
        """The graph of an evaluation's batch, once one was evaluated."""
        return getattr(self._compiled.get("evaluate"), "graph", None)

    def results(
        self,
        batches: Iterable,
        mode: interfaces.Mode = "evaluate",
        watch: Callable[[int], None] = lambda done: None,
    ) -> dict[str, np.ndarray]:
        """All that is kept of each example, each once and in the order of `batches`.

        Args:
          batches: dicts with weight [B] and row [B]; an example with weight 0 fills up
            its batch.
          mode: "evaluate", or "predict" for batches without targets.
          watch: called before each batch with the number of those that are done; what
            it raises ends the evaluation.

        Returns:
          {name: [N, ...]} of the objective's eval_step, and "row" int64 [N].
        """
        kept: dict[str, list[np.ndarray]] = {}
        for done, batch in enumerate(batches):
            watch(done)
            real = np.asarray(batch["weight"]) > 0
            found = self._step(mode)(batch) | {"row": np.asarray(batch["row"])}
            for name, values in found.items():
                kept.setdefault(name, []).append(values[real])
        return {name: np.concatenate(parts) for name, parts in kept.items()}

    def _step(self, mode: interfaces.Mode) -> Callable:
        if mode not in self._compiled:
            with self._strategy.scope():
                made = self._objective.eval_step(self._model, mode)
                self._compiled[mode] = eval_function(made)
        return self._compiled[mode]


def eval_function(eval_step: Callable) -> Callable:
    """A function batch -> {name: [B, ...]} as NumPy, compiled for the strategy.

    Every process gives the same batch and gets the results of all of it; each replica
    computes its part.

    Args:
      eval_step: batch -> {name: [B, ...]}, see interfaces.Objective.
    """
    strategy = tf.distribute.get_strategy()
    parallel = data_parallel.DataParallel()
    replicas = strategy.num_replicas_in_sync

    def replica_results(batch):
        context = tf.distribute.get_replica_context()
        part = data_parallel.part(batch, context.replica_id_in_sync_group, replicas)
        results = tf.nest.map_structure(_plain, eval_step(part))
        return context.all_gather(results, axis=0) if replicas > 1 else results

    @tf.function(autograph=False)
    def run(batch):
        results = strategy.run(replica_results, (batch,))
        return parallel.local(results)

    def evaluate(batch) -> dict[str, np.ndarray]:
        size = len(batch["weight"])
        batch = _divisible(dict(batch), size, replicas)
        if evaluate.graph is None:
            evaluate.graph = run.get_concrete_function(batch).graph
        results = run(batch)
        return {name: value.numpy()[:size] for name, value in results.items()}

    evaluate.graph = None
    return evaluate


def _plain(value):
    """float32 in place of the halves that a model may compute in."""
    value = tf.convert_to_tensor(value)
    return tf.cast(value, tf.float32) if value.dtype.is_floating else value


def _divisible(batch: dict, size: int, parts: int) -> dict:
    """The batch with copies of its last example, so that it cuts into equal parts."""
    if not size % parts:
        return batch
    places = np.minimum(np.arange(size + -size % parts), size - 1)
    return {name: tf.gather(value, places) for name, value in batch.items()}
