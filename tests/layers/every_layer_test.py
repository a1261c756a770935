"""What holds for every layer: XLA, half precision, any length, saving and loading.

tests/models says the same of the models, so layers that they use are not all here.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfm import layers

T, D = 6, 8
MASK = np.arange(T) < np.array([[6], [4], [1]])
CASES = {
    "learned positions": lambda: layers.LearnedPositions(T, D),
    "sinusoidal positions": lambda: layers.SinusoidalPositions(),
    "lstm": lambda: layers.LSTM(4, bidirectional=True, l2=0.1),
    "lstm in windows": lambda: layers.LSTM(4, window=4),
    "attention": lambda: layers.MultiHeadAttention(
        D, 4, num_key_heads=2, causal=True, rotary=True
    ),
    "feed-forward": lambda: layers.FeedForward(D, 16, "swiglu"),
    "encoder block": lambda: layers.TransformerEncoderBlock(
        D, 2, 16, normalization="rms", rotary=True
    ),
    "decoder block": lambda: layers.TransformerDecoderBlock(
        D, 2, 16, norm="post", cross_attention=True
    ),
    "mean": lambda: layers.Pooling("mean"),
    "max": lambda: layers.Pooling("max"),
    "last": lambda: layers.Pooling("last"),
    "attention pooling": lambda: layers.Pooling("attention", D),
    "zero padding": lambda: layers.ZeroPadding(),
}
MASKLESS = ("learned positions", "sinusoidal positions", "feed-forward")
BLOCKS = ("attention", "encoder block", "decoder block")


def _call(case, layer, x, mask):
    if case in MASKLESS:
        return layer(x)
    if case == "decoder block":
        return layer(x, x, mask=mask, memory_mask=mask)
    return layer(x, mask=mask)


def _model(case, length=T):
    """The layer as a model of its features and mask."""
    x = keras.Input((length, D), name="x")
    mask = keras.Input((length,), dtype="bool", name="mask")
    return keras.Model([x, mask], _call(case, CASES[case](), x, mask))


def _flat(outputs):
    return [np.asarray(tf.cast(o, tf.float32)) for o in tf.nest.flatten(outputs)]


@pytest.mark.parametrize("case", (*BLOCKS, "sinusoidal positions", "max"))
def test_forward_and_gradient_under_xla(case, normal):
    layer, x = CASES[case](), tf.constant(normal(3, T, D))
    _call(case, layer, x, MASK)  # makes the weights

    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = _call(case, layer, x, MASK)
            total = sum(tf.reduce_sum(o**2) for o in tf.nest.flatten(outputs))
            total += sum(layer.losses)
        weights = [w.value for w in layer.trainable_weights]
        gradients = tape.gradient(total, [x, *weights])
        return outputs, [tf.convert_to_tensor(gradient) for gradient in gradients]

    plain = _flat(step(x))
    compiled = _flat(tf.function(step, jit_compile=True)(x))
    assert len(plain) == 2 + len(layer.weights)
    for a, b in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("case", CASES)
def test_half_precision_is_close_to_float32(case, policy, set_policy, normal):
    x = normal(3, T, D)
    full = CASES[case]()
    expected = _flat(_call(case, full, x, MASK))
    set_policy(policy)
    half = CASES[case]()
    outputs = _call(case, half, x, MASK)
    half.set_weights(full.get_weights())
    outputs = _call(case, half, x, MASK)
    assert all(o.dtype == half.compute_dtype for o in tf.nest.flatten(outputs))
    assert all(w.dtype == "float32" for w in half.weights)
    tolerance = {"mixed_bfloat16": 0.06, "mixed_float16": 0.01}[policy]
    for a, b in zip(_flat(outputs), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", [c for c in CASES if c != "encoder block"])
def test_a_model_of_any_length(case, normal):
    x = normal(3, T, D)
    fixed, free = _model(case), _model(case, length=None)
    free.set_weights(fixed.get_weights())
    for a, b in zip(_flat(free([x, MASK])), _flat(fixed([x, MASK])), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    for a in _flat(free([x[:, :4], MASK[:, :4]])):
        assert np.isfinite(a).all()


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of TF, in saving
@pytest.mark.parametrize("case", ("lstm", "attention", "decoder block"))
def test_saved_models_load_and_give_the_same(case, tmp_path, normal):
    x = normal(3, T, D)
    model = _model(case)
    model.set_weights([normal(*w.shape) for w in model.weights])
    assert model.weights
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for a, b in zip(_flat(loaded([x, MASK])), _flat(model([x, MASK])), strict=True):
        np.testing.assert_array_equal(a, b)
