"""A number from the numbers in a row of a CSV: regression, as a user writes it."""

import csv
import dataclasses
import json
import pathlib

import numpy as np

from tfm import errors
from tfm import figures
from tfm import interfaces
from tfm import training
from tfm.data import batches
from tfm.data import memory
from tfm.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class Number:
    """A column of numbers."""

    kind = "number"
    spec = interfaces.Spec((), "float32")

    def encode(self, values):
        try:
            return np.array(values, np.float32)
        except ValueError as error:
            raise errors.UserError(f"A value must be a number. {error}.") from None

    def decode(self, array):
        return [float(value) for value in array]


@dataclasses.dataclass(frozen=True)
class Table:
    """A CSV with the columns x, y and value."""

    train: str = "values.csv"

    columns = {name: frozenset({"number"}) for name in ("x", "y", "value")}

    def prepare(self, folder):
        reads = list(self.rows(self.train, {}))
        return memory.MemoryDataset(memory.cut(reads), {"value": Number()})

    def rows(self, source, columns):
        with pathlib.Path(source).open(newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                yield interfaces.Read(row, row, f"{source}:{number}")

    def split(self, source, columns, preprocessor, folder):
        return memory.Memory(self.rows(source, columns), columns, preprocessor)


@dataclasses.dataclass(frozen=True)
class Numbers:
    """Numbers with mean 0 and deviation 1 over the training split."""

    names: tuple[str, ...] = ("x", "y")

    @property
    def columns(self):
        return {name: frozenset({"number"}) for name in self.names}

    gives = frozenset({"numbers"})

    def fit(self, rows, reserved=()):
        values = _matrix(rows, self.names)
        return NumbersPreprocessor(self.names, values.mean(0), values.std(0))

    def load(self, folder):
        found = json.loads((folder / "scale.json").read_text())
        return NumbersPreprocessor(self.names, *map(np.array, found))


class NumbersPreprocessor:
    def __init__(self, names, mean, deviation):
        self._names, self._mean, self._deviation = names, mean, deviation
        self.stored = {"numbers": interfaces.Spec((len(names),), "float32")}
        self.specs = self.stored

    def encode(self, rows):
        values = (_matrix(rows, self._names) - self._mean) / self._deviation
        return {"numbers": values.astype(np.float32)}

    def graph(self):
        return lambda stored, seeds: dict(stored)

    def save(self, folder):
        body = [self._mean.tolist(), self._deviation.tolist()]
        (folder / "scale.json").write_text(json.dumps(body))


@dataclasses.dataclass(frozen=True)
class Dense:
    """One hidden layer."""

    width: int = 16

    reads = frozenset({"numbers"})
    optional = frozenset()
    gives = frozenset({"pooled"})

    def build(self, specs):
        import keras

        numbers = keras.Input(specs["numbers"].shape, name="numbers")
        x = keras.layers.Dense(self.width, "tanh", name="hidden")(numbers)
        return keras.Model({"numbers": numbers}, {"pooled": x})


@dataclasses.dataclass(frozen=True)
class Regression:
    """A number, by squared error."""

    columns = {"value": frozenset({"number"})}
    reads = frozenset({"pooled"})
    gives = frozenset()
    train_steps = ("MeanLoss",)

    def direction(self, metric):
        return {"loss": "min", "r2": "max"}.get(metric)

    def reserves(self, inputs):
        return ()

    def bind(self, columns, preprocessor):
        return SquaredError(columns["value"], preprocessor)


class SquaredError:
    usage = "predict --input=FILE"

    def __init__(self, column, preprocessor):
        self._column = column
        self.inputs = preprocessor.specs
        self._stored = preprocessor.stored

    def examples(self, split, mode):
        targets = {} if mode == "predict" else {"value": self._column.spec}
        return batches.Rows(split, {**self._stored, **targets})

    def head(self, backbone):
        import keras

        x = keras.layers.Dense(1, name="head")(backbone.output["pooled"])
        return keras.Model(backbone.input, x)

    def loss(self, outputs, batch):
        return (outputs[:, 0] - batch["value"]) ** 2, batch["weight"], {}

    def eval_step(self, model, mode):
        def step(batch):
            inputs = {name: batch[name] for name in model.input}
            found = {"predicted": model(inputs, training=False)[:, 0]}
            return found if mode == "predict" else found | {"value": batch["value"]}

        return step

    def compute_metrics(self, results, split):
        errors_N = results["predicted"] - results["value"]
        loss = float(np.mean(errors_N**2))
        return figures.Evaluation(
            {"loss": loss, "r2": 1.0 - loss / float(np.var(results["value"]))}
        )

    def predictions(self, results, split):
        return [{"value": float(value)} for value in results["predicted"]]


def _matrix(rows, names):
    try:
        return np.array([[float(row[name]) for name in names] for row in rows])
    except ValueError as error:
        raise errors.UserError(
            f"Columns {', '.join(names)} take numbers: {error}."
        ) from None


def experiment():
    return Experiment(
        data=Table(),
        inputs=Numbers(),
        model=Dense(),
        task=Regression(),
        optimizer=training.Optimizer(learning_rate=0.02),
        train=training.Train(steps=60, batch_size=16, eval_every=20, best_metric="r2"),
    )
