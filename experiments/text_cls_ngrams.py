"""Text classification by n-grams of words and characters (fastText), in seconds."""

import dataclasses

from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiments import text_cls


def experiment():
    return dataclasses.replace(
        text_cls.experiment(),
        inputs=inputs.Ngrams(strip_html=True),
        model=models.NgramBag(),
        task=tasks.TextClassification(),
        optimizer=training.Optimizer(name="adam", learning_rate=3e-3),
        train=training.Train(epochs=2, batch_size=64),
    )
