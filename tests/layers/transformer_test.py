"""Transformer blocks against keras_nlp, and by properties."""

import keras_nlp
import numpy as np
import pytest

from tfm import layers

MASK = np.arange(6) < np.array([[6], [4]])


def _copy_attention(ours, theirs, width):
    theirs = theirs.get_weights()
    for i, dense in enumerate((ours.query, ours.key, ours.value, ours.output_dense)):
        kernel, bias = theirs[2 * i : 2 * i + 2]
        dense.set_weights([kernel.reshape(-1, width), bias.reshape(width)])


def _randomize(layer, normal):
    layer.set_weights([0.5 * normal(*w.shape) for w in layer.weights])


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_encoder_block_as_keras_nlp(norm, activation, normal):
    x = normal(2, 6, 8)
    theirs = keras_nlp.layers.TransformerEncoder(
        16, 2, activation=activation, normalize_first=norm == "pre"
    )
    ours = layers.TransformerEncoderBlock(8, 2, 16, activation, norm)
    theirs(x), ours(x)
    _randomize(theirs, normal)
    _copy_attention(ours.attention, theirs._self_attention_layer, 8)
    ours.attention_norm.set_weights(theirs._self_attention_layer_norm.get_weights())
    ours.feedforward_norm.set_weights(theirs._feedforward_layer_norm.get_weights())
    ours.feedforward.set_weights(
        theirs._feedforward_intermediate_dense.get_weights()
        + theirs._feedforward_output_dense.get_weights()
    )
    expected = theirs(x, padding_mask=MASK)
    np.testing.assert_allclose(ours(x, mask=MASK), expected, atol=2e-5)


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("cross", [False, True])
def test_decoder_block_as_keras_nlp(norm, cross, normal):
    x, memory = normal(2, 6, 8), normal(2, 3, 8)
    memory_mask = np.arange(3) < np.array([[2], [3]])
    inputs = (x, memory) if cross else (x,)
    theirs = keras_nlp.layers.TransformerDecoder(16, 2, normalize_first=norm == "pre")
    ours = layers.TransformerDecoderBlock(8, 2, 16, "relu", norm, cross_attention=cross)
    theirs(*inputs), ours(*inputs)
    _randomize(theirs, normal)
    _copy_attention(ours.attention, theirs._self_attention_layer, 8)
    ours.attention_norm.set_weights(theirs._self_attention_layer_norm.get_weights())
    if cross:
        _copy_attention(ours.cross_attention, theirs._cross_attention_layer, 8)
        ours.cross_norm.set_weights(theirs._cross_attention_layer_norm.get_weights())
    ours.feedforward_norm.set_weights(theirs._feedforward_layer_norm.get_weights())
    ours.feedforward.set_weights(
        theirs._feedforward_intermediate_dense.get_weights()
        + theirs._feedforward_output_dense.get_weights()
    )
    masks = {"encoder_padding_mask": memory_mask} if cross else {}
    expected = theirs(*inputs, decoder_padding_mask=MASK, **masks)
    masks = {"memory_mask": memory_mask} if cross else {}
    np.testing.assert_allclose(ours(*inputs, mask=MASK, **masks), expected, atol=2e-5)


@pytest.mark.parametrize(
    ("normalization", "expected"),
    [
        # of 1, 2, 3, 6: mean 3, variance 3.5, mean square 12.5
        ("layer", np.array([-2, -1, 0, 3]) / np.sqrt(3.5)),
        ("rms", np.array([1, 2, 3, 6]) / np.sqrt(12.5)),
    ],
)
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_normalizations_by_hand(normalization, expected, policy, set_policy):
    set_policy(policy)
    # squares of these are beyond float16
    x = 1000 * np.array([[[1, 2, 3, 6]]], np.float32)
    out = layers.normalize(normalization)(x)
    tolerance = 1e-5 if policy == "float32" else 1e-3
    np.testing.assert_allclose(out[0, 0], expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_residual_order(norm, normal):
    x = normal(1, 4, 8)
    block = layers.TransformerEncoderBlock(8, 2, 16, norm=norm, normalization="rms")
    block(x)
    # sublayers that give zeros leave the residual alone
    block.attention.set_weights([0 * w for w in block.attention.get_weights()])
    block.feedforward.set_weights([0 * w for w in block.feedforward.get_weights()])
    rms = x / np.sqrt((x**2).mean(axis=-1, keepdims=True))
    expected = x if norm == "pre" else rms
    np.testing.assert_allclose(block(x), expected, atol=1e-4)


@pytest.mark.parametrize("rotary", [False, True])
def test_padding_changes_no_real_position(rotary, normal):
    x = normal(2, 6, 8)
    block = layers.TransformerEncoderBlock(8, 2, 16, "swiglu", rotary=rotary)
    out = block(x, mask=MASK)
    other = np.where(MASK[:, :, None], x, 7.0).astype(np.float32)
    longer = np.concatenate([other, normal(2, 3, 8)], axis=1)
    longer_mask = np.concatenate([MASK, np.zeros((2, 3), bool)], axis=1)
    long_out = block(longer, mask=longer_mask)[:, :6]
    real = MASK[:, :, None]
    np.testing.assert_allclose(long_out * real, out * real, atol=2e-6)


@pytest.mark.parametrize("rotary", [False, True])
def test_decoder_is_causal_and_encoder_is_not(rotary, normal, influence):
    arguments = {"width": 8, "num_heads": 2, "feedforward_width": 16, "rotary": rotary}
    decoder = layers.TransformerDecoderBlock(**arguments)
    np.testing.assert_array_equal(influence(decoder, normal(5, 8)), np.tri(5) > 0)
    encoder = layers.TransformerEncoderBlock(**arguments)
    assert influence(encoder, normal(5, 8)).all()


def test_decoder_with_a_memory_is_causal_and_sees_all_of_it(normal, influence):
    memory_mask = np.array([[True, True, False]])
    x, memory = normal(4, 8), normal(3, 6)
    block = layers.TransformerDecoderBlock(8, 2, 16, cross_attention=True)
    seen = influence(lambda x: block(x, memory[None], memory_mask=memory_mask), x)
    np.testing.assert_array_equal(seen, np.tri(4) > 0)
    seen = influence(lambda m: block(x[None], m, memory_mask=memory_mask), memory)
    np.testing.assert_array_equal(seen, np.stack([memory_mask[0]] * 4))


def test_grouped_keys_have_fewer_weights(normal):
    full = layers.TransformerEncoderBlock(8, 4, 16)
    grouped = layers.TransformerEncoderBlock(8, 4, 16, num_key_heads=1)
    x = normal(1, 3, 8)
    full(x), grouped(x)
    assert full.count_params() - grouped.count_params() == 2 * (8 + 1) * (8 - 2)


@pytest.mark.parametrize("kind", ["dropout", "attention_dropout"])
@pytest.mark.parametrize(
    "block", [layers.TransformerEncoderBlock, layers.TransformerDecoderBlock]
)
def test_dropout_only_while_training(block, kind, normal):
    x = normal(1, 4, 8)
    block = block(8, 2, 16, **{kind: 0.5})
    np.testing.assert_array_equal(block(x), block(x))
    assert np.abs(block(x, training=True) - block(x)).max() > 1e-2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "middle"}, "norm must be one of pre, post. Got 'middle'."),
        (
            {"normalization": "batch"},
            "normalization must be one of layer, rms. Got 'batch'.",
        ),
    ],
)
def test_unknown_names(arguments, message):
    for block in (layers.TransformerEncoderBlock, layers.TransformerDecoderBlock):
        with pytest.raises(ValueError, match=message):
            block(8, 2, 16, **arguments)


def test_decoder_needs_a_memory_exactly_with_cross_attention(normal):
    x = normal(1, 3, 8)
    message = "Got cross_attention=True, memory=none."
    with pytest.raises(ValueError, match=message):
        layers.TransformerDecoderBlock(8, 2, 16, cross_attention=True)(x)
    message = "Got cross_attention=False, memory=given."
    with pytest.raises(ValueError, match=message):
        layers.TransformerDecoderBlock(8, 2, 16)(x, x)


@pytest.mark.parametrize("activation", ["gelu", "swiglu"])
@pytest.mark.parametrize(
    "kind", [layers.TransformerEncoderBlock, layers.TransformerDecoderBlock]
)
def test_blocks_without_biases(kind, activation, normal):
    block = kind(8, 2, 16, activation, bias=False)
    block(normal(1, 3, 8))
    assert {weight.name for weight in block.weights} == {"kernel", "gamma"}


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_steps_of_a_decoder_block_are_its_call(norm, normal):
    x, memory = normal(2, 4, 8), normal(2, 3, 8)
    memory_mask = np.arange(3) < np.array([[3], [1]])
    block = layers.TransformerDecoderBlock(8, 2, 16, norm=norm, cross_attention=True)
    expected = block(x, memory, memory_mask=memory_mask)
    kept = block.cross_attention.keys_and_values(memory)
    cache = block.attention.empty_cache(2, 4)
    for t in range(4):
        seen = (np.arange(4) <= t)[None, None]
        out, cache = block.step(
            x[:, t : t + 1], cache, t, seen, np.array([t]), kept, memory_mask
        )
        np.testing.assert_allclose(out[:, 0], expected[:, t], atol=1e-5)
