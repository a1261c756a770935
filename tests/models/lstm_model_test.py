"""The LSTM model against a plain Keras model."""

import dataclasses

import keras
import numpy as np
import pytest

from tests.support import specs
from tfm import errors
from tfm import models

TOKENS = np.array([[3, 9, 4, 7, 1], [5, 6, 0, 0, 0], [9, 0, 0, 0, 0]], np.int32)


def test_default_size():
    model = models.LSTM().build(specs.of(10000, 256))
    assert model.input["tokens"].shape == (None, 256)
    assert model.count_params() == 10000 * 128 + 4 * (128 + 64 + 1) * 64


def test_default_is_embedding_and_lstm():
    model = models.LSTM().build(specs.of(10, 5))
    plain = keras.Sequential(
        [keras.layers.Embedding(10, 128, mask_zero=True), keras.layers.LSTM(64)]
    )
    plain.build((None, 5))
    plain.set_weights(model.get_weights())
    outputs = model({"tokens": TOKENS})
    np.testing.assert_allclose(outputs["pooled"], plain(TOKENS), atol=1e-6)
    for row, length in enumerate((5, 2, 1)):
        np.testing.assert_array_equal(
            outputs["sequence"][row, length - 1], outputs["pooled"][row]
        )


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("mean", lambda s: s.mean(axis=0)),
        ("max", lambda s: s.max(axis=0)),
        ("last", lambda s: np.concatenate([s[-1, :3], s[0, 3:]])),
    ],
)
def test_pooling_of_both_directions(pooling, expected):
    config = models.LSTM(
        embedding_width=4, width=3, bidirectional=True, pooling=pooling
    )
    outputs = config.build(specs.of(10, 5))({"tokens": TOKENS})
    for row, length in enumerate((5, 2, 1)):
        real = np.asarray(outputs["sequence"][row, :length])
        np.testing.assert_allclose(outputs["pooled"][row], expected(real), atol=1e-6)


def test_size_of_a_deep_one_with_attention():
    config = models.LSTM(
        embedding_width=6,
        width=4,
        num_layers=2,
        bidirectional=True,
        pooling="attention",
    )
    layers = 2 * 4 * (6 + 4 + 1) * 4 + 2 * 4 * (8 + 4 + 1) * 4
    pooling = (8 + 1) * 8 + 8
    assert config.build(specs.of(10, 5)).count_params() == 10 * 6 + layers + pooling


def test_a_windows_states_as_of_texts_of_their_own():
    config = models.LSTM(embedding_width=4, width=3, window=2, pooling="max")
    model = config.build(specs.of(10, 5))
    outputs = model({"tokens": TOKENS})
    whole = dataclasses.replace(config, window=None).build(specs.of(10, 2))
    whole.set_weights(model.get_weights())
    for row, length in enumerate((5, 2, 1)):
        pieces = np.zeros((3, 2), np.int32)
        pieces.reshape(-1)[:length] = TOKENS[row, :length]
        expected = np.reshape(whole({"tokens": pieces})["sequence"], (6, 3))[:length]
        np.testing.assert_allclose(
            outputs["sequence"][row, :length], expected, atol=1e-6
        )
        np.testing.assert_allclose(
            outputs["pooled"][row], expected.max(axis=0), atol=1e-6
        )


def test_skip_joins_the_mean_of_the_real_tokens_embeddings():
    config = models.LSTM(embedding_width=4, width=3, skip=True)
    model = config.build(specs.of(10, 5))
    without = dataclasses.replace(config, skip=False).build(specs.of(10, 5))
    without.set_weights(model.get_weights())
    table = np.asarray(model.get_layer("embedding").table)
    pooled = np.asarray(model({"tokens": TOKENS})["pooled"])
    states = without({"tokens": TOKENS})["pooled"]
    np.testing.assert_allclose(pooled[:, :3], states, atol=1e-6)
    for row, length in enumerate((5, 2, 1)):
        expected = table[TOKENS[row, :length]].mean(axis=0)
        np.testing.assert_allclose(pooled[row, 3:], expected, atol=1e-6)


def test_in_windows_it_is_no_language_model():
    config = models.LSTM(embedding_width=4, width=3, window=2)
    model = config.build(specs.of(10, 5))
    assert "causal" not in config.gives and "causal" not in model.output
    with pytest.raises(errors.UserError, match="cannot generate. Got window=2."):
        config.decoding(model)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("width", 0, "width must be at least 1. Got width=0."),
        ("window", 0, "window must be at least 1, or none. Got window=0."),
        ("num_layers", -1, "num_layers must be at least 1. Got num_layers=-1."),
        (
            "pooling",
            "first",
            "pooling must be one of last, mean, max, attention. Got pooling='first'.",
        ),
    ],
)
def test_errors(field, value, message):
    with pytest.raises(errors.UserError, match=message):
        models.LSTM(**{field: value})
