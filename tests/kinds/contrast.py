"""Two points that belong together: contrastive learning over the whole batch."""

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
class Table:
    """A CSV with a point x, y and its partner u, v."""

    train: str = "contrast.csv"

    columns = {name: frozenset({"number"}) for name in ("x", "y", "u", "v")}

    def prepare(self, folder):
        reads = list(self.rows(self.train, {}))
        return memory.MemoryDataset(memory.cut(reads), {})

    def rows(self, source, columns):
        with pathlib.Path(source).open(newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                yield interfaces.Read(row, row, f"{source}:{number}")

    def split(self, source, columns, preprocessor, folder):
        return memory.Memory(self.rows(source, columns), columns, preprocessor)


@dataclasses.dataclass(frozen=True)
class Numbers:
    """Numbers with mean 0 and deviation 1 over the training split."""

    names: tuple[str, ...] = ("x", "y", "u", "v")

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
class TwoTowers:
    """A vector of length 1 for each of the two points."""

    width: int = 32

    reads = frozenset({"numbers"})
    optional = frozenset()
    gives = frozenset({"left", "right"})

    def build(self, specs):
        import keras

        numbers = keras.Input(specs["numbers"].shape, name="numbers")
        outputs = {}
        for name, part in (("left", numbers[:, :2]), ("right", numbers[:, 2:])):
            x = keras.layers.Dense(self.width, "relu", name=f"{name}_hidden")(part)
            x = keras.layers.Dropout(0.02)(x)
            x = keras.layers.Dense(8, name=name)(x)
            outputs[name] = keras.ops.normalize(x)
        return keras.Model({"numbers": numbers}, outputs)


@dataclasses.dataclass(frozen=True)
class InBatchNegatives:
    """Each point finds its partner among those of the whole batch."""

    columns = {}
    reads = frozenset({"left", "right"})
    gives = frozenset()
    metrics = ("loss", "recall")
    train_steps = ("GlobalBatch",)

    def direction(self, metric):
        return {"loss": "min", "recall": "max"}.get(metric)

    def reserves(self, inputs):
        return ()

    def bind(self, columns, preprocessor):
        return InfoNCE(preprocessor)


class InfoNCE:
    usage = "predict --input=FILE"

    def __init__(self, preprocessor):
        self.inputs = preprocessor.specs
        self._stored = preprocessor.stored

    def examples(self, split, mode):
        return batches.Rows(split, self._stored)

    def head(self, backbone):
        return backbone

    def loss(self, outputs, batch):
        from keras import ops

        logits = ops.matmul(outputs["left"], ops.transpose(outputs["right"])) * 20.0
        own = ops.arange(logits.shape[0])
        losses = ops.sparse_categorical_crossentropy(own, logits, from_logits=True)
        return losses, batch["weight"], {}

    def eval_step(self, model, mode):
        return lambda batch: model({"numbers": batch["numbers"]}, training=False)

    def compute_metrics(self, results, split):
        """Of all rows together, from what was kept of each: no sum over batches."""
        logits = results["left"] @ results["right"].T * 20.0
        own = np.arange(len(logits))
        top = logits.max(axis=1, keepdims=True)
        total = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
        return figures.Evaluation(
            {
                "loss": float(np.mean(total - logits[own, own])),
                "recall": float(np.mean(np.argmax(logits, axis=1) == own)),
            }
        )

    def predictions(self, results, split):
        likeness = np.sum(results["left"] * results["right"], axis=1)
        return [{"likeness": float(value)} for value in likeness]


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
        model=TwoTowers(),
        task=InBatchNegatives(),
        train_step=training.GlobalBatch(),
        optimizer=training.Optimizer(learning_rate=0.02),
        train=training.Train(
            steps=200,
            batch_size=32,
            micro_batches=2,
            eval_every=100,
            best_metric="loss",
        ),
    )
