"""Embedding tables that begin with given vectors; the other rows are random."""

import dataclasses

import keras
import numpy as np
import pytest

from tests.support import specs
from tfm import errors
from tfm import layers
from tfm import models
from tfm.adaptation import embedding_table
from tfm.adaptation import lora

V, T, D = 400, 6, 8
IDS_N = np.array([2, 5, 399])
VECTORS_ND = np.random.default_rng(3).normal(1.0, 0.5, (3, D)).astype(np.float32)
STACK = {"num_layers": 1, "width": D, "num_heads": 2, "feedforward_width": 8}
CASES = {
    "lstm": models.LSTM(embedding_width=D, width=4),
    "cnn": models.CNN(embedding_width=D, num_filters=2),
    "transformer": models.Transformer(**STACK),
    "initialized": models.Transformer(**STACK, initial_stddev=0.02),
    "decoder": models.Decoder(**STACK),
}


def _begin(model, seed=0):
    return embedding_table.begin(model, "tokens", V, IDS_N, VECTORS_ND, seed)


@pytest.mark.parametrize("name", CASES)
def test_rows_are_the_vectors_and_the_others_as_large(name):
    model = CASES[name].build(specs.of(V, T))
    table = model.get_layer("embedding").table
    before = {v.path: v.numpy() for v in model.weights}
    assert _begin(model) == 1.0
    rows = table.numpy()
    np.testing.assert_array_equal(rows[IDS_N], VECTORS_ND)
    np.testing.assert_array_equal(rows[0], before[table.path][0])
    others = np.delete(rows, [0, *IDS_N], axis=0)
    assert others.std() == pytest.approx(VECTORS_ND.std(), rel=0.05)
    assert abs(others.mean()) < 0.05
    for variable in model.weights:
        if variable is not table:
            np.testing.assert_array_equal(variable.numpy(), before[variable.path])


def test_a_scaled_table_keeps_its_variance():
    config = models.Transformer(**STACK, position="sinusoidal")
    model = config.build(specs.of(V, T))
    factor = _begin(model)
    rows = model.get_layer("embedding").table.numpy()
    assert factor == pytest.approx(D**-0.5 / VECTORS_ND.std())
    np.testing.assert_allclose(rows[IDS_N], VECTORS_ND * factor, rtol=1e-6)
    assert rows[1:].std() == pytest.approx(D**-0.5, rel=0.05)


def test_the_random_rows_are_those_of_the_seed():
    tables = []
    for seed in (0, 0, 1):
        model = CASES["lstm"].build(specs.of(V, T))
        _begin(model, seed)
        tables.append(model.get_layer("embedding").table.numpy()[1:])
    np.testing.assert_array_equal(tables[0], tables[1])
    assert np.abs(tables[0] - tables[2]).max() > 0.1


def test_a_frozen_table_and_one_with_adapters():
    model = CASES["cnn"].build(specs.of(V, T))
    layer = model.get_layer("embedding")
    lora.enable(model, 2, ("embedding",))
    layer.trainable = False
    _begin(model)
    (table,) = (v for v in layer.weights if v.name == "embeddings")
    np.testing.assert_array_equal(table.numpy()[IDS_N], VECTORS_ND)


class Channels(keras.layers.Layer):
    """A static and a trained table beside each other (Kim 2014), and positions."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.static = keras.layers.Embedding(V, D, trainable=False)
        self.trained = layers.TokenEmbedding(V, D)
        self.positions = keras.layers.Embedding(T, D)

    def call(self, tokens):
        places = keras.ops.arange(T)
        return self.static(tokens) + self.trained(tokens) + self.positions(places)


def test_each_table_of_a_users_own_layer_in_a_nested_model():
    tokens, types = (keras.Input((T,), dtype="int32", name=n) for n in ("a", "b"))
    channels = Channels(name="channels")
    other = keras.layers.Embedding(V, D, name="other")
    inner = keras.Model([types, tokens], channels(tokens) + other(types))
    inputs = {n: keras.Input((T,), dtype="int32", name=n) for n in ("tokens", "types")}
    model = keras.Model(inputs, inner([inputs["types"], inputs["tokens"]]))
    before = other.embeddings.numpy(), channels.positions.embeddings.numpy()
    _begin(model)
    for lookup in (channels.static, channels.trained.lookup):
        np.testing.assert_array_equal(lookup.embeddings.numpy()[IDS_N], VECTORS_ND)
    np.testing.assert_array_equal(other.embeddings.numpy(), before[0])
    np.testing.assert_array_equal(channels.positions.embeddings.numpy(), before[1])


def test_another_width_and_a_model_without_a_table_are_told():
    wide = dataclasses.replace(CASES["lstm"], embedding_width=5)
    rule = "Got 8 numbers a word; embedding.*/embeddings has 5."
    with pytest.raises(errors.UserError, match=rule):
        _begin(wide.build(specs.of(V, T)))
    tokens = keras.Input((T,), dtype="int32", name="tokens")
    model = keras.Model({"tokens": tokens}, tokens + 1, name="sums")
    with pytest.raises(errors.UserError, match="need a layer that looks tokens up"):
        _begin(model)
