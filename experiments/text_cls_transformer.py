"""IMDB sentiment by a Transformer encoder of 2 blocks."""

import dataclasses

from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiments import text_cls


def experiment():
    return dataclasses.replace(
        text_cls.experiment(),
        model=models.Transformer(
            num_layers=2,
            width=64,
            num_heads=4,
            feedforward_width=128,
            pooling="mean",
            dropout=0.1,
            embedding_dropout=0.3,
        ),
        task=tasks.TextClassification(dropout=0.3, label_smoothing=0.1),
        optimizer=training.Optimizer(learning_rate=1e-3, weight_decay=0.05),
        train=training.Train(epochs=4, batch_size=32),
    )
