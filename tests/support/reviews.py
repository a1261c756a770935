"""Small made-up reviews, for tests that train."""

import csv
import pathlib
import random

from tfm import data
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment
from tfm.run import folder as run_folder

GOOD = ("lovely", "superb", "moving", "charming")
BAD = ("dull", "awful", "clumsy", "tedious")
FILLER = ("the", "film", "was", "a", "story", "of", "two", "friends", "and", "their")


def write_csv(
    path: pathlib.Path, num_rows: int = 240, seed: int = 0, classes=("bad", "good")
) -> pathlib.Path:
    """A CSV of review, stars; each text has one word that gives its class away."""
    words = dict(zip(classes, (BAD, GOOD, ("middling", "fair")), strict=False))
    rng = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "stars"])
        for i in range(num_rows):
            label = classes[i % len(classes)]
            text = rng.choices(FILLER, k=rng.randint(3, 9))
            text.insert(rng.randrange(len(text) + 1), rng.choice(words[label]))
            writer.writerow([" ".join(text), label])
    return path


def experiment(path: pathlib.Path, **train) -> Experiment:
    """A model that learns `write_csv` in seconds."""
    settings = {"epochs": 6.0, "batch_size": 16, "log_every": 5} | train
    return Experiment(
        data=data.LabeledText(train=str(path), text="review", label="stars"),
        inputs=inputs.Text(vocab_size=60, max_length=10),
        model=models.LSTM(embedding_width=8, width=8, dropout=0.1),
        task=tasks.TextClassification(),
        optimizer=training.Optimizer(learning_rate=0.03),
        train=training.Train(**settings),
    )


def start(experiment, path: pathlib.Path, name: str) -> str:
    """Trains as the entry point does; `name` is of a shipped experiment."""
    from tfm.run import fit  # which imports TensorFlow

    folder = run_folder.RunFolder(path)
    folder.begin(name, experiment, {})
    return fit.fit(experiment, folder).name
