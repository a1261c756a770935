"""A task and an objective of one's own, by their shape alone: how long a text is.

It stands for what is not in tfm: a regression on a column that tfm does not know.
"""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from tests.support import small_models
from tests.support import updates
from tfm import errors
from tfm import experiment
from tfm import figures
from tfm import inputs
from tfm import interfaces
from tfm import models
from tfm import training
from tfm.data import batches
from tfm.data import memory
from tfm.training import evaluation


@dataclasses.dataclass(frozen=True)
class Number:
    """A column of numbers."""

    kind = "number"
    spec = interfaces.Spec((), "float32")

    def encode(self, values):
        return np.asarray(values, np.float32)

    def decode(self, array):
        return array.tolist()


@dataclasses.dataclass(frozen=True)
class Sentences:
    """Data of one's own: runs of words, and how many they are, in tens."""

    size: int = 64

    columns = {"text": frozenset({"text"}), "target": frozenset({"number"})}

    def prepare(self, folder):
        rng = np.random.default_rng(0)
        words = " ".join(small_models.TEXTS).split()
        rows = [
            {"text": " ".join(rng.choice(words, n)), "target": n / 10}
            for n in rng.integers(1, 12, self.size)
        ]
        splits = {"train": rows[16:], "validation": rows[:16], "test": []}
        return memory.MemoryDataset(splits, {"target": Number()})

    def rows(self, source, columns):
        raise NotImplementedError

    def split(self, source, columns, preprocessor, folder):
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Regression:
    """A number for each row, by the mean squared error."""

    columns = {"target": frozenset({"number"})}
    reads = frozenset({"pooled"})
    gives = frozenset()
    metrics = ("loss", "within_a_tenth")
    train_steps = ("MeanLoss",)

    def direction(self, metric):
        return {"loss": "min", "within_a_tenth": "max"}.get(metric)

    def reserves(self, inputs):
        return ()

    def bind(self, columns, preprocessor):
        return RegressionObjective(columns["target"], preprocessor)


class RegressionObjective:
    usage = "predict --input=FILE"

    def __init__(self, column, preprocessor):
        self.inputs = preprocessor.specs
        self._column = column
        self._stored = preprocessor.stored

    def examples(self, split, mode):
        targets = {} if mode == "predict" else {"target": self._column.spec}
        return batches.Rows(split, {**self._stored, **targets})

    def head(self, backbone):
        value_B1 = keras.layers.Dense(1, name="head")(backbone.output["pooled"])
        return keras.Model(backbone.input, ops.squeeze(value_B1, 1))

    def loss(self, outputs_B, batch):
        errors_B = ops.abs(ops.cast(outputs_B, "float32") - batch["target"])
        near_B = ops.cast(errors_B < 0.1, "float32") * batch["weight"]
        watched = {"within_a_tenth": (ops.sum(near_B), ops.sum(batch["weight"]))}
        return errors_B**2, batch["weight"], watched

    def eval_step(self, model, mode):
        kept = () if mode == "predict" else ("target",)

        def step(batch):
            inputs = {name: batch[name] for name in model.input}
            told = {"value": model(inputs, training=False)}
            return told | {name: batch[name] for name in kept}

        return step

    def compute_metrics(self, results, split):
        errors_N = np.abs(results["value"] - results["target"])
        places = np.argsort(-errors_N)[:3]
        worst = [row["text"] for row in split.rows(results["row"][places])]
        return figures.Evaluation(
            {"loss": np.mean(errors_N**2), "within_a_tenth": np.mean(errors_N < 0.1)},
            {"worst": figures.Table(("text",), [[text] for text in worst])},
        )

    def predictions(self, results, split):
        return [{"value": float(value)} for value in results["value"]]


def _experiment(**parts):
    parts = {
        "data": Sentences(),
        "inputs": inputs.Text(vocab_size=60, max_length=12),
        "model": models.LSTM(embedding_width=8, width=8, pooling="mean"),
        "task": Regression(),
        "train": training.Train(best_metric="within_a_tenth"),
    } | parts
    return experiment.Experiment(**parts)


def test_it_is_trained_evaluated_and_predicts(tmp_path):
    e = _experiment()
    dataset = e.data.prepare(tmp_path)
    preprocessor = e.inputs.fit(dataset.training_rows(), e.task.reserves(e.inputs))
    splits = dataset.encode(preprocessor, tmp_path)
    objective = e.task.bind(dataset.columns, preprocessor)
    keras.utils.set_random_seed(0)
    model = objective.head(e.model.build(objective.inputs))
    evaluator = evaluation.Evaluator(model, objective)
    held = objective.examples(splits["validation"], "evaluate")

    def evaluated():
        results = evaluator.results(batches.evaluation(held, batch_size=6))
        assert results["row"].tolist() == list(range(16))
        return objective.compute_metrics(results, splits["validation"])

    before = evaluated()
    optimizer = training.Optimizer(learning_rate=0.02).build(60, model)
    run = updates.train_function(model, objective.loss, optimizer, clip_norm=1.0)
    train = objective.examples(splits["train"], "train")
    run(iter(batches.training(train, batch_size=16, seed=0)), 60)
    after = evaluated()
    assert after.metrics["loss"] < 0.5 * before.metrics["loss"]
    assert len(after.figures["worst"].rows) == 3

    texts = memory.Memory([{"text": "fox"}, {"text": "a dog " * 5}], {}, preprocessor)
    asked = objective.examples(texts, "predict")
    results = evaluator.results(batches.evaluation(asked, batch_size=6), "predict")
    short, long = objective.predictions(results, texts)
    assert short["value"] < long["value"]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"train": training.Train(best_metric="f1")}, "must be a metric of Regression"),
        ({"model": models.EncoderDecoder()}, "reads decoder_tokens"),
    ],
)
def test_what_does_not_fit_it_is_told(parts, message):
    with pytest.raises(errors.UserError, match=message):
        _experiment(**parts)
