"""Text to text in two columns, by tfm's encoder-decoder: words spelt backwards."""

import csv
import dataclasses
import pathlib

import numpy as np

from tfm import figures
from tfm import interfaces
from tfm import models
from tfm import training
from tfm.data import memory
from tfm.experiment import Experiment

LETTERS = "abcde"
BEGIN = len(LETTERS) + 1  # padding is 0, letters are 1 to len(LETTERS)


@dataclasses.dataclass(frozen=True)
class Spelt:
    """A text that is to be written, of up to `length` letters."""

    length: int

    kind = "target"

    @property
    def spec(self):
        return interfaces.Spec((self.length,), "int32", BEGIN + 1)

    def encode(self, values):
        return [_ids(value) for value in values]

    def decode(self, array):
        return ["".join(LETTERS[i - 1] for i in row if 0 < i < BEGIN) for row in array]


@dataclasses.dataclass(frozen=True)
class Pairs:
    """A CSV with the columns source and target."""

    train: str = "pairs.csv"
    length: int = 5  # letters at the most

    columns = {"source": frozenset({"text"}), "target": frozenset({"target"})}

    def prepare(self, folder):
        reads = list(self.rows(self.train, {}))
        return memory.MemoryDataset(memory.cut(reads), {"target": Spelt(self.length)})

    def rows(self, source, columns):
        with pathlib.Path(source).open(newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                yield interfaces.Read(row, row, f"{source}:{number}")

    def split(self, source, columns, preprocessor, folder):
        return memory.Memory(self.rows(source, columns), columns, preprocessor)


@dataclasses.dataclass(frozen=True)
class Letters:
    """The letters of the source."""

    length: int = 5  # letters at the most

    columns = {"source": frozenset({"text"})}
    gives = frozenset({"tokens"})

    def fit(self, rows, reserved=()):
        return LettersPreprocessor(self.length)

    def load(self, folder):
        return LettersPreprocessor(self.length)


class LettersPreprocessor:
    def __init__(self, length):
        self.stored = {"tokens": interfaces.Spec((length,), "int32", BEGIN + 1)}
        self.specs = self.stored

    def encode(self, rows):
        return {"tokens": [_ids(row["source"]) for row in rows]}

    def graph(self):
        return lambda stored, seeds: dict(stored)

    def save(self, folder):
        pass


@dataclasses.dataclass(frozen=True)
class Writing:
    """The target, letter by letter."""

    columns = {"target": frozenset({"target"})}
    reads = frozenset({"causal"})
    gives = frozenset({"decoder_tokens"})
    train_steps = ("MeanLoss",)

    def direction(self, metric):
        return {"loss": "min", "exact": "max"}.get(metric)

    def reserves(self, inputs):
        return ()

    def bind(self, columns, preprocessor):
        return Letterwise(columns["target"], preprocessor)


class PairExamples:
    """Sources with their targets, and the targets moved by one for the decoder."""

    def __init__(self, split, spec, with_target):
        self._split, self._with_target = split, with_target
        names = ("tokens", "decoder_tokens", *(("target",) * with_target))
        self.spec = dict.fromkeys(names, spec)

    def __len__(self):
        return len(self._split)

    def batch(self, places, epochs, seed):
        taken = self._split.take(places)
        length = self.spec["tokens"].shape[0]
        found = {"tokens": _padded(taken["tokens"], length)}
        found["decoder_tokens"] = np.zeros_like(found["tokens"])
        found["decoder_tokens"][:, 0] = BEGIN
        if self._with_target:
            found["target"] = _padded(taken["target"], length)
            found["decoder_tokens"][:, 1:] = found["target"][:, :-1]
        return found | {"row": places}


class Letterwise:
    usage = "predict --input=FILE"

    def __init__(self, column, preprocessor):
        self._column = column
        self.inputs = {**preprocessor.specs, "decoder_tokens": column.spec}

    def examples(self, split, mode):
        return PairExamples(split, self.inputs["tokens"], mode != "predict")

    def head(self, backbone):
        import keras

        x = keras.layers.Dense(BEGIN + 1, name="head")(backbone.output["causal"])
        return keras.Model(backbone.input, x)

    def loss(self, outputs, batch):
        from keras import ops

        losses_BT = ops.sparse_categorical_crossentropy(
            batch["target"], outputs, from_logits=True
        )
        weights_BT = ops.ones_like(losses_BT) * batch["weight"][:, None]
        return losses_BT, weights_BT, {}

    def eval_step(self, model, mode):
        from keras import ops

        length = self._column.length

        def write(tokens_BT):
            """Greedy decoding, a letter at a time."""
            written_BT = ops.zeros_like(tokens_BT)
            for t in range(length):
                begin_B1 = ops.full_like(written_BT[:, :1], BEGIN)
                decoder_BT = ops.concatenate([begin_B1, written_BT[:, :-1]], 1)
                inputs = {"tokens": tokens_BT, "decoder_tokens": decoder_BT}
                best_BT = ops.argmax(model(inputs, training=False), -1)
                best_BT = ops.cast(best_BT, "int32")
                written_BT = ops.concatenate(
                    [written_BT[:, :t], best_BT[:, t : t + 1], written_BT[:, t + 1 :]],
                    1,
                )
            return written_BT

        def step(batch):
            found = {"written": write(batch["tokens"])}
            if mode != "predict":
                inputs = {name: batch[name] for name in model.input}
                losses_BT, _, _ = self.loss(model(inputs, training=False), batch)
                found |= {"loss": ops.mean(losses_BT, 1), "target": batch["target"]}
            return found

        return step

    def compute_metrics(self, results, split):
        same = (results["written"] == results["target"]).all(axis=1)
        rows = split.rows(results["row"][:5])
        written = self._column.decode(results["written"][:5])
        cells = [
            (row["source"], row["target"], text)
            for row, text in zip(rows, written, strict=True)
        ]
        return figures.Evaluation(
            {"loss": float(results["loss"].mean()), "exact": float(same.mean())},
            {"written": figures.Samples(("source", "target", "written"), cells)},
        )

    def predictions(self, results, split):
        return [{"target": text} for text in self._column.decode(results["written"])]


def _ids(text):
    return np.array([LETTERS.index(letter) + 1 for letter in text], np.int32)


def _padded(rows, length):
    found = np.zeros((len(rows), length), np.int32)
    for row, ids in zip(found, rows, strict=True):
        row[: len(ids)] = ids
    return found


def experiment():
    return Experiment(
        data=Pairs(),
        inputs=Letters(),
        model=models.EncoderDecoder(
            num_layers=1, width=32, num_heads=4, feedforward_width=64
        ),
        task=Writing(),
        optimizer=training.Optimizer(learning_rate=0.01),
        train=training.Train(
            steps=300, batch_size=32, eval_every=100, best_metric="exact"
        ),
    )
