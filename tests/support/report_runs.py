"""Small finished runs of the kinds that reports differ by."""

import csv
import dataclasses
import pathlib
import random

from tests.support import board_runs
from tests.support import reviews
from tfm import data
from tfm import models
from tfm.run import fit
from tfm.run import folder as run_folder

SHAPE = {"num_layers": 1, "width": 8, "num_heads": 2, "feedforward_width": 8}


def make(base: pathlib.Path) -> dict[str, pathlib.Path]:
    """Folders of runs: "classes", "labels" (multi-label) and "writer"."""
    source = reviews.write_csv(base / "reviews.csv")
    classes = reviews.experiment(source, steps=40, eval_every=20)
    classes = dataclasses.replace(classes, model=models.Transformer(**SHAPE))
    labelled = _write_labels(base / "labels.csv")
    labels = reviews.experiment(labelled, steps=40, eval_every=20)
    field = data.LabeledText(
        train=str(labelled), text="review", label="topics", multi_label=True
    )
    labels = dataclasses.replace(labels, data=field)
    writer = board_runs.writer(board_runs.texts(source))
    experiments = {"classes": classes, "labels": labels, "writer": writer}
    return {name: _trained(e, base / name) for name, e in experiments.items()}


def _write_labels(path: pathlib.Path) -> pathlib.Path:
    """A CSV of review, topics; each topic has its word, and few rows are wrong."""
    rng = random.Random(0)
    words = dict(zip(("plot", "acting", "music", "light"), reviews.GOOD, strict=True))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "topics"])
        for _ in range(300):
            topics = [name for name in words if rng.random() < 0.4]
            text = rng.choices(reviews.FILLER, k=rng.randint(3, 6))
            text += [words[name] for name in topics]
            rng.shuffle(text)
            told = topics if rng.random() < 0.9 else ["plot"]
            writer.writerow([" ".join(text), ",".join(told)])
    return path


def _trained(experiment, path: pathlib.Path) -> pathlib.Path:
    folder = run_folder.RunFolder(path)
    folder.begin("text_cls", experiment, {})
    assert fit.fit(experiment, folder, with_reference=True).name == "finished"
    return path
