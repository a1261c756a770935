"""Small finished runs for TensorBoard: two classifiers and a language model."""

import dataclasses
import pathlib

from tests.support import reviews
from tests.support import small_runs
from tfm import data
from tfm import inputs
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment
from tfm.run import fit
from tfm.run import folder as run_folder


def make(base: pathlib.Path) -> pathlib.Path:
    """The folder of runs "narrow", trained in two parts, "wide" and "writer"."""
    runs = base / "runs"
    source = reviews.write_csv(base / "reviews.csv")
    e = reviews.experiment(source, steps=24, eval_every=8, epochs=4.0)
    half = dataclasses.replace(e, train=dataclasses.replace(e.train, steps=12))
    _train(half, runs / "narrow", profile=(3, 5))
    _train(e, runs / "narrow")
    wide = dataclasses.replace(e.model, width=16)
    _train(dataclasses.replace(e, model=wide), runs / "wide")
    _train(writer(texts(source)), runs / "writer")
    return runs


def texts(source: pathlib.Path) -> pathlib.Path:
    """The texts of a CSV of reviews, a line each, in a file beside it."""
    lines = source.read_text().splitlines()[1:]
    path = source.with_suffix(".txt")
    path.write_text("\n".join(line.split(",")[0] for line in lines))
    return path


def writer(source: pathlib.Path) -> Experiment:
    """A small language model of a file of texts, evaluated at steps 4 and 8."""
    return Experiment(
        data=data.Corpus(train=str(source), validation_fraction=0.2, workers=1),
        inputs=inputs.Text(vocab_size=60, max_length=16, special_tokens=("[EOS]",)),
        model=small_runs.MODELS["decoder"],
        task=tasks.CausalLM(),
        optimizer=training.Optimizer(learning_rate=0.01),
        train=training.Train(steps=8, batch_size=8, eval_every=4, best_metric="loss"),
    )


def _train(e: Experiment, path: pathlib.Path, profile=()) -> None:
    folder = run_folder.RunFolder(path)
    folder.begin("text_cls", e, {})
    done = fit.fit(e, folder, with_reference=True, profile=profile)
    assert done.name == "finished"
