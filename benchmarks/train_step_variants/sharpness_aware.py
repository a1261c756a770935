"""text_cls_transformer with training.SharpnessAware; see benchmarks/train_steps.py."""

import dataclasses

from tfm import training
from tfm.experiments import text_cls_transformer


def experiment():
    return dataclasses.replace(
        text_cls_transformer.experiment(), train_step=training.SharpnessAware()
    )
