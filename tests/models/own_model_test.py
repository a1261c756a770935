"""A user's model, by its shape alone, in an experiment and under a task's head."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import specs
from tfm import data
from tfm import errors
from tfm import experiment
from tfm import inputs
from tfm import tasks
from tfm.data.columns import category


@dataclasses.dataclass(frozen=True)
class BagOfTokens:
    """Sums of the embeddings; it inherits nothing and is registered nowhere."""

    width: int = 5

    reads, optional = frozenset({"tokens"}), frozenset({"types"})
    gives = frozenset({"pooled"})

    def build(self, specs):
        inputs = {
            name: keras.Input(specs[name].shape, dtype=specs[name].dtype, name=name)
            for name in ("tokens", "types")
            if name in specs
        }
        sums = [
            keras.ops.sum(keras.layers.Embedding(specs[name].size, self.width)(x), 1)
            for name, x in inputs.items()
        ]
        return keras.Model(inputs, {"pooled": sum(sums)})


class OfPositions(BagOfTokens):
    gives = frozenset({"sequence"})


def _experiment(model):
    return experiment.Experiment(
        data=data.LabeledText(train="reviews.csv"),
        inputs=inputs.Text(max_length=2),
        model=model,
        task=tasks.TextClassification(),
    )


def test_it_is_built_of_what_it_is_given_and_trained():
    e = _experiment(BagOfTokens())
    rows = [{"text": "good film"}, {"text": "bad film"}]
    preprocessor = e.inputs.fit(rows)
    columns = {"label": category.Category(("bad", "good"))}
    objective = e.task.bind(columns, preprocessor)
    model = objective.head(e.model.build(objective.inputs))
    assert model.input.keys() == {"tokens"}
    given = {"tokens": np.stack(preprocessor.encode(rows)["tokens"])}
    batch = {"label": np.array([1, 0]), "weight": np.ones(2, np.float32)}
    optimizer = keras.optimizers.SGD(1.0)

    def step() -> float:
        with tf.GradientTape() as tape:
            losses_B, _, _ = objective.loss(model(given), batch)
            loss = tf.reduce_mean(losses_B)
        weights = model.trainable_variables
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return float(loss)

    losses = [step() for _ in range(20)]
    assert losses[-1] < losses[0] / 2


def test_it_reads_what_else_there_is():
    model = BagOfTokens().build(specs.of(9, 4, "types"))
    assert model.input.keys() == {"tokens", "types"}


def test_a_model_that_does_not_give_what_the_task_reads_is_refused():
    rule = "tasks.TextClassification reads pooled.*; OfPositions gives sequence"
    with pytest.raises(errors.UserError, match=rule):
        _experiment(OfPositions())
