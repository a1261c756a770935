"""The Transformer encoder: sizes, poolings, positions, errors."""

import numpy as np
import pytest

from tests.support import specs
from tfm import errors
from tfm import models

TOKENS = np.array([[3, 9, 4, 7, 1], [5, 6, 7, 0, 0]], np.int32)
INPUTS = {"tokens": TOKENS}
SMALL = {"num_layers": 1, "width": 8, "num_heads": 2, "feedforward_width": 16}


def test_default_size():
    model = models.Transformer().build(specs.of(10000, 256))
    attention = 4 * (64 + 1) * 64
    feedforward = (64 + 1) * 256 + (256 + 1) * 64
    norm = 2 * 64
    blocks = 2 * (attention + feedforward + 2 * norm)
    assert model.count_params() == (10000 + 256) * 64 + blocks + norm


def test_size_without_a_table_of_positions():
    config = models.Transformer(
        **SMALL,
        position="rotary",
        norm="post",
        normalization="rms",
        activation="swiglu",
        pooling="attention",
    )
    attention, feedforward, norms = 4 * (8 + 1) * 8, 3 * 8 * 16, 2 * 8
    pooling = (8 + 1) * 8 + 8
    expected = 10 * 8 + attention + feedforward + norms + pooling
    assert config.build(specs.of(10, 5)).count_params() == expected


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("mean", lambda s: s.mean(axis=0)),
        ("max", lambda s: s.max(axis=0)),
        ("first", lambda s: s[0]),
        ("last", lambda s: s[-1]),
    ],
)
def test_pooling(pooling, expected):
    outputs = models.Transformer(**SMALL, pooling=pooling).build(specs.of(10, 5))(
        INPUTS
    )
    for row, length in enumerate((5, 3)):
        real = np.asarray(outputs["sequence"][row, :length])
        np.testing.assert_allclose(outputs["pooled"][row], expected(real), atol=1e-5)


@pytest.mark.parametrize("position", ["learned", "sinusoidal", "rotary"])
def test_positions_tell_the_order(position):
    model = models.Transformer(**SMALL, position=position).build(specs.of(10, 5))
    swapped = TOKENS[:, [1, 0, 2, 3, 4]]
    difference = model({"tokens": swapped})["pooled"] - model(INPUTS)["pooled"]
    assert np.abs(difference).max() > 1e-4


def test_attention_dropout_only_while_training():
    config = models.Transformer(
        **SMALL, dropout=0.0, embedding_dropout=0.0, attention_dropout=0.5
    )
    model = config.build(specs.of(10, 5))
    plain = model(INPUTS)["pooled"]
    np.testing.assert_array_equal(model(INPUTS)["pooled"], plain)
    assert np.abs(model(INPUTS, training=True)["pooled"] - plain).max() > 1e-4


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_outputs_are_normalized(norm):
    sequence = models.Transformer(**SMALL, norm=norm).build(specs.of(10, 5))(INPUTS)[
        "sequence"
    ]
    real = np.asarray(sequence)[TOKENS != 0]
    np.testing.assert_allclose(real.mean(axis=-1), 0, atol=1e-5)
    np.testing.assert_allclose(real.std(axis=-1), 1, atol=0.01)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"width": 7, "num_heads": 2},
            "width must divide by num_heads. Got width=7, num_heads=2.",
        ),
        (
            {"width": 6, "num_heads": 2, "position": "rotary"},
            "Rotary positions need an even width / num_heads. "
            "Got width=6, num_heads=2.",
        ),
        (
            {"attention_dropout": 1.0},
            r"attention_dropout must be in \[0, 1\). Got attention_dropout=1.0.",
        ),
        ({"num_heads": 0}, "num_heads must be at least 1. Got num_heads=0."),
        (
            {"norm": "both"},
            "norm must be one of pre, post. Got norm='both'.",
        ),
        (
            {"position": "none"},
            "position must be one of learned, sinusoidal, rotary. Got position='none'.",
        ),
    ],
)
def test_errors(fields, message):
    with pytest.raises(errors.UserError, match=message):
        models.Transformer(**fields)
