"""Incremental decoding with a KV cache, as the whole model at once."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import specs
from tfm import errors
from tfm import interfaces
from tfm import models

SMALL = {"num_layers": 2, "width": 8, "num_heads": 2, "feedforward_width": 16}
CONFIGS = {
    "learned decoder": models.Decoder(**SMALL),
    "sinusoidal decoder": models.Decoder(**SMALL, position="sinusoidal"),
    "grouped rotary decoder": models.Decoder(
        **SMALL,
        position="rotary",
        normalization="rms",
        activation="swiglu",
        num_key_heads=1,
        bias=False,
    ),
    "encoder-decoder": models.EncoderDecoder(**SMALL, position="learned"),
    "lstm": models.LSTM(embedding_width=6, width=4, num_layers=2, dropout=0.5),
}
TOKENS = np.array([[3, 9, 4, 7, 1, 5, 2], [5, 6, 7, 8, 8, 1, 9]], np.int32)
SOURCE = np.array([[4, 4, 2, 1, 0, 0, 0, 0], [7] + [0] * 7], np.int32)
LENGTH = 7


@pytest.fixture(params=CONFIGS)
def name(request):
    return request.param


@functools.cache
def _built(name, policy="float32"):
    """The model with weights of variance 1/16, and its decoding."""
    config = CONFIGS[name]
    keras.config.set_dtype_policy(policy)
    model = config.build(specs.of(10, 8, "decoder_tokens"))
    for i, weight in enumerate(model.weights):
        weight.assign(np.random.default_rng(i).normal(size=weight.shape) / 4)
    decoding = config.decoding(model)
    keras.config.set_dtype_policy("float32")
    return model, decoding


def _whole(name, tokens=TOKENS, source=SOURCE, policy="float32"):
    """The features of the whole model at once, float32 [B, T, D]."""
    model, _ = _built(name, policy)
    tokens = np.pad(tokens, ((0, 0), (0, 8 - tokens.shape[1])))
    inputs = {"tokens": tokens}
    if "decoder_tokens" in model.input:
        inputs = {"tokens": source, "decoder_tokens": tokens}
    return tf.cast(model(inputs)["causal"], tf.float32).numpy()[:, :LENGTH]


def _stepped(name, cuts, policy="float32"):
    """The features by steps that end at `cuts`."""
    _, decoding = _built(name, policy)
    cache = decoding.init_cache(2, LENGTH, tf.constant(SOURCE))
    sequences, first = [], 0
    for last in cuts:
        tokens = tf.constant(TOKENS[:, first:last])
        sequence, cache = decoding.decode_step(tokens, cache, tf.constant(first))
        sequences.append(tf.cast(sequence, tf.float32))
        first = last
    return np.concatenate(sequences, axis=1)


def test_token_by_token(name):
    stepped = _stepped(name, range(1, LENGTH + 1))
    np.testing.assert_allclose(stepped, _whole(name), atol=2e-6)


def test_a_prompt_then_single_tokens(name):
    stepped = _stepped(name, (4, 5, 6, 7))
    np.testing.assert_allclose(stepped, _whole(name), atol=2e-6)
    stepped = _stepped(name, (2, 6, 7))
    np.testing.assert_allclose(stepped, _whole(name), atol=2e-6)


def test_half_precision(name):
    stepped = _stepped(name, (4, 5, 6, 7), "mixed_bfloat16")
    whole = _whole(name, policy="mixed_bfloat16")
    np.testing.assert_allclose(stepped, whole, atol=0.06, rtol=0.06)
    np.testing.assert_allclose(stepped, _whole(name), atol=0.12, rtol=0.12)


def test_prompts_of_different_lengths(name):
    # the rows 9 4 7 | 1 and 5 6 7 8 | 8: the first is padded by one on the left
    _, decoding = _built(name)
    starts = tf.constant([1, 0])
    tokens = np.array([[0, 9, 4, 7, 1], [5, 6, 7, 8, 8]], np.int32)
    cache = decoding.init_cache(2, LENGTH, tf.constant(SOURCE))
    sequences = []
    for first, last in ((0, 3), (3, 4), (4, 5)):
        new = tf.constant(tokens[:, first:last])
        sequence, cache = decoding.decode_step(new, cache, tf.constant(first), starts)
        sequences.append(sequence)
    sequence = np.concatenate(sequences, axis=1)
    for row, start in enumerate((1, 0)):
        alone = tokens[row : row + 1, start:]
        expected = _whole(name, alone, SOURCE[row : row + 1])[0, : 5 - start]
        np.testing.assert_allclose(sequence[row, start:], expected, atol=2e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("name", ["learned decoder", "encoder-decoder", "lstm"])
def test_in_a_loop_of_the_graph(name, jit_compile):
    _, decoding = _built(name)

    @tf.function(jit_compile=jit_compile, autograph=False)
    def read(tokens, source):
        cache = decoding.init_cache(2, LENGTH, source)
        sequence, cache = decoding.decode_step(tokens[:, :3], cache, 0)
        rows = tf.zeros((LENGTH, 2, sequence.shape[-1]))
        rows = tf.concat([tf.transpose(sequence, (1, 0, 2)), rows[3:]], axis=0)

        def one(slot, cache, rows):
            new = tf.gather(tokens, slot[None], axis=1)
            sequence, cache = decoding.decode_step(new, cache, slot)
            slots = tf.range(LENGTH)[:, None, None]
            return slot + 1, cache, tf.where(slots == slot, sequence[:, 0], rows)

        _, _, rows = tf.while_loop(
            lambda slot, *_: slot < LENGTH,
            one,
            (tf.constant(3), cache, rows),
            maximum_iterations=LENGTH,
        )
        return tf.transpose(rows, (1, 0, 2))

    read_whole = read(tf.constant(TOKENS), tf.constant(SOURCE))
    np.testing.assert_allclose(read_whole, _whole(name), atol=5e-6)


def test_rows_of_a_cache_can_be_picked(name):
    _, decoding = _built(name)
    cache = decoding.init_cache(2, LENGTH, tf.constant(SOURCE))
    _, cache = decoding.decode_step(tf.constant(TOKENS[:, :4]), cache, tf.constant(0))
    rows = [1, 1, 0]
    picked = tf.nest.map_structure(lambda tensor: tf.gather(tensor, rows), cache)
    tokens = np.concatenate([TOKENS[rows, :4], [[3], [4], [5]]], axis=1)
    sequence, _ = decoding.decode_step(
        tf.constant(tokens[:, 4:]), picked, tf.constant(4)
    )
    expected = _whole(name, tokens.astype(np.int32), SOURCE[rows])[:, 4]
    np.testing.assert_allclose(sequence[:, 0], expected, atol=2e-6)


def test_the_decoding_of_a_model_with_a_head():
    config = CONFIGS["learned decoder"]
    backbone = config.build(specs.of(10, 8, "decoder_tokens"))
    logits = backbone.get_layer("embedding")(backbone.output["sequence"], reverse=True)
    model = keras.Model(backbone.input, logits)
    decoding = config.decoding(model)
    sequence, _ = decoding.decode_step(
        tf.constant(TOKENS), decoding.init_cache(2, 7), 0
    )
    stepped = model.get_layer("embedding")(sequence, reverse=True)
    padded = np.pad(TOKENS, ((0, 0), (0, 1)))
    np.testing.assert_allclose(stepped, model({"tokens": padded})[:, :7], atol=1e-6)


def test_more_tokens_than_learned_positions():
    _, decoding = _built("learned decoder")
    rule = "has learned 8 positions: prompt and new tokens must not be more. Got 9."
    with pytest.raises(errors.UserError, match=rule):
        decoding.init_cache(1, 9)
    _, free = _built("grouped rotary decoder")
    assert free.init_cache(1, 90)[0]["keys_and_values"][0].shape == (1, 90, 1, 4)


def test_what_can_read_on_is_told_by_its_shape(name):
    assert isinstance(CONFIGS[name], interfaces.Decodes)
    _, decoding = _built(name)
    assert callable(decoding.init_cache) and callable(decoding.decode_step)
    for config in (models.CNN(), models.Transformer()):
        assert not isinstance(config, interfaces.Decodes)


def test_a_bidirectional_lstm_cannot_generate():
    config = models.LSTM(bidirectional=True)
    with pytest.raises(errors.UserError, match="sees what follows"):
        config.decoding(config.build(specs.of(10, 8, "decoder_tokens")))
