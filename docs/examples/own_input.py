"""Counts of a text's letters, digits and marks, classified by dense layers."""

import dataclasses
import json

import numpy as np

from tfm import data
from tfm import interfaces
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class CharacterShares:
    """Shares of kinds of characters, scaled by what the training texts have."""

    marks: str = "!?.,"  # characters that are counted one by one

    columns = {"text": frozenset({"text"})}
    gives = frozenset({"features"})

    def fit(self, rows, reserved=()):
        shares = np.stack([_shares(row["text"], self.marks) for row in rows])
        return SharesPreprocessor(self.marks, shares.mean(0), shares.std(0) + 1e-6)

    def load(self, folder):
        saved = json.loads((folder / "shares.json").read_text())
        return SharesPreprocessor(
            self.marks, np.array(saved["mean"]), np.array(saved["deviation"])
        )


class SharesPreprocessor:
    """Texts to float32 [3 + marks]."""

    def __init__(self, marks, mean, deviation):
        self._marks, self._mean, self._deviation = marks, mean, deviation
        self.stored = {"features": interfaces.Spec(mean.shape, "float32")}
        self.specs = self.stored

    def encode(self, rows):
        shares = np.stack([_shares(row["text"], self._marks) for row in rows])
        scaled = (shares - self._mean) / self._deviation
        return {"features": scaled.astype(np.float32)}

    def graph(self):
        return lambda stored, seeds: dict(stored)  # augmentation would go here

    def save(self, folder):
        saved = {"mean": self._mean.tolist(), "deviation": self._deviation.tolist()}
        (folder / "shares.json").write_text(json.dumps(saved))


def _shares(text, marks):
    kinds = [str.isupper, str.isdigit, str.isspace]
    counts = [sum(map(kind, text)) for kind in kinds]
    counts += [text.count(mark) for mark in marks]
    return np.array(counts) / max(len(text), 1)


def experiment():
    return Experiment(
        data=data.LabeledText(train="reviews.csv"),
        inputs=CharacterShares(),
        model=models.MLP(hidden=(16,)),
        task=tasks.TextClassification(),
        optimizer=training.Optimizer(learning_rate=0.01),
        train=training.Train(epochs=20),
    )
