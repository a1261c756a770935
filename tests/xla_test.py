"""Every experiment's whole training step compiles under XLA, with static shapes.

There is no TPU to try it on: a TPU compiles the same graph, and takes no dynamic
shape and no string.
"""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfm import config
from tfm.training import step

ROOT = pathlib.Path(__file__).parents[1]
NAMES = sorted(path.stem for path in (ROOT / "experiments").glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_the_step_compiles_and_learns(name):
    experiment = config.load_experiment(name)
    length, size = experiment.tokens.max_length, 4
    task = experiment.task.bind(("no", "yes"), False, (3, 1))
    keras.utils.set_random_seed(0)
    model = experiment.build_model(50, task)
    optimizer = experiment.optimizer.build(100, model)
    rng = np.random.default_rng(0)
    batch = {
        "tokens": rng.integers(0, 50, (size, length)).astype(np.int32),
        "label": np.array([0, 1, 1, 0], np.int32),
        "weight": np.ones(size, np.float32),
    }
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
