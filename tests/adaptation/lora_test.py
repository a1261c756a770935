"""Adapters: the update by hand, the frozen base, merging, files, resuming, half
precision."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import classifiers
from tests.support import updates
from tfm import errors
from tfm import models
from tfm import training
from tfm.adaptation import freezing
from tfm.adaptation import groups
from tfm.adaptation import lora
from tfm.checkpoints import bundle
from tfm.checkpoints import checkpoints

CONFIG = models.Transformer(
    num_heads=2,
    width=8,
    feedforward_width=16,
    num_layers=1,
    dropout=0.0,
    embedding_dropout=0.0,
)
TOKENS = np.array([[1, 2, 3, 4, 0, 0], [5, 6, 7, 8, 9, 3]], np.int32)
GIVEN = {"tokens": TOKENS}
TARGETS = ("query", "value")


def _classifier():
    """The same weights each time, and the task's loss."""
    model, backbone = classifiers.build(CONFIG, 20, 6)
    groups.mark_backbone(model, backbone)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=v.shape) / 2 for v in model.weights])
    return model, classifiers.objective(20, 6).loss


def _adapted(rank=2, targets=TARGETS, alpha=None) -> keras.Model:
    model, _ = _classifier()
    lora.enable(model, rank, targets, alpha)
    return model


def _fill(model, seed=1) -> None:
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape) / 4)


def _train(model, loss, steps: int) -> None:
    rng = np.random.default_rng(2)
    data = {
        "tokens": rng.integers(1, 20, (steps, 4, 6)).astype(np.int32),
        "label": rng.integers(0, 2, (steps, 4)).astype(np.int32),
        "weight": np.ones((steps, 4), np.float32),
    }
    optimizer = training.Optimizer(learning_rate=0.05).build(steps, model)
    run = updates.train_function(  # under XLA, as on a TPU
        model, loss, optimizer, clip_norm=None, jit_compile=True
    )
    run(iter(tf.data.Dataset.from_tensor_slices(data)), steps)


def _values(model) -> dict[str, np.ndarray]:
    return {v.path: v.numpy() for v in model.weights}


def test_nothing_is_changed_at_first():
    model, _ = _classifier()
    expected = np.asarray(model(GIVEN))
    lora.enable(model, 2, TARGETS)
    np.testing.assert_array_equal(model(GIVEN), expected)


@pytest.mark.parametrize(("alpha", "times"), [(None, 1.0), (6, 3.0)])
def test_a_layer_computes_what_the_paper_says(alpha, times):
    model = _adapted(alpha=alpha)
    _fill(model)
    layer = model.get_layer("block_0").attention.query
    x = np.random.default_rng(3).normal(size=(2, 8)).astype(np.float32)
    kernel, a, b = (
        layer._kernel.numpy(),
        layer.lora_kernel_a.numpy(),
        layer.lora_kernel_b.numpy(),
    )
    assert a.shape == (8, 2) and b.shape == (2, 8)
    expected = x @ kernel + times * (x @ a) @ b + layer.bias.numpy()
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)


def test_one_update_by_hand():
    """b begins as zeros: a has no gradient yet, and b has that of x a times it."""
    inputs = keras.Input((3,))
    backbone = keras.Model(inputs, keras.layers.Dense(2, name="query")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1, name="head")(backbone.output))
    groups.mark_backbone(model, backbone)
    lora.enable(model, 1, ["query"])
    layer = model.get_layer("query")
    x = np.array([[1.0, 2.0, 3.0]], np.float32)
    a, head = layer.lora_kernel_a.numpy(), model.get_layer("head").kernel.numpy()
    optimizer = training.Optimizer(
        name="sgd", learning_rate=0.1, momentum=0.0, schedule="constant", warmup_steps=0
    ).build(10, model)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x))
    variables = model.trainable_variables
    gradients = tape.gradient(loss, [v.value for v in variables])
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    np.testing.assert_array_equal(layer.lora_kernel_a, a)
    by_hand = -0.1 * (x @ a).T @ head.T
    np.testing.assert_allclose(layer.lora_kernel_b, by_hand, rtol=1e-5)


def test_only_adapters_and_the_head_are_trained():
    model, loss = _classifier()
    lora.enable(model, 2, TARGETS)
    before = _values(model)
    _train(model, loss, 4)
    moved = {p for p, value in _values(model).items() if np.any(value != before[p])}
    assert moved == {v.path for v in model.trainable_variables}
    names = {path.rpartition("/")[2] for path in moved}
    assert names == {"lora_kernel_a", "lora_kernel_b", "kernel", "bias"}
    assert {p for p in moved if "lora" not in p} == {"head/kernel", "head/bias"}


def test_a_human_is_told_the_share():
    model = _adapted(rank=1)
    trained = 2 * (8 + 8) + 8 * 2 + 2  # two kernels, the head's kernel and bias
    total = model.count_params()
    assert lora.report(model) == (
        f"Adapters    rank 1 on 2 layers; trains {100 * trained / total:.2g} % of "
        f"{total:,} weights"
    )


@pytest.mark.parametrize(
    ("targets", "layers"),
    [
        (("attention",), {"query", "key", "value", "output"}),
        (("block_0/feedforward",), {"hidden", "output"}),
        (("embedding",), {"lookup"}),
    ],
)
def test_targets_are_layers_or_layers_that_hold_some(targets, layers):
    model = _adapted(targets=targets)
    found = {layer.name for layer in lora._adapted(model)}
    assert found == layers


def test_the_head_gets_no_adapter_and_a_frozen_layer_neither():
    model, _ = _classifier()
    freezing.freeze(model, ["attention"])
    lora.enable(model, 2, ("block_0",))
    assert {layer.name for layer in lora._adapted(model)} == {"hidden", "output"}
    with pytest.raises(errors.UserError, match="lora_targets: no layer matches 'head'"):
        lora.enable(model, 2, ("head",))
    freezing.freeze(model, ["embedding"])
    with pytest.raises(errors.UserError, match="leaves nothing of adapt.lora_targets"):
        lora.enable(model, 2, ("embedding",))


@pytest.mark.parametrize("alpha", [None, 5])
@pytest.mark.parametrize("targets", [TARGETS, ("block_*", "embedding")])
def test_a_merged_model_computes_the_same_and_is_plain(targets, alpha):
    plain, _ = _classifier()
    model = _adapted(targets=targets, alpha=alpha)
    _fill(model)
    expected = np.asarray(model(GIVEN))
    assert np.abs(np.asarray(plain(GIVEN)) - expected).max() > 1e-2
    lora.merge(model)
    np.testing.assert_allclose(model(GIVEN), expected, rtol=1e-4, atol=1e-5)
    assert [v.path for v in model.weights] == [v.path for v in plain.weights]
    plain.set_weights(model.get_weights())
    np.testing.assert_array_equal(plain(GIVEN), model(GIVEN))


def test_an_adapter_is_saved_alone_and_in_place_of_an_earlier_one(tmp_path):
    folder = tmp_path / "adapter"
    for seed in (1, 2):
        model = _adapted(alpha=4)
        _fill(model, seed)
        lora.save(model, folder, TARGETS, "runs/bert")
    assert sum(file.stat().st_size for file in folder.iterdir()) < 5_000
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]
    assert json.loads((folder / lora.ABOUT).read_text()) == {
        "rank": 2,
        "alpha": 4,
        "targets": ["query", "value"],
        "base": "runs/bert",
    }
    with np.load(folder / lora.WEIGHTS) as values:
        assert set(values) == {v.path for v in model.trainable_variables}
        for variable in model.trainable_variables:
            np.testing.assert_array_equal(values[variable.path], variable)


def test_an_adapter_that_cannot_be_written_leaves_the_earlier_one(
    tmp_path, monkeypatch
):
    folder = tmp_path / "adapter"
    lora.save(_adapted(), folder, TARGETS, "runs/bert")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lora.files, "write_json", full)  # which is written last
    other = _adapted()
    _fill(other)
    with pytest.raises(OSError, match="No space left"):
        lora.save(other, folder, TARGETS, "runs/bert")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]


def test_a_checkpoint_has_what_resuming_needs(tmp_path):
    def run(folder, alpha=3):
        model = _adapted(alpha=alpha)
        optimizer = training.Optimizer().build(10, model)
        return model, checkpoints.Checkpoints(folder, model, optimizer, keep=1)

    model, state = run(tmp_path)
    _fill(model)
    state.save()
    state.wait()
    expected = _values(model)
    other, again = run(tmp_path)
    assert again.restore()
    for path, value in _values(other).items():
        np.testing.assert_array_equal(value, expected[path])
    (folder,) = (tmp_path / "last").iterdir()
    opened = bundle.Bundle(folder)
    alphas = [name for name in opened.specs if name.startswith("alpha/")]
    assert {name.partition(":")[2] for name in alphas} == {
        f"block_0/attention/{layer}/kernel" for layer in TARGETS
    }
    assert set(opened.read(alphas).values()) == {3.0}


def test_half_precision_is_close_and_the_adapters_stay_float32():
    expected = _adapted()
    _fill(expected)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = _adapted()
    finally:
        keras.config.set_dtype_policy("float32")
    _fill(model)
    assert {v.dtype for v in model.trainable_variables} == {"float32"}
    found = tf.cast(model(GIVEN), tf.float32)
    np.testing.assert_allclose(found, expected(GIVEN), rtol=0.1, atol=0.1)
    merged_from = np.asarray(expected(GIVEN))
    lora.merge(model)  # in float32: nothing of the kernels is rounded
    expected.set_weights(_unmerged(expected, model))
    np.testing.assert_allclose(expected(GIVEN), merged_from, rtol=1e-4, atol=1e-5)


def _unmerged(adapted, merged) -> list[np.ndarray]:
    """The weights of `merged` with adapters of zeros, in the order of `adapted`."""
    values = _values(merged)
    return [values.get(v.path, np.zeros(v.shape)) for v in adapted.weights]
