"""The decoder: order, sizes, first weights, errors."""

import keras
import numpy as np
import pytest

from tests.support import specs
from tfm import errors
from tfm import models

SMALL = {"num_layers": 2, "width": 8, "num_heads": 2, "feedforward_width": 16}
TOKENS = np.array([[3, 9, 4, 7, 1, 5, 0, 0]], np.int32)


@pytest.fixture(scope="module")
def char_gpt():
    keras.utils.set_random_seed(0)
    return models.Decoder(bias=False).build(specs.of(65, 64))


def test_size_of_char_gpt_as_nano_gpt_counts_it(char_gpt):
    # 4 layers, 4 heads, 128 wide, no biases; its count leaves out the positions
    block = 4 * 128**2 + 8 * 128**2 + 2 * 128
    assert 65 * 128 + 4 * block + 128 == 795_904  # "0.80M" in its log
    assert char_gpt.count_params() == 795_904 + 64 * 128


@pytest.mark.parametrize(
    "config",
    [
        models.Decoder(**SMALL),
        models.Decoder(**SMALL, position="sinusoidal", bias=False),
        models.Decoder(
            **SMALL,
            position="rotary",
            normalization="rms",
            activation="swiglu",
            num_key_heads=1,
        ),
    ],
)
def test_the_future_is_never_seen(config, randomize, influence):
    model = randomize(config.build(specs.of(10, 8)))
    expected = np.tri(8) > 0
    expected[TOKENS[0] == 0] = False
    np.testing.assert_array_equal(influence(model, TOKENS), expected)
    # and by values, to the bit
    other = np.where(np.arange(8) < 4, TOKENS, 2).astype(np.int32)
    out, changed = (model({"tokens": tokens})["sequence"] for tokens in (TOKENS, other))
    np.testing.assert_array_equal(out[:, :4], changed[:, :4])
    assert np.abs(out[:, 4] - changed[:, 4]).max() > 1e-3


def test_weights_start_as_those_of_gpt_2():
    model = models.Decoder(num_layers=2, width=64, bias=True).build(specs.of(500, 100))
    for weight in model.weights:
        *_, layer, name = weight.path.split("/")
        value = weight.numpy()
        if name == "bias" or name == "beta":
            np.testing.assert_array_equal(value, 0)
        elif name == "gamma":
            np.testing.assert_array_equal(value, 1)
        else:
            deviation = 0.02 / 2 if layer == "output" else 0.02  # sqrt(2 * 2) is 2
            assert value.std() == pytest.approx(deviation, rel=0.06), weight.path
            assert abs(value.mean()) < deviation / 10
    first, second = (
        model.get_layer(f"block_{i}").attention.query.kernel.numpy() for i in (0, 1)
    )
    assert np.abs(first - second).max() > 0.01


def test_the_first_loss_is_that_of_guessing(char_gpt):
    tokens = np.random.default_rng(0).integers(1, 65, (4, 64)).astype(np.int32)
    sequence = char_gpt({"tokens": tokens})["sequence"]
    logits = char_gpt.get_layer("embedding")(sequence, reverse=True)
    logits = np.asarray(logits, np.float64)
    losses = np.log(np.exp(logits).sum(axis=-1))[:, :-1] - np.take_along_axis(
        logits[:, :-1], tokens[:, 1:, None], axis=-1
    ).squeeze(-1)
    assert losses.mean() == pytest.approx(np.log(65), rel=0.02)


def test_grouped_heads_have_smaller_keys():
    config = models.Decoder(**{**SMALL, "num_layers": 1}, num_key_heads=1)
    model = config.build(specs.of(10, 8))
    attention = model.get_layer("block_0").attention
    assert attention.key.kernel.shape == attention.value.kernel.shape == (8, 4)
    assert attention.query.kernel.shape == (8, 8)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"num_key_heads": 3},
            "num_heads must divide by num_key_heads. Got num_heads=2, num_key_heads=3.",
        ),
        ({"num_key_heads": 0}, "num_key_heads must be at least 1, or none. Got num"),
        ({"pooling": "sum"}, "pooling must be one of mean, .* Got pooling='sum'."),
    ],
)
def test_errors(fields, message):
    with pytest.raises(errors.UserError, match=message):
        models.Decoder(**SMALL, **fields)
