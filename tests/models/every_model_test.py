"""Properties of every model: padding, XLA, half precision, saving and loading."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import specs
from tfm import models

VOCAB, T = 50, 8
TOKENS = np.array(
    [[3, 9, 4, 7, 1, 2, 8, 49], [5, 6, 7, 0, 0, 0, 0, 0], [9] + [0] * 7, [0] * 8],
    np.int32,
)
INPUTS = {"tokens": TOKENS}
SMALL = {"num_heads": 2, "width": 8, "feedforward_width": 16, "num_layers": 1}
SMALL |= {"dropout": 0.0, "embedding_dropout": 0.0}  # as the others' defaults
CASES = {
    "stacked lstm": models.LSTM(embedding_width=6, width=4, num_layers=2),
    "bidirectional lstm": models.LSTM(
        embedding_width=6, width=4, bidirectional=True, pooling="mean"
    ),
    "lstm in windows": models.LSTM(embedding_width=6, width=4, window=3, pooling="max"),
    "pre-norm transformer": models.Transformer(
        **SMALL,
        position="rotary",
        normalization="rms",
        activation="swiglu",
        pooling="last",
    ),
    "cnn": models.CNN(embedding_width=6, num_filters=4),
    "bert": models.Transformer(
        **SMALL, norm="post", embedding_norm=True, pooling="first", initial_stddev=0.02
    ),
    "decoder": models.Decoder(**SMALL, pooling="mean"),
    "grouped decoder": models.Decoder(
        **SMALL,
        num_key_heads=1,
        pooling="attention",
        position="rotary",
        normalization="rms",
        activation="swiglu",
        bias=False,
    ),
}


@pytest.fixture(params=CASES)
def config(request):
    return CASES[request.param]


@functools.cache
def _build(config, max_length=T, policy="float32"):
    """The model with weights of variance 1/16; the same ones for each length."""
    keras.config.set_dtype_policy(policy)
    model = config.build(specs.of(VOCAB, max_length))
    keras.config.set_dtype_policy("float32")
    for i, weight in enumerate(model.weights):
        generator = np.random.default_rng(i)
        weight.assign(generator.normal(size=weight.shape) / 4)
    return model


def _numpy(outputs):
    return {name: np.asarray(tf.cast(o, tf.float32)) for name, o in outputs.items()}


def test_it_reads_and_gives_what_it_says(config):
    model = _build(config)
    assert model.input.keys() == config.reads == {"tokens"}
    outputs = model(INPUTS)
    assert outputs.keys() == model.output.keys() == config.gives
    if "causal" in config.gives:
        assert outputs["causal"] is outputs["sequence"]


def test_more_padding_changes_nothing(config):
    model = _build(config)
    longer = _build(config, T + 5)
    out = _numpy(model(INPUTS))
    long_out = _numpy(longer({"tokens": np.pad(TOKENS, ((0, 0), (0, 5)))}))
    np.testing.assert_allclose(long_out["pooled"], out["pooled"], atol=1e-5)
    np.testing.assert_allclose(long_out["sequence"][:, :T], out["sequence"], atol=1e-5)


def test_padding_is_zero_and_has_no_gradient(config):
    model = _build(config)
    with tf.GradientTape() as tape:
        outputs = model(INPUTS)
        total = sum(tf.reduce_sum(o**2) for o in outputs.values())
    table = model.get_layer("embedding").table
    gradient = tf.convert_to_tensor(tape.gradient(total, table.value))
    np.testing.assert_array_equal(gradient[0], 0)
    assert np.abs(gradient[7]).max() > 0
    out = _numpy(outputs)
    real = TOKENS != 0
    np.testing.assert_array_equal(out["sequence"][~real], 0)
    assert (np.abs(out["sequence"][real]).max(axis=-1) > 0).all()
    np.testing.assert_array_equal(out["pooled"][3], 0)  # a row of padding
    assert (np.abs(out["pooled"][:3]).max(axis=-1) > 0).all()


def test_forward_and_gradient_under_xla(config):
    model = _build(config)

    def step(inputs):
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            total = sum(tf.reduce_sum(o**2) for o in outputs.values())
        weights = [w.value for w in model.trainable_weights]
        gradients = tape.gradient(total, weights)
        return outputs, [tf.convert_to_tensor(gradient) for gradient in gradients]

    outputs, gradients = step(INPUTS)
    compiled, compiled_gradients = tf.function(step, jit_compile=True)(INPUTS)
    for name, expected in _numpy(outputs).items():
        np.testing.assert_allclose(compiled[name], expected, rtol=1e-4, atol=1e-5)
    for weight, a, b in zip(
        model.trainable_weights, gradients, compiled_gradients, strict=True
    ):
        scale = np.abs(a).max()
        # softmax ignores what is added to every score: its key bias has no gradient
        assert scale > 1e-4 or "key/bias" in weight.path, weight.path
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-4 * scale + 1e-4)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_close_to_float32(config, policy):
    expected = _numpy(_build(config)(INPUTS))
    outputs = _build(config, policy=policy)(INPUTS)
    tolerance = {"mixed_bfloat16": 0.06, "mixed_float16": 0.01}[policy]
    for name, values in _numpy(outputs).items():
        assert f"mixed_{outputs[name].dtype.name}" == policy
        np.testing.assert_allclose(
            values, expected[name], rtol=tolerance, atol=tolerance
        )


def _penalized(config):
    """With dropout and penalties, neither of which changes what it gives in use."""
    return _build(dataclasses.replace(config, dropout=0.5, l1=0.1, l2=0.01))


def test_dropout_only_while_training(config):
    dropped = _build(dataclasses.replace(config, embedding_dropout=0.5))
    plain = dropped(INPUTS)["pooled"]
    np.testing.assert_array_equal(dropped(INPUTS)["pooled"], plain)
    assert np.abs(dropped(INPUTS, training=True)["pooled"] - plain).max() > 1e-3
    dropped = _penalized(config)
    np.testing.assert_allclose(dropped(INPUTS)["pooled"], plain, atol=1e-6)
    assert np.abs(dropped(INPUTS, training=True)["pooled"] - plain).max() > 1e-3


def test_penalties_are_the_models_losses(config):
    model = _penalized(config)
    kernels = [
        w.numpy()
        for w in model.weights
        if "kernel" in w.name and "pooling" not in w.path
    ]
    expected = sum(0.1 * np.abs(k).sum() + 0.01 * (k**2).sum() for k in kernels)
    assert len(model.losses) == len(kernels) > 0
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)
    assert _build(config).losses == []


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of TF, in saving
def test_saved_weights_load_and_give_the_same(config, tmp_path):
    model = _build(config)
    expected = _numpy(model(INPUTS))
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    checkpoint = tf.train.Checkpoint(model=model).write(tmp_path / "checkpoint")

    def check(loaded):
        for name, values in _numpy(loaded(INPUTS)).items():
            np.testing.assert_array_equal(values, expected[name])

    check(keras.models.load_model(tmp_path / "model.keras"))
    other = _penalized(config)  # which has the same weights: here it forgets them
    other.set_weights([0 * w for w in other.get_weights()])
    other.load_weights(tmp_path / "model.weights.h5")
    check(other)
    other.set_weights([0 * w for w in other.get_weights()])
    tf.train.Checkpoint(model=other).read(checkpoint).assert_consumed()
    check(other)


@pytest.mark.parametrize("name", ["stacked lstm", "decoder", "grouped decoder"])
def test_causal_features_see_no_later_token(name):
    changed = np.where(np.arange(T) < 5, TOKENS[:1], 6)
    found, other = (_build(CASES[name])({"tokens": x}) for x in (TOKENS[:1], changed))
    np.testing.assert_array_equal(found["causal"][:, :5], other["causal"][:, :5])
    assert np.abs(found["causal"][:, 5:] - other["causal"][:, 5:]).max() > 1e-3


@pytest.mark.parametrize(
    "kind",
    [
        models.LSTM,
        models.Transformer,
        models.CNN,
        models.Decoder,
        models.EncoderDecoder,
    ],
)
@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("dropout", 1.0, r"dropout must be in \[0, 1\). Got dropout=1.0."),
        ("embedding_dropout", -0.1, r"must be in \[0, 1\). Got embedding_dropout=-0.1"),
        ("dropout", float("nan"), r"must be in \[0, 1\). Got dropout=nan."),
        ("l1", -1.0, "l1 must be at least 0. Got l1=-1.0."),
        ("l2", float("inf"), "l2 must be at least 0. Got l2=inf."),
    ],
)
def test_ranges(kind, field, value, rule):
    with pytest.raises(ValueError, match=rule):
        kind(**{field: value})
