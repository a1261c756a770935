"""Attention worked by hand, by properties, and against Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfm import layers

attention = layers.dot_product_attention


def test_two_keys_by_hand():
    # q.k / sqrt(4) = 1 and 0: weights e / (e + 1) and 1 / (e + 1)
    q = np.array([[[[2, 0, 0, 0]]]], np.float32)
    k = np.array([[[[1, 0, 0, 0]], [[0, 1, 0, 0]]]], np.float32)
    v = np.array([[[[1, 0, 0, 0]], [[0, 10, 0, 0]]]], np.float32)
    w = np.e / (np.e + 1)
    np.testing.assert_allclose(
        attention(q, k, v)[0, 0, 0], [w, 10 * (1 - w), 0, 0], rtol=1e-6
    )


def test_equal_keys_give_the_mean_of_the_values_that_are_seen(normal):
    v = normal(1, 4, 1, 3)
    k = np.ones((1, 4, 1, 3), np.float32)
    out = attention(k, k, v, causal=True)[0, :, 0]
    means = np.cumsum(v[0, :, 0], axis=0) / np.arange(1, 5)[:, None]
    np.testing.assert_allclose(out, means, atol=1e-6)
    mask = np.array([[True, False, True, False]])
    out = attention(k, k, v, mask=mask)[0, :, 0]
    np.testing.assert_allclose(out, [(v[0, 0, 0] + v[0, 2, 0]) / 2] * 4, atol=1e-6)


def test_a_mask_for_each_query(normal):
    q, v = normal(1, 2, 1, 3), normal(1, 2, 1, 3)
    mask = np.array([[[False, True], [True, False]]])
    out = attention(q, q, v, mask=mask)
    np.testing.assert_allclose(out, v[:, ::-1], rtol=1e-6)


def test_a_query_without_keys_gives_zeros_and_finite_gradients(normal):
    q, k, v = (tf.constant(normal(2, 3, 2, 4)) for _ in range(3))
    mask = np.array([[True, True, False], [False, False, False]])
    for causal in (False, True):
        with tf.GradientTape() as tape:
            tape.watch([q, k, v])
            out = attention(q, k, v, mask=mask, causal=causal)
            total = tf.reduce_sum(out**2)
        np.testing.assert_array_equal(out[1], np.zeros((3, 2, 4)))
        assert np.abs(out[0]).min() > 0
        for gradient in tape.gradient(total, [q, k, v]):
            assert np.isfinite(gradient).all()
            np.testing.assert_array_equal(gradient[1], np.zeros((3, 2, 4)))


def test_hidden_keys_have_no_effect_however_large(normal):
    q, k, v = normal(1, 3, 1, 4), normal(1, 3, 1, 4), normal(1, 3, 1, 4)
    mask = np.array([[True, True, False]])
    out = attention(q, k, v, mask=mask)
    k[0, 2], v[0, 2] = 1e4, 1e4
    np.testing.assert_array_equal(attention(q, k, v, mask=mask), out)


def test_grouped_keys_equal_repeated_keys(normal):
    q, k, v = normal(2, 5, 6, 4), normal(2, 5, 2, 4), normal(2, 5, 2, 4)
    repeated = attention(q, np.repeat(k, 3, axis=2), np.repeat(v, 3, axis=2))
    np.testing.assert_allclose(attention(q, k, v), repeated, atol=1e-6)


def _softmax(scores):
    found = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return found / found.sum(axis=-1, keepdims=True)


def test_the_weights_are_those_of_the_equation(normal):
    q, k = normal(2, 5, 3, 4), normal(2, 5, 3, 4)
    scores = np.einsum("bthk,bshk->bhts", q, k) / np.sqrt(4)
    found = np.asarray(layers.attention_weights(q, k))
    np.testing.assert_allclose(found, _softmax(scores), rtol=1e-5, atol=1e-7)

    found = np.asarray(layers.attention_weights(q, k, causal=True))
    later = np.triu(np.ones((5, 5), bool), 1)
    assert (found[..., later] == 0).all() and (found[..., ~later] > 0).all()
    expected = _softmax(np.where(later, -np.inf, scores))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)

    mask = np.array([[True, True, True, False, False], [False] * 5])
    found = np.asarray(layers.attention_weights(q, k, mask=mask))
    assert (found[0, ..., 3:] == 0).all() and (found[1] == 0).all()
    np.testing.assert_allclose(found[0].sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(found[0, ..., :3], _softmax(scores[0, ..., :3]), 1e-5)


@pytest.mark.parametrize("causal", [False, True])
def test_a_layer_gives_the_weights_that_it_mixes_by(normal, causal):
    layer = layers.MultiHeadAttention(6, 2, causal=causal)
    x, mask = normal(2, 4, 6), np.array([[True] * 4, [True, True, False, False]])
    plain = layer(x, mask=mask)
    out, weights = layer(x, mask=mask, return_attention_scores=True)
    np.testing.assert_array_equal(out, plain)
    query, key = (
        (x @ dense.kernel.numpy() + dense.bias.numpy()).reshape(2, 4, 2, 3)
        for dense in (layer.query, layer.key)
    )
    scores = np.einsum("bthk,bshk->bhts", query, key) / np.sqrt(3)
    hidden = ~mask[:, None, None] | (np.triu(np.ones((4, 4)), 1) > 0) * causal
    expected = _softmax(np.where(hidden, -np.inf, scores))
    np.testing.assert_allclose(weights, expected, rtol=1e-5, atol=1e-6)


def test_softmax_in_float32():
    # in bfloat16 a sum of 1000 equal weights would stop growing at 256 of them
    ones = keras.ops.ones((1, 1000, 1, 4), "bfloat16")
    out = attention(ones, ones, ones)
    np.testing.assert_allclose(keras.ops.cast(out, "float32"), 1, atol=0.02)
    # 64 * 60 * 60 is beyond float16; scaled queries keep it inside
    large = keras.ops.full((1, 2, 1, 64), 60.0, "float16")
    assert np.isfinite(np.asarray(attention(large, large, large))).all()


def test_dropout_is_applied_to_the_weights(normal):
    q = normal(1, 3, 1, 4)
    out = attention(q, q, q, dropout=lambda weights: weights * 2)
    np.testing.assert_allclose(out, 2 * attention(q, q, q), rtol=1e-6)


@pytest.mark.parametrize("causal", [False, True])
def test_layer_as_keras(causal, normal):
    x, mask = normal(2, 6, 8), np.arange(6) < np.array([[6], [4]])
    ours = layers.MultiHeadAttention(8, 2, causal=causal)
    theirs = keras.layers.MultiHeadAttention(2, 4)
    ours(x), theirs(x, x)
    for i, dense in enumerate((ours.query, ours.key, ours.value, ours.output_dense)):
        kernel, bias = theirs.get_weights()[2 * i : 2 * i + 2]
        dense.set_weights([kernel.reshape(8, 8), bias.reshape(8)])
    expected = theirs(x, x, attention_mask=mask[:, None], use_causal_mask=causal)
    np.testing.assert_allclose(ours(x, mask=mask), expected, atol=1e-5)


def test_memory_of_another_width_and_length(normal):
    x, memory = normal(2, 3, 8), normal(2, 5, 6)
    mask = np.arange(5) < np.array([[5], [2]])
    layer = layers.MultiHeadAttention(8, 2, num_key_heads=1)
    out = layer(x, memory, mask=mask)
    assert layer.key.kernel.shape == (6, 4)
    memory[1, 2:] = 9
    np.testing.assert_array_equal(layer(x, memory, mask=mask), out)
    memory[1, 1] = 9
    assert np.abs(layer(x, memory, mask=mask) - out)[1].max() > 0.01


@pytest.mark.parametrize("rotary", [False, True])
def test_causal_by_gradient(rotary, normal, influence):
    layer = layers.MultiHeadAttention(8, 2, causal=True, rotary=rotary)
    np.testing.assert_array_equal(influence(layer, normal(5, 8)), np.tri(5) > 0)
    everywhere = layers.MultiHeadAttention(8, 2, rotary=rotary)
    assert influence(everywhere, normal(5, 8)).all()


def test_rotary_tells_the_order(normal):
    x = normal(1, 4, 8)
    swapped = x[:, [0, 2, 1, 3]]
    blind = layers.MultiHeadAttention(8, 2)
    np.testing.assert_allclose(blind(x)[:, 0], blind(swapped)[:, 0], atol=1e-6)
    rotary = layers.MultiHeadAttention(8, 2, rotary=True)
    assert np.abs(rotary(x)[:, 0] - rotary(swapped)[:, 0]).max() > 1e-3
    q = layers.rotate(np.asarray(rotary.query(x)).reshape(1, 4, 2, 4))
    k = layers.rotate(np.asarray(rotary.key(x)).reshape(1, 4, 2, 4))
    v = np.asarray(rotary.value(x)).reshape(1, 4, 2, 4)
    expected = rotary.output_dense(np.asarray(attention(q, k, v)).reshape(1, 4, 8))
    np.testing.assert_allclose(rotary(x), expected, atol=1e-6)


def test_layer_dropout_only_while_training(normal):
    x = normal(1, 4, 8)
    layer = layers.MultiHeadAttention(8, 2, dropout=0.5)
    np.testing.assert_array_equal(layer(x), layer(x))
    assert np.abs(layer(x, training=True) - layer(x)).max() > 1e-3


def test_penalties_are_the_layers_losses(normal):
    layer = layers.MultiHeadAttention(4, 2, l1=0.1, l2=0.01)
    layer(normal(1, 3, 4))
    kernels = [w.numpy() for w in layer.weights if w.name == "kernel"]
    assert len(kernels) == len(layer.losses) == 4
    expected = sum(0.1 * np.abs(k).sum() + 0.01 * (k**2).sum() for k in kernels)
    assert float(sum(layer.losses)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("num_key_heads", [1, 2])
def test_a_cache_gives_what_the_whole_gives(num_key_heads, normal):
    x = normal(2, 5, 8)
    layer = layers.MultiHeadAttention(8, 2, num_key_heads, causal=True, rotary=True)
    expected = layer(x)
    cache = layer.empty_cache(2, 7)
    assert cache[0].shape == (2, 7, num_key_heads, 4)
    for slots in (range(3), range(3, 4), range(4, 5)):
        slots = np.array(slots)
        new = x[:, slots]
        cache = layer.extend(cache, new, slots[0], slots)
        seen = (slots[:, None] >= np.arange(7))[None]
        out = layer.attend(new, cache, seen, slots)
        np.testing.assert_allclose(
            out, expected[:, slots[0] : slots[-1] + 1], atol=1e-6
        )


def test_a_memory_is_read_once_for_many_queries(normal):
    x, memory = normal(2, 3, 8), normal(2, 5, 6)
    mask = np.arange(5) < np.array([[5], [2]])
    layer = layers.MultiHeadAttention(8, 2)
    expected = layer(x, memory, mask=mask)
    out = layer.attend(x, layer.keys_and_values(memory), mask)
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_without_biases(normal):
    layer = layers.MultiHeadAttention(8, 2, bias=False)
    layer(normal(1, 3, 8))
    assert {weight.name for weight in layer.weights} == {"kernel"}
    np.testing.assert_array_equal(layer(np.zeros((1, 3, 8), np.float32)), 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 7}, "width must divide by num_heads. Got width=7, num_heads=2."),
        (
            {"width": 6, "rotary": True},
            "Rotary positions need an even width / num_heads. "
            "Got width=6, num_heads=2.",
        ),
        (
            {"width": 8, "num_key_heads": 3},
            "num_heads must divide by num_key_heads. Got num_heads=2, num_key_heads=3.",
        ),
    ],
)
def test_layer_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.MultiHeadAttention(num_heads=2, **arguments)


def test_function_errors():
    q, k = np.zeros((1, 3, 4, 2), np.float32), np.zeros((1, 5, 3, 2), np.float32)
    with pytest.raises(ValueError, match="Got heads=4, key heads=3."):
        attention(q, k, k)
    with pytest.raises(ValueError, match="as many queries as keys. Got queries=3"):
        attention(q, k[:, :, :2], k[:, :, :2], causal=True)
    rotary = layers.MultiHeadAttention(8, 2, rotary=True)
    with pytest.raises(ValueError, match="for attention without a memory"):
        rotary(np.zeros((1, 3, 8), np.float32), np.zeros((1, 3, 8), np.float32))
