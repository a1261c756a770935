"""Gradient clipping by the global norm; updates that are not finite are skipped."""

import types
from collections.abc import Mapping
from collections.abc import Sequence

import keras
import tensorflow as tf

from tfm.adaptation import layerwise
from tfm.training import data_parallel
from tfm.training import layer_norms
from tfm.training import precision


class ClippedOptimizer:
    """A Keras optimizer that clips gradients and skips what is not finite.

    Alike on every replica. Keras's optimizers sum the gradients of the replicas; here
    that is done, and left out.

    Args:
      optimizer: built over the variables.
      trained: the variables.
      clip_norm: the gradient's global norm at the most, or None.
      scale: of the loss, for float16.
      layers: {name: variables} whose norms are told of updates that are watched.
    """

    def __init__(
        self,
        optimizer: keras.optimizers.Optimizer,
        trained: list[keras.Variable],
        *,
        clip_norm: float | None,
        scale: precision.LossScale,
        layers: Mapping[str, Sequence[keras.Variable]] = types.MappingProxyType({}),
    ):
        optimizer._all_reduce_sum_gradients = list
        self._optimizer = optimizer
        self._trained = trained
        self._clip_norm = clip_norm
        self._scale = scale
        self._norms = layer_norms.LayerNorms(trained, layers)

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """The loss scale's state, for checkpoints."""
        return self._scale.variables

    @property
    def iterations(self) -> tf.Tensor:
        """Updates made so far, int."""
        return tf.convert_to_tensor(self._optimizer.iterations)

    @property
    def scales_loss(self) -> bool:
        """Whether gradients are computed in float16, with a loss scale."""
        return self._scale.enabled

    def loss_scale(self) -> tf.Tensor:
        """The factor of losses whose gradients are to be taken, a scalar."""
        return tf.convert_to_tensor(self._scale.scale)

    def counted(self, gradients: list) -> list:
        """The gradients, with zeros for what gradual unfreezing has not reached yet."""
        return layerwise.counted(self._optimizer, gradients)

    def apply(self, gradients: list, parallel: data_parallel.DataParallel) -> dict:
        """Makes an update, or leaves all as it is where a gradient is not finite.

        Args:
          gradients: of the variables, replicated, summed over all shards, without the
            loss scale.
          parallel: of the step.

        Returns:
          gradient_norm (before clipping), learning_rate, skipped (0 or 1), and the
          norms of each layer, which are NaN unless the update is watched.
        """
        rate = tf.cast(self._optimizer.learning_rate, tf.float32)
        norm = tf.linalg.global_norm(self.counted(parallel.local(gradients)))
        unclipped = gradients
        if self._clip_norm is not None:
            factor = tf.minimum(1.0, self._clip_norm / tf.maximum(norm, 1e-12))
            gradients = parallel.run(lambda gs: [g * factor for g in gs], gradients)
        finite = tf.math.is_finite(norm)

        def update():
            tf.cond(
                finite,
                lambda: _nothing(parallel.run(self._apply, gradients)),
                lambda: _nothing(None),
            )

        by_layer = self._norms.around(update, unclipped, parallel)
        self._scale.update(finite)
        return by_layer | {
            "gradient_norm": norm,
            "learning_rate": rate,
            "skipped": 1.0 - tf.cast(finite, tf.float32),
        }

    def _apply(self, gradients: list) -> None:
        pairs = zip(gradients, self._trained, strict=True)
        self._optimizer.apply_gradients(list(pairs))


def _nothing(_):
    return tf.constant(0)
