"""Learning-rate schedules: linear warm-up, then a decay."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tfm")
class WarmupDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up to `peak`, then a decay until `total_steps`.

    Update number t (from 0) of the warm-up's W uses peak * (t + 1) / W, so the
    first update already moves. After it, with p the share of the remaining steps
    that have passed and e the end factor:

      constant      peak
      linear        peak * (1 - (1 - e) p)
      cosine        peak * (e + (1 - e) (1 + cos(pi p)) / 2)   (arXiv:1608.03983)
      inverse_sqrt  peak * sqrt(W / (t + 1)), W at least 1     (arXiv:1706.03762)
      wsd           peak, then linear to e * peak over the last fifth of all steps:
                    warm-up, stable, decay                     (arXiv:2404.06395)
    """

    def __init__(self, peak, decay, warmup_steps, total_steps, end_factor=0.0):
        self.peak = peak
        self.decay = decay
        self.warmup_steps = warmup_steps
        self.total_steps = total_steps
        self.end_factor = end_factor

    def __call__(self, step):
        step = ops.cast(step, "float32")
        warmup = float(max(self.warmup_steps, 1))
        decay_steps = max(self.total_steps - self.warmup_steps, 1)
        progress = ops.clip((step - self.warmup_steps) / decay_steps, 0.0, 1.0)
        if self.decay == "constant":
            factor = 1.0
        elif self.decay == "linear":
            factor = 1.0 - (1.0 - self.end_factor) * progress
        elif self.decay == "cosine":
            wave = 0.5 * (1.0 + ops.cos(math.pi * progress))
            factor = self.end_factor + (1.0 - self.end_factor) * wave
        elif self.decay == "inverse_sqrt":
            factor = ops.sqrt(warmup / ops.maximum(step + 1.0, warmup))
        elif self.decay == "wsd":
            last = max(self.total_steps // 5, 1)
            left = ops.clip((self.total_steps - step) / last, 0.0, 1.0)
            factor = self.end_factor + (1.0 - self.end_factor) * left
        else:
            raise ValueError(f"There is no schedule {self.decay!r}.")
        rising = ops.minimum((step + 1.0) / warmup, 1.0)
        return self.peak * ops.where(step < self.warmup_steps, rising, factor)

    def get_config(self):
        return {
            "peak": self.peak,
            "decay": self.decay,
            "warmup_steps": self.warmup_steps,
            "total_steps": self.total_steps,
            "end_factor": self.end_factor,
        }
