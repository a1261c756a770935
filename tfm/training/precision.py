"""Mixed precision: loss scaling for float16, whose gradients vanish or overflow."""

import tensorflow as tf

GROWTH_STEPS = 2_000  # updates without an overflow, after which the scale doubles


class LossScale:
    """A dynamic loss scale (Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740).

    The scale belongs to the whole job: it changes by what the summed gradient of all
    replicas is, so that every replica scales, and skips an update, alike.

    Args:
      enabled: else the scale is 1 and stays so.
    """

    def __init__(self, enabled: bool):
        self.enabled = enabled
        self.scale = tf.Variable(2.0**15 if enabled else 1.0, trainable=False)
        self.good_steps = tf.Variable(0, dtype=tf.int64, trainable=False)

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """The variables that a checkpoint holds of it."""
        return {"loss_scale": self.scale, "loss_scale_steps": self.good_steps}

    def update(self, finite: tf.Tensor) -> None:
        """Halves the scale after an overflow; doubles it after many good updates."""
        if not self.enabled:
            return
        good = tf.where(finite, self.good_steps + 1, 0)
        grown = tf.where(good >= GROWTH_STEPS, self.scale * 2.0, self.scale)
        self.scale.assign(tf.where(finite, grown, tf.maximum(self.scale / 2.0, 1.0)))
        self.good_steps.assign(
            tf.where(good >= GROWTH_STEPS, tf.zeros_like(good), good)
        )
