"""The encoder-decoder: what sees what, padding, XLA, half precision, saving."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import specs
from tfm import models

SMALL = {"num_layers": 1, "width": 8, "num_heads": 2, "feedforward_width": 16}
CONFIGS = [
    models.EncoderDecoder(**SMALL),
    models.EncoderDecoder(
        **SMALL, position="learned", normalization="layer", bias=True
    ),
    models.EncoderDecoder(**SMALL, position="sinusoidal", activation="swiglu"),
]
INPUTS = {
    "tokens": np.array([[3, 9, 4, 7, 1, 0], [5, 2, 0, 0, 0, 0]], np.int32),
    "decoder_tokens": np.array([[1, 8, 8, 2], [1, 6, 0, 0]], np.int32),
}


@functools.cache
def _built(config, length=6, policy="float32"):
    """The model with weights of variance 1/16; the same ones for each length."""
    keras.config.set_dtype_policy(policy)
    model = config.build(specs.of(10, length, "decoder_tokens"))
    keras.config.set_dtype_policy("float32")
    for i, weight in enumerate(model.weights):
        weight.assign(np.random.default_rng(i).normal(size=weight.shape) / 4)
    return model


@pytest.fixture(params=CONFIGS, ids=lambda config: config.position)
def config(request):
    return request.param


def test_more_padding_changes_nothing(config):
    model, longer = _built(config), _built(config, 9)
    if config.position == "learned":  # the first rows of a longer table
        for name in ("positions", "decoder_positions"):
            table = model.get_layer(name).lookup.embeddings
            rows = np.concatenate([table.numpy(), np.ones((3, 8))])
            longer.get_layer(name).lookup.embeddings.assign(rows)
    out = model(INPUTS)
    np.testing.assert_array_equal(out["memory"][1, 2:], 0)
    np.testing.assert_array_equal(out["sequence"][1, 2:], 0)
    padded = {name: np.pad(x, ((0, 0), (0, 3))) for name, x in INPUTS.items()}
    long_out = longer(padded)
    np.testing.assert_allclose(long_out["memory"][:, :6], out["memory"], atol=1e-5)
    np.testing.assert_allclose(long_out["sequence"][:, :4], out["sequence"], atol=1e-5)


def test_the_decoder_sees_its_past_and_all_of_the_text(config):
    model = _built(config)
    row = {name: values[:1] for name, values in INPUTS.items()}
    out = np.asarray(model(row)["sequence"])[0]
    for place in range(4):
        changed = row["decoder_tokens"].copy()
        changed[0, place] = 3
        other = np.asarray(model({**row, "decoder_tokens": changed})["sequence"])[0]
        np.testing.assert_array_equal(other[:place], out[:place])
        assert np.all(np.abs(other[place:] - out[place:]).max(axis=-1) > 1e-4)
    for place in range(5):
        changed = row["tokens"].copy()
        changed[0, place] = 6
        other = np.asarray(model({**row, "tokens": changed})["sequence"])[0]
        assert np.all(np.abs(other - out).max(axis=-1) > 1e-4)


def test_the_future_has_no_gradient(influence):
    model = _built(CONFIGS[0])
    row = [INPUTS[made.name][:1] for made in model.inputs]
    seen = influence(model, *row, at="decoder_embedding_dropout")
    np.testing.assert_array_equal(seen, np.tri(4) > 0)
    # the padding of the text has no effect
    seen = influence(model, *row, at="embedding_dropout")
    np.testing.assert_array_equal(seen, [[True] * 5 + [False]] * 4)


def test_one_table_for_both_sides():
    model = _built(CONFIGS[0])
    tables = [w.path for w in model.weights if w.shape == (10, 8)]
    assert tables == ["embedding/lookup/embeddings"]


def test_forward_and_gradient_under_xla():
    model = _built(CONFIGS[0])
    weights = [w.value for w in model.trainable_weights]

    def step(inputs):
        with tf.GradientTape() as tape:
            out = model(inputs, training=True)
            total = sum(tf.reduce_sum(o**2) for o in out.values())
        gradients = tape.gradient(total, weights)
        return out, [tf.convert_to_tensor(gradient) for gradient in gradients]

    (out, gradients), (fast, fast_gradients) = (
        step(INPUTS),
        tf.function(step, jit_compile=True)(INPUTS),
    )
    for name in out:
        np.testing.assert_allclose(fast[name], out[name], rtol=1e-4, atol=1e-5)
    for a, b in zip(gradients, fast_gradients, strict=True):
        scale = np.abs(a).max()
        assert scale > 1e-4
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-4 * scale)


def test_half_precision_is_close_to_float32():
    expected = _built(CONFIGS[0])(INPUTS)
    half = _built(CONFIGS[0], policy="mixed_bfloat16")(INPUTS)
    for name, values in half.items():
        assert values.dtype == "bfloat16"
        values = tf.cast(values, tf.float32)
        np.testing.assert_allclose(values, expected[name], rtol=0.1, atol=0.1)


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of TF, in saving
def test_saved_models_load_and_give_the_same(tmp_path):
    model = _built(CONFIGS[1])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")(INPUTS)
    for name, values in model(INPUTS).items():
        np.testing.assert_array_equal(loaded[name], values)


def test_the_decoder_may_be_longer_than_the_text():
    given = specs.of(10, 6) | {"decoder_tokens": specs.of(10, 9)["tokens"]}
    config = CONFIGS[1]
    model = config.build(given)
    tables = {w.path: tuple(w.shape) for w in model.weights if "positions" in w.path}
    assert tables == {
        "positions/lookup/embeddings": (6, 8),
        "decoder_positions/lookup/embeddings": (9, 8),
    }
