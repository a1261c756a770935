"""An experiment whose steps do not depend on how many there are; light to import."""

import dataclasses
import pathlib

from tests.support import reviews
from tfm import models
from tfm import training
from tfm.experiment import Experiment

ENDLESS = 3_000  # steps: such a run is still on when it is looked at, all are logged


def experiment(source: pathlib.Path, steps: int = ENDLESS) -> Experiment:
    """With dropout; its data are shuffled, its losses logged one by one."""
    made = reviews.experiment(
        source, steps=steps, log_every=1, checkpoint_every=5, eval_every=ENDLESS
    )
    optimizer = training.Optimizer(
        learning_rate=0.01, schedule="constant", warmup_steps=5
    )
    model = models.CNN(
        embedding_width=8, num_filters=32, kernel_widths=(2,), dropout=0.3
    )
    return dataclasses.replace(made, optimizer=optimizer, model=model)
