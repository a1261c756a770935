"""Text classification by stacked linear classifiers: level with an SVM or ahead."""

import dataclasses

from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiments import text_cls


def experiment():
    return dataclasses.replace(
        text_cls.experiment(),
        inputs=inputs.Stacked(strip_html=True),
        model=models.Stacked(),
        task=tasks.TextClassification(),
        optimizer=training.Optimizer(name="adam", learning_rate=0.03),
        train=training.Train(steps=300, batch_size=128, eval_every=50),
    )
