"""Norms of gradients, weights and updates by layer, in the updates that are watched."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

import keras
import tensorflow as tf

from tfm.training import data_parallel

KINDS = ("gradient_norm", "weight_norm", "update_norm")


class LayerNorms:
    """The L2 norms of each layer's gradient, weights and update.

    They are taken where `parallel.watched` says so. Elsewhere they are NaN and cost
    nothing; the weights are copied in a watched update alone.

    Args:
      trained: the variables, in the order of the gradients.
      layers: {name: variables}; those that are not trained are left out.
    """

    def __init__(
        self,
        trained: Sequence[keras.Variable],
        layers: Mapping[str, Sequence[keras.Variable]],
    ):
        places = {id(variable): place for place, variable in enumerate(trained)}
        self._trained = trained
        self._places = {
            name: [places[id(v)] for v in variables if id(v) in places]
            for name, variables in layers.items()
        }
        self._places = {name: found for name, found in self._places.items() if found}

    def around(
        self,
        update: Callable[[], None],
        gradients: list,
        parallel: data_parallel.DataParallel,
    ) -> dict[str, tf.Tensor]:
        """Makes the update; {KIND/LAYER: norm}, of the weights before it.

        Args:
          update: changes the variables.
          gradients: of the variables, replicated.
          parallel: of the step.
        """
        watched = parallel.watched
        if watched is None or not self._places:
            update()
            return {}
        before = parallel.run(self._copies, watched)
        update()
        norms = parallel.local(parallel.run(self._norms, watched, gradients, before))
        return {
            f"{kind}/{name}": norms[row, column]
            for row, kind in enumerate(KINDS)
            for column, name in enumerate(self._places)
        }

    def _copies(self, watched) -> list:
        weights = [variable.value for variable in self._trained]
        if isinstance(tf.distribute.get_strategy(), tf.distribute.TPUStrategy):
            return [tf.identity(w) for w in weights]  # XLA wants the shapes of each way
        return tf.cond(
            watched,
            lambda: [tf.identity(w) for w in weights],
            lambda: [tf.zeros([0] * len(w.shape), w.dtype) for w in weights],
        )

    def _norms(self, watched, gradients, before):
        shape = (len(KINDS), len(self._places))

        def measured():
            after = [tf.convert_to_tensor(v.value) for v in self._trained]
            updates = [new - old for new, old in zip(after, before, strict=True)]
            return tf.stack([self._of(part) for part in (gradients, before, updates)])

        return tf.cond(watched, measured, lambda: tf.fill(shape, float("nan")))

    def _of(self, tensors: list) -> tf.Tensor:
        """The norm of each layer's tensors, float32 [layers]."""
        squares = [tf.reduce_sum(tf.square(tf.cast(t, tf.float32))) for t in tensors]
        return tf.sqrt(
            tf.stack([tf.add_n([squares[i] for i in p]) for p in self._places.values()])
        )
