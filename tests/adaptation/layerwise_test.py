"""Each layer's own learning rate: values, by hand and against the plain optimizers."""

import os
import pathlib
import subprocess
import sys
import typing

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfm import errors
from tfm.adaptation import Adapt
from tfm.adaptation import layerwise
from tfm.training import optimizer as optimizers

ROOT = pathlib.Path(__file__).parents[2]
NAMES = typing.get_args(optimizers.Name)


def _model() -> keras.Model:
    """embedding [5, 4], block_0, block_1 and head, with the same weights each time."""
    tokens = keras.Input((3,), dtype="int32")
    x = keras.layers.Embedding(5, 4, name="embedding")(tokens)
    for name in ("block_0", "block_1"):
        x = keras.layers.Dense(4, name=name)(x)
    model = keras.Model(tokens, keras.layers.Dense(2, name="head")(x))
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=v.shape) for v in model.weights])
    return model


def _gradients(model, steps: int) -> list[list[tf.Tensor]]:
    rng = np.random.default_rng(1)
    return [
        [tf.constant(rng.normal(size=v.shape), tf.float32) for v in model.weights]
        for _ in range(steps)
    ]


def _trained(steps=4, compiled=False, unfreeze_every=None, layer_decay=1.0, **fields):
    """The weights after each step, from the same gradients."""
    model = _model()
    fields = {"schedule": "constant", "warmup_steps": 0, "clip_norm": None} | fields
    adapt = Adapt(unfreeze_every=unfreeze_every, layer_decay=layer_decay)
    made = optimizers.Optimizer(**fields).build(100, model, adapt)

    def apply(gradients):
        pairs = zip(gradients, model.trainable_variables, strict=True)
        made.apply_gradients(pairs)

    if compiled:
        apply = tf.function(apply, jit_compile=True)
    weights = []
    for gradients in _gradients(model, steps):
        apply(gradients)
        weights.append({v.path: v.numpy() for v in model.weights})
    return weights


@pytest.mark.parametrize("name", NAMES)
def test_each_group_moves_as_with_its_share_of_the_rate(name):
    fields = {"name": name, "weight_decay": 0.1}
    found = _trained(learning_rate=0.08, layer_decay=0.5, **fields)
    for depth, layer in enumerate(("head", "block_1", "block_0", "embedding")):
        alone = _trained(learning_rate=0.08 * 0.5**depth, **fields)
        for path in (path for path in found[-1] if path.startswith(layer)):
            expected = alone[-1][path]
            np.testing.assert_allclose(found[-1][path], expected, 1e-5, 1e-6, path)


def test_adafactor_takes_a_share_of_the_rate_that_it_takes():
    # it never takes more than 1 / sqrt(step), here 1 in the first step
    fields = {"name": "adafactor", "steps": 1}
    found = _trained(learning_rate=8.0, layer_decay=0.5, **fields)[0]
    alone = _trained(learning_rate=0.5, **fields)[0]
    name = "block_1/kernel"
    np.testing.assert_allclose(found[name], alone[name], 1e-5, 1e-6)


@pytest.mark.parametrize("name", ["adamw", "sgd", "lamb"])
def test_groups_begin_to_learn_from_the_head_downward(name):
    fields = {"name": name, "learning_rate": 0.05, "weight_decay": 0.1}
    before = {v.path: v.numpy() for v in _model().weights}
    found = [before, *_trained(7, unfreeze_every=2, **fields)]
    for depth, layer in enumerate(("head", "block_1", "block_0", "embedding")):
        path = f"{layer}/embeddings" if layer == "embedding" else f"{layer}/kernel"
        for step in range(7):
            moved = np.any(found[step + 1][path] != found[step][path])
            assert moved == (step >= 2 * depth), (layer, step)


def test_the_first_update_after_unfreezing_is_of_the_usual_size():
    # Adam's averages go on while a layer waits; begun then, they would triple it
    constant = {"name": "adam", "learning_rate": 0.01, "layer_decay": 1.0}
    found = _trained(31, unfreeze_every=10, **constant)
    moved = np.abs(
        found[-1]["embedding/embeddings"] - found[-2]["embedding/embeddings"]
    )
    assert 0 < moved.max() < 0.012


@pytest.mark.parametrize("name", ["adamw", "adafactor"])
def test_the_same_under_xla(name):
    fields = {"name": name, "learning_rate": 0.05, "layer_decay": 0.5}
    fields |= {"unfreeze_every": 1, "weight_decay": 0.1}
    expected = _trained(3, **fields)[-1]
    for path, found in _trained(3, compiled=True, **fields)[-1].items():
        np.testing.assert_allclose(found, expected[path], 1e-5, 1e-6, path)


def test_only_what_is_trained_counts_in_the_norm():
    model = _model()
    fields = optimizers.Optimizer(name="sgd", learning_rate=0.1)
    made = fields.build(100, model, Adapt(unfreeze_every=1))
    (gradients,) = _gradients(model, 1)
    counted = layerwise.counted(made, gradients)
    paths = [v.path for v in model.trainable_variables]
    shown = {
        path.partition("/")[0]
        for path, gradient in zip(paths, counted, strict=True)
        if np.any(gradient)
    }
    assert shown == {"head"}
    broken = [gradient * np.nan for gradient in gradients]
    norm = tf.linalg.global_norm(layerwise.counted(made, broken))
    assert not np.isfinite(norm)
    plain = fields.build(100, model)
    assert layerwise.counted(plain, gradients) is gradients


def test_a_human_is_told_the_rates_and_the_steps():
    model = _model()
    model.get_layer("embedding").trainable = False
    assert layerwise.report(model, 0.5, 100) == [
        "Rates       of the learning rate: head 1, block_1 0.5, block_0 0.25, "
        "embedding 0.125",
        "Unfreezes   head at step 0, block_1 at step 100, block_0 at step 200",
    ]
    assert layerwise.report(model) == []


def test_what_cannot_be_is_told():
    with pytest.raises(errors.UserError, match="layer_decay must be above 0 and at mo"):
        Adapt(layer_decay=0.0)
    with pytest.raises(errors.UserError, match="Got name=ftrl, unfreeze_every=5."):
        ftrl = optimizers.Optimizer(name="ftrl")
        ftrl.build(10, _model(), Adapt(unfreeze_every=5))


def test_muon_decays_no_more_than_it_is_told_to():
    zeros = [tf.zeros(v.shape) for v in _model().weights]
    model = _model()
    made = optimizers.Optimizer(name="muon", learning_rate=0.1).build(10, model)
    before = model.get_layer("embedding").get_weights()[0]
    made.apply_gradients(zip(zeros, model.trainable_variables, strict=True))
    np.testing.assert_array_equal(model.get_layer("embedding").get_weights()[0], before)


def test_two_replicas_train_as_one_does(tmp_path):
    """Layer-wise rates, unfreezing and adapters, on two logical devices and on one."""
    out = tmp_path / "out.npz"
    subprocess.run(
        [sys.executable, "-m", "tests.support.fine_tuned_replicas", str(out)],
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        check=True,
        timeout=600,
    )
    found = dict(np.load(out))
    assert np.abs(found["one"] - found["two"]).max() <= 2e-4
    assert np.abs(found["one"] - found["before"]).max() > 1e-2
