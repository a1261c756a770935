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
from tfm import config
from tfm import models
from tfm.inputs import text as tokens
from tfm.training import step

ROOT = pathlib.Path(__file__).parents[1]
VOCAB, SIZE = 60, 4
NAMES = sorted(path.stem for path in (ROOT / "experiments").glob("*.py"))


def _labeled(experiment):
    """The task of two classes, and a batch for it."""
    task = experiment.task.bind(("no", "yes"), False, (3, 1))
    rng = np.random.default_rng(0)
    length = experiment.tokens.max_length
    return task, {
        "tokens": rng.integers(0, VOCAB, (SIZE, length)).astype(np.int32),
        "label": np.array([0, 1, 1, 0], np.int32),
    }


def _plain(experiment):
    """The objective over a small vocabulary, and a batch of its examples."""
    special = experiment.tokens.special_tokens
    letters = "".join(chr(ord("a") + i) for i in range(VOCAB - 2 - len(special)))
    config = tokens.Tokens(
        method="character",
        vocab_size=VOCAB,
        special_tokens=special,
        max_length=experiment.tokens.max_length,
    )
    task = experiment.task.bind(config.learn([letters]), config.max_length)
    rng = np.random.default_rng(0)
    shape = (SIZE, task.window)
    words = rng.integers(2 + len(special), VOCAB, shape).astype(np.int32)
    segments = np.sort(rng.integers(1, 4, shape)).astype(np.int32)
    rows = [
        task.example(*window, rng, None) for window in zip(words, segments, strict=True)
    ]
    return task, {name: np.stack([row[name] for row in rows]) for name in task.spec}


@pytest.mark.parametrize("name", NAMES)
def test_the_step_compiles_and_learns(name):
    experiment = config.load_experiment(name)
    if isinstance(experiment.model, models.Pretrained):
        preset = dataclasses.replace(experiment.model, preset=minilm.folder())
        experiment = dataclasses.replace(experiment, model=preset)
    make = _labeled if experiment.task.LABELED else _plain
    task, batch = make(experiment)
    batch["weight"] = np.ones(SIZE, np.float32)
    keras.utils.set_random_seed(0)
    model = experiment.build_model(VOCAB, task)
    optimizer = experiment.optimizer.build(100, model)
    specs = tf.nest.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), batch)
    state = [v.value for v in (*model.variables, *optimizer.variables)]
    update = step.train_function(model, task.loss, optimizer, clip_norm=1.0).update

    @tf.function(jit_compile=True, input_signature=[specs])
    def whole(batch):
        row = update(batch, tf.zeros(()))
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
