"""Ordinal classification: classes in an order, by cumulative probabilities."""

import dataclasses

import numpy as np

from tfm import data
from tfm import figures
from tfm import inputs
from tfm import models
from tfm import training
from tfm.data import batches
from tfm.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class Ordinal:
    """One of C classes in the order of their names (Frank and Hall 2001)."""

    columns = {"label": frozenset({"category"})}
    reads = frozenset({"pooled"})
    gives = frozenset()
    metrics = ("accuracy", "mean_absolute_error", "loss")
    train_steps = ("MeanLoss",)

    def direction(self, metric):
        return {"accuracy": "max", "mean_absolute_error": "min", "loss": "min"}.get(
            metric
        )

    def reserves(self, inputs):
        return ()  # no special tokens

    def bind(self, columns, preprocessor):
        return Cumulative(columns["label"], preprocessor)


class Cumulative:
    """For each of C - 1 cuts, whether the class is above it."""

    usage = 'predict --text="..."'

    def __init__(self, column, preprocessor):
        self._column, self._stored = column, preprocessor.stored
        self.inputs = preprocessor.specs

    def examples(self, split, mode):
        targets = {} if mode == "predict" else {"label": self._column.spec}
        return batches.Rows(split, {**self._stored, **targets})

    def head(self, backbone):
        import keras

        cuts = len(self._column.names) - 1
        above_BC = keras.layers.Dense(cuts, name="head")(backbone.output["pooled"])
        return keras.Model(backbone.input, above_BC)

    def loss(self, outputs, batch):
        return self._losses(outputs, batch["label"]), batch["weight"], {}

    def _losses(self, above_BC, label_B):
        from keras import ops

        cuts_C = ops.arange(len(self._column.names) - 1)
        true_BC = ops.cast(ops.expand_dims(label_B, 1) > cuts_C, "float32")
        losses_BC = ops.binary_crossentropy(true_BC, above_BC, from_logits=True)
        return ops.mean(losses_BC, axis=1)

    def eval_step(self, model, mode):
        def step(batch):
            above_BC = model({n: batch[n] for n in model.input}, training=False)
            kept = {"above": above_BC}
            if mode == "predict":
                return kept
            losses_B = self._losses(above_BC, batch["label"])
            return kept | {"label": batch["label"], "losses": losses_B}

        return step

    def compute_metrics(self, results, split):
        apart_N = self._places(results) - results["label"]
        return figures.Evaluation(
            {
                "accuracy": float(np.mean(apart_N == 0)),
                "mean_absolute_error": float(np.mean(np.abs(apart_N))),
                "loss": float(np.mean(results["losses"])),
            }
        )

    def exports(self, kept):  # the predictions in a graph, for tfm.export
        import tensorflow as tf

        places_B = tf.math.count_nonzero(kept["above"] > 0, axis=1)
        return {"label": tf.gather(list(self._column.names), places_B)}

    def predictions(self, results, split):
        return [{"label": self._column.names[i]} for i in self._places(results)]

    def _places(self, results):
        return np.sum(results["above"] > 0, axis=1)


def experiment():
    return Experiment(
        data=data.LabeledText(train="reviews.csv"),
        inputs=inputs.Text(vocab_size=2_000, max_length=64),
        model=models.CNN(num_filters=32),
        task=Ordinal(),
        train=training.Train(epochs=6, best_metric="mean_absolute_error"),
    )
