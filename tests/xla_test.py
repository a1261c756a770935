"""Every experiment's whole training step compiles under XLA, with static shapes.

There is no TPU to try it on: a TPU compiles the same graph, and takes no dynamic
shape and no string.
"""

import dataclasses
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import minilm
from tests.support import updates
from tfm import config
from tfm import inputs
from tfm import interfaces
from tfm.data import columns
from tfm.data import memory
from tfm.run import assembly

ROOT = pathlib.Path(__file__).parents[1]
VOCAB, SIZE = 60, 4
NAMES = sorted(path.stem for path in (ROOT / "experiments").glob("*.py"))
NAMES.remove("finetune")  # the model of text_cls_minilm
QUICK = ("text_cls", "text_cls_transformer", "char_gpt", "g2p")


class Preprocessor:
    """A vocabulary of letters, for the inputs of an experiment."""

    def __init__(self, config):
        special = getattr(config, "special_tokens", ())
        length = config.max_length or 32  # none: by the data
        letters = "".join(chr(ord("a") + i) for i in range(VOCAB - 2 - len(special)))
        self.config = inputs.Text(
            method="character",
            vocab_size=VOCAB,
            special_tokens=special,
            max_length=length,
        )
        self.tokenizer = self.config.fit([{"text": letters}]).tokenizer
        spec = interfaces.Spec((length,), "int32", VOCAB)
        self.stored = self.specs = {"tokens": spec}


def _of_counts(experiment):
    """The objective over a few texts that the inputs were fitted on, and a batch."""
    texts = [
        f"{word} film number {i % 7}" for i in range(20) for word in ("bad", "good")
    ]
    rows = [{"text": text, "label": text.split()[0]} for text in texts]
    preprocessor = experiment.inputs.fit(rows)
    label = columns.Category(("bad", "good"))
    batch = {"label": np.array([0, 1, 0, 1], np.int32)}
    for name, found in preprocessor.encode(rows[:SIZE]).items():
        spec = preprocessor.specs[name]
        batch[name] = np.zeros((SIZE, *spec.shape), spec.dtype)
        for row, values in zip(batch[name], found, strict=True):
            row[: len(values)] = values
    return experiment.task.bind({"label": label}, preprocessor), batch


def _of_pictures(experiment):
    """The objective over pictures of two classes, and a batch of their pixels."""
    preprocessor = experiment.inputs.fit()
    label = columns.Category(("dark", "bright"))
    shape = (SIZE, *preprocessor.specs["pixels"].shape)
    pixels = np.random.default_rng(0).random(shape).astype(np.float32)
    labels = np.array([0, 1, 0, 1], np.int32)
    pixels += labels[:, None, None, None]
    batch = {"pixels": pixels, "label": labels}
    return experiment.task.bind({"label": label}, preprocessor), batch


def _of_pairs(experiment):
    """The objective over pairs of texts, and a batch of them."""
    rows = [{"text": f"word {n}", "target": f"W ER {n}"} for n in range(SIZE)]
    special = experiment.task.reserves(experiment.inputs)
    preprocessor = experiment.inputs.fit(rows, special)
    objective = experiment.task.bind({}, preprocessor)
    examples = objective.examples(memory.Memory(rows, {}, preprocessor), "train")
    places = np.arange(SIZE)
    batch = examples.batch(places, np.zeros_like(places), 0)
    return objective, {name: batch[name] for name in examples.spec}


def _bound(experiment):
    """The objective over a small vocabulary, and a batch of its examples."""
    if "target_tokens" in experiment.inputs.gives:
        return _of_pairs(experiment)
    if "pixels" in experiment.inputs.gives:
        return _of_pictures(experiment)
    together = isinstance(experiment.inputs, inputs.Together)
    if together or "tokens" not in experiment.inputs.gives:
        return _of_counts(experiment)
    task = experiment.task
    special = task.reserves(experiment.inputs)
    config = experiment.inputs
    if special:
        config = dataclasses.replace(config, special_tokens=tuple(special))
    preprocessor = Preprocessor(config)
    rng = np.random.default_rng(0)
    if "label" in task.columns:
        label = columns.Category(("no", "yes"), (3, 1))
        (length,) = preprocessor.specs["tokens"].shape
        batch = {
            "tokens": rng.integers(0, VOCAB, (SIZE, length)),
            "label": np.array([0, 1, 1, 0]),
        }
        objective = task.bind({"label": label}, preprocessor)
        return objective, {name: v.astype(np.int32) for name, v in batch.items()}
    objective = task.bind({}, preprocessor)
    shape = (SIZE, objective.window)
    first = preprocessor.tokenizer.first_word_id
    words = rng.integers(first, VOCAB, shape).astype(np.int32)
    segments = np.sort(rng.integers(1, 4, shape)).astype(np.int32)
    rows = [
        objective.example(*window, rng, None)
        for window in zip(words, segments, strict=True)
    ]
    return objective, {
        name: np.stack([row[name] for row in rows]) for name in objective.spec
    }


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name in NAMES
    ],
)
def test_the_step_compiles_and_learns(name):
    experiment = config.load_experiment(name)
    for part in ("model", "inputs"):
        config_ = getattr(experiment, part)
        if getattr(config_, "preset", ""):
            there = dataclasses.replace(config_, preset=minilm.folder())
            experiment = dataclasses.replace(experiment, **{part: there})
    objective, batch = _bound(experiment)
    batch["weight"] = np.ones(SIZE, np.float32)
    keras.utils.set_random_seed(0)
    model = assembly.build_model(experiment, objective)
    optimizer = experiment.optimizer.build(100, model)
    specs = tf.nest.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), batch)
    state = [v.value for v in (*model.variables, *optimizer.variables)]
    run = updates.train_function(model, objective.loss, optimizer, clip_norm=1.0)

    @tf.function(jit_compile=True, input_signature=[specs])
    def whole(batch):
        row = run.update(batch, tf.zeros(()))
        return row["loss"], row["gradient_norm"]

    for operation in whole.get_concrete_function().graph.get_operations():
        for output in operation.outputs:
            assert output.dtype != tf.string, operation.name
    before = [variable.numpy().copy() for variable in state]
    loss, norm = whole(batch)
    assert np.isfinite(loss) and float(norm) > 0
    moved = [
        np.any(variable.numpy() != old)
        for variable, old in zip(state, before, strict=True)
    ]
    assert np.mean(moved) > 0.8
