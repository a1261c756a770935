"""Embeddings against the formulas of the papers, worked by hand, and keras_nlp."""

import keras
import keras_nlp
import numpy as np
import pytest

from tfm import layers


def test_token_embedding_looks_up_rows():
    layer = layers.TokenEmbedding(5, 3)
    out = layer(np.array([[4, 0, 4]], np.int32))
    np.testing.assert_array_equal(out[0], layer.table.numpy()[[4, 0, 4]])


def test_scaled_embedding_has_unit_variance_and_a_small_table():
    layer = layers.TokenEmbedding(2000, 64, scale=True)
    out = np.asarray(layer(np.arange(2000, dtype=np.int32)[None]))
    np.testing.assert_allclose(out[0], layer.table.numpy() * 8, rtol=1e-6)
    assert out.std() == pytest.approx(1, rel=0.02)
    assert layer.table.numpy().std() == pytest.approx(1 / 8, rel=0.02)


def test_table_serves_as_a_tied_output():
    layer = layers.TokenEmbedding(6, 4)
    x_BTD = layer(np.array([[2]], np.int32))
    logits = keras.ops.matmul(x_BTD, keras.ops.transpose(layer.table))
    table = layer.table.numpy()
    np.testing.assert_allclose(logits[0, 0], table @ table[2], rtol=1e-5)


def test_embedding_dropout_only_while_training():
    layer = layers.TokenEmbedding(50, 40, dropout=0.5)
    tokens = np.arange(50, dtype=np.int32)[None]
    table = layer(tokens)[0]
    dropped = np.asarray(layer(tokens, training=True)[0])
    kept = dropped != 0
    assert 0.4 < kept.mean() < 0.6
    np.testing.assert_allclose(dropped[kept], 2 * np.asarray(table)[kept], rtol=1e-6)


def test_learned_positions_add_a_row_for_each_position():
    layer = layers.LearnedPositions(7, 3)
    x = np.ones((2, 5, 3), np.float32)
    out = np.asarray(layer(x))
    table = layer.lookup.embeddings.numpy()
    assert table.shape == (7, 3)
    np.testing.assert_allclose(out, 1 + np.stack([table[:5]] * 2), rtol=1e-6)


def test_learned_positions_refuse_a_longer_input():
    layer = layers.LearnedPositions(4, 2)
    message = "not be longer than max_length. Got length=5, max_length=4."
    with pytest.raises(ValueError, match=message):
        layer(np.zeros((1, 5, 2), np.float32))


def test_sinusoids_by_hand():
    table = np.asarray(layers.sinusoids(3, 4))
    t = np.arange(3)
    expected = [np.sin(t), np.cos(t), np.sin(t / 100), np.cos(t / 100)]
    np.testing.assert_allclose(table, np.stack(expected, axis=1), atol=1e-6)


@pytest.mark.parametrize("width", [6, 7])
def test_sinusoidal_positions_as_keras_nlp(width, normal):
    x = normal(2, 9, width)
    expected = x + keras_nlp.layers.SinePositionEncoding()(x)
    np.testing.assert_allclose(layers.SinusoidalPositions()(x), expected, atol=1e-5)


def test_sinusoids_stay_exact_in_half_precision(set_policy):
    set_policy("mixed_bfloat16")
    out = layers.SinusoidalPositions()(keras.ops.zeros((1, 600, 8), "bfloat16"))
    out = np.asarray(keras.ops.cast(out, "float32"))[0]
    np.testing.assert_allclose(out, layers.sinusoids(600, 8), atol=4e-3)


def test_rotate_turns_a_pair_by_its_angle():
    x_BTHK = np.zeros((1, 3, 1, 4), np.float32)
    x_BTHK[..., 0] = 1  # the pairs are entries (0, 2) and (1, 3)
    x_BTHK[..., 3] = 1
    t = np.arange(3)
    expected = [np.cos(t), -np.sin(t / 100), np.sin(t), np.cos(t / 100)]
    out = np.asarray(layers.rotate(x_BTHK))[0, :, 0]
    np.testing.assert_allclose(out, np.stack(expected, axis=1), atol=1e-6)


def test_rotate_as_keras_nlp(normal):
    x_BTHK = normal(2, 11, 3, 8)
    expected = keras_nlp.layers.RotaryEmbedding()(x_BTHK)
    np.testing.assert_allclose(layers.rotate(x_BTHK), expected, atol=1e-5)


def test_rotated_products_depend_on_the_distance_only(normal):
    q, k = normal(1, 1, 1, 8), normal(1, 1, 1, 8)

    def product(at_q, at_k):
        rotated_q = layers.rotate(q, positions_T=np.array([at_q], np.float32))
        rotated_k = layers.rotate(k, positions_T=np.array([at_k], np.float32))
        return float(keras.ops.sum(rotated_q * rotated_k))

    assert product(5, 2) == pytest.approx(product(105, 102), rel=1e-4)
    assert product(5, 2) != pytest.approx(product(5, 3), rel=1e-2)
    assert product(0, 0) == pytest.approx(float((q * k).sum()), rel=1e-5)


def test_rotate_refuses_an_odd_width():
    with pytest.raises(ValueError, match="width of a head must be even. Got 3."):
        layers.rotate(np.zeros((1, 2, 1, 3), np.float32))


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 4)])
def test_reverse_scores_each_token_by_its_vector(scale, shape, normal):
    layer = layers.TokenEmbedding(6, 4, scale=scale, dropout=0.5)
    layer(np.array([[1]], np.int32))  # makes the table
    x = normal(*shape)
    logits = layer(x, reverse=True, training=True)
    np.testing.assert_allclose(logits, x @ layer.table.numpy().T, atol=1e-6)


def test_reverse_is_in_the_compute_dtype_and_shares_the_table(set_policy, normal):
    set_policy("mixed_bfloat16")
    layer = layers.TokenEmbedding(6, 4)
    layer(np.array([[1]], np.int32))
    assert layer(normal(2, 3, 4), reverse=True).dtype == "bfloat16"
    assert len(layer.weights) == 1 and layer.table.dtype == "float32"


@pytest.mark.parametrize(
    "layer", [layers.LearnedPositions(7, 4), layers.SinusoidalPositions()]
)
def test_positions_of_each_row(layer, normal):
    x = normal(2, 3, 4)
    added = np.asarray(layer(np.zeros((1, 7, 4), np.float32)))[0]
    positions = np.array([[0, 1, 0], [4, 5, 6]], np.int32)
    out = layer(x, positions=positions)
    np.testing.assert_allclose(out, x + added[positions], atol=1e-6)
    out = layer(x, positions=positions[1])
    np.testing.assert_allclose(out, x + added[4:], atol=1e-6)


def test_rotate_by_positions_of_each_row(normal):
    x = normal(2, 3, 2, 4)
    positions = np.array([[0, 1, 0], [4, 5, 6]], np.int32)
    out = layers.rotate(x, positions)
    for row in range(2):
        alone = layers.rotate(x[row : row + 1], positions[row])
        np.testing.assert_allclose(out[row], alone[0], atol=1e-6)
