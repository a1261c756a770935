"""A tag for each word: tagging over words of its own, with tfm's LSTM."""

import dataclasses
import json
import pathlib

import numpy as np

from tfm import errors
from tfm import figures
from tfm import interfaces
from tfm import models
from tfm import training
from tfm.data import batches
from tfm.data import memory
from tfm.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class Tags:
    """A tag for each of up to `length` words; 0 where there is none."""

    names: tuple[str, ...]
    length: int

    kind = "tags"

    @property
    def spec(self):
        return interfaces.Spec((self.length,), "int32", len(self.names) + 1)

    def encode(self, values):
        ids = {name: number for number, name in enumerate(self.names, 1)}
        unknown = {tag for tags in values for tag in tags} - ids.keys()
        if unknown:
            raise errors.UserError(
                f"A tag must be one of {', '.join(ids)}. Got {min(unknown)!r}."
            )
        return [np.array([ids[tag] for tag in tags], np.int32) for tags in values]

    def decode(self, array):
        return [[self.names[tag - 1] for tag in row if tag] for row in array]


@dataclasses.dataclass(frozen=True)
class Sentences:
    """JSON lines of {"words": [...], "tags": [...]}."""

    train: str = "tags.jsonl"
    length: int = 8  # words at the most

    columns = {"words": frozenset({"words"}), "tags": frozenset({"tags"})}

    def prepare(self, folder):
        reads = list(self.rows(self.train, {}))
        names = sorted({tag for read in reads for tag in read.row["tags"]})
        columns = {"tags": Tags(tuple(names), self.length)}
        return memory.MemoryDataset(memory.cut(reads), columns)

    def rows(self, source, columns):
        lines = pathlib.Path(source).read_text().splitlines()
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            yield interfaces.Read(row, row, f"{source}:{number}")

    def split(self, source, columns, preprocessor, folder):
        return memory.Memory(self.rows(source, columns), columns, preprocessor)


@dataclasses.dataclass(frozen=True)
class Words:
    """An id for each word of the training split; 1 for others."""

    length: int = 8  # words at the most

    columns = {"words": frozenset({"words"})}
    gives = frozenset({"tokens"})

    def fit(self, rows, reserved=()):
        known = sorted({word for row in rows for word in row["words"]})
        return WordsPreprocessor(known, self.length)

    def load(self, folder):
        known = json.loads((folder / "words.json").read_text())
        return WordsPreprocessor(known, self.length)


class WordsPreprocessor:
    def __init__(self, known, length):
        self._known = known
        self._ids = {word: number for number, word in enumerate(known, 2)}
        self.stored = {"tokens": interfaces.Spec((length,), "int32", len(known) + 2)}
        self.specs = self.stored

    def encode(self, rows):
        return {
            "tokens": [
                np.array([self._ids.get(word, 1) for word in row["words"]], np.int32)
                for row in rows
            ]
        }

    def graph(self):
        return lambda stored, seeds: dict(stored)

    def save(self, folder):
        (folder / "words.json").write_text(json.dumps(self._known))


@dataclasses.dataclass(frozen=True)
class Tagging:
    """Cross-entropy of each word's tag."""

    columns = {"tags": frozenset({"tags"})}
    reads = frozenset({"sequence"})
    gives = frozenset()
    train_steps = ("MeanLoss",)

    def direction(self, metric):
        return {"loss": "min", "accuracy": "max"}.get(metric)

    def reserves(self, inputs):
        return ()

    def bind(self, columns, preprocessor):
        return WordTags(columns["tags"], preprocessor)


class WordTags:
    usage = "predict --input=FILE"

    def __init__(self, column, preprocessor):
        self._column = column
        self.inputs = preprocessor.specs
        self._stored = preprocessor.stored

    def examples(self, split, mode):
        targets = {} if mode == "predict" else {"tags": self._column.spec}
        return batches.Rows(split, {**self._stored, **targets})

    def head(self, backbone):
        import keras

        x = keras.layers.Dense(self._column.spec.size, name="head")
        return keras.Model(backbone.input, x(backbone.output["sequence"]))

    def loss(self, outputs, batch):
        from keras import ops

        weights_BT = ops.cast(batch["tags"] > 0, "float32") * batch["weight"][:, None]
        losses_BT = ops.sparse_categorical_crossentropy(
            batch["tags"], outputs, from_logits=True
        )
        right_BT = ops.cast(
            ops.equal(ops.argmax(outputs, -1), batch["tags"]), "float32"
        )
        count = ops.sum(weights_BT)
        return (
            losses_BT,
            weights_BT,
            {"accuracy": (ops.sum(right_BT * weights_BT), count)},
        )

    def eval_step(self, model, mode):
        from keras import ops

        def step(batch):
            outputs = model({"tokens": batch["tokens"]}, training=False)
            there_BT = batch["tokens"] > 0
            found = {
                "predicted": ops.where(
                    there_BT, ops.argmax(outputs[..., 1:], -1) + 1, 0
                )
            }
            if mode != "predict":
                losses_BT, weights_BT, _ = self.loss(outputs, batch)
                found |= {
                    "tags": batch["tags"],
                    "loss": ops.sum(losses_BT * weights_BT, 1),
                }
            return found

        return step

    def compute_metrics(self, results, split):
        there = results["tags"] > 0
        right = (results["predicted"] == results["tags"])[there]
        loss = float(results["loss"].sum() / there.sum())
        return figures.Evaluation({"loss": loss, "accuracy": float(right.mean())})

    def predictions(self, results, split):
        return [{"tags": tags} for tags in self._column.decode(results["predicted"])]


def experiment():
    return Experiment(
        data=Sentences(),
        inputs=Words(),
        model=models.LSTM(embedding_width=8, width=8, bidirectional=True),
        task=Tagging(),
        optimizer=training.Optimizer(learning_rate=0.03),
        train=training.Train(steps=60, batch_size=16, eval_every=20),
    )
