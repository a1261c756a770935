"""Packed rows: each text as if it were alone."""

import functools

import numpy as np
import pytest

from tests.support import specs
from tfm import models

SMALL = {"num_layers": 2, "width": 8, "num_heads": 2, "feedforward_width": 16}
CONFIGS = {
    f"{kind.__name__} {position}": kind(**SMALL, position=position)
    for kind, position in (
        (models.Transformer, "learned"),
        (models.Transformer, "rotary"),
        (models.Decoder, "sinusoidal"),
        (models.Decoder, "rotary"),
    )
}
# texts 3 9 4 | 7 1 | 5 6 7 in the first row, with padding; one text in the second
TOKENS = np.array([[3, 9, 4, 7, 1, 5, 6, 7, 0, 0], range(1, 11)], np.int32)
SEGMENTS = np.array([[1, 1, 1, 2, 2, 3, 3, 3, 0, 0], [1] * 10], np.int32)
PACKED = {"tokens": TOKENS, "segments": SEGMENTS}


@functools.cache
def _built(config, *others):
    """The model with weights of variance 1/16; the same ones whatever it reads."""
    model = config.build(specs.of(11, 10, *others))
    for i, weight in enumerate(model.weights):
        weight.assign(np.random.default_rng(i).normal(size=weight.shape) / 4)
    return model


@pytest.fixture(params=CONFIGS)
def config(request):
    return CONFIGS[request.param]


def test_packed_texts_are_as_if_alone(config):
    plain, packed = _built(config), _built(config, "segments")
    assert [w.path for w in packed.weights] == [w.path for w in plain.weights]
    sequence = np.asarray(packed(PACKED)["sequence"])
    for row in range(2):
        for segment in set(SEGMENTS[row]) - {0}:
            places = np.flatnonzero(SEGMENTS[row] == segment)
            alone = np.zeros((1, 10), np.int32)
            alone[0, : len(places)] = TOKENS[row, places]
            expected = np.asarray(plain({"tokens": alone})["sequence"])[
                0, : len(places)
            ]
            np.testing.assert_allclose(sequence[row, places], expected, atol=1e-5)
    np.testing.assert_array_equal(sequence[0, 8:], 0)


def test_packed_texts_do_not_see_each_other(config, influence):
    model = _built(config, "segments")
    row = [PACKED[made.name][:1] for made in model.inputs]
    expected = SEGMENTS[0][:, None] == SEGMENTS[0]
    if isinstance(config, models.Decoder):
        expected = expected & (np.tri(10) > 0)
    expected[SEGMENTS[0] == 0] = False
    np.testing.assert_array_equal(influence(model, *row), expected)


@pytest.mark.parametrize("others", [(), ("segments",)])
def test_types_are_added_to_the_tokens(others, randomize):
    config = models.Transformer(**SMALL, embedding_norm=True)
    model = randomize(config.build(specs.of(11, 10, *others, "types")))
    table = model.get_layer("type_embedding").table
    assert table.shape == (2, 8)
    inputs = {name: PACKED[name] for name in ("tokens", *others)}
    types = np.zeros_like(TOKENS)
    types[:, 4:] = 1
    told = model({**inputs, "types": types})["sequence"]
    # the second type is as the first one with its own vector added to positions 4 on
    plain = config.build(specs.of(11, 10, *others))
    by_path = {weight.path: weight for weight in model.weights}
    for weight in plain.weights:
        weight.assign(by_path[weight.path])
    table.assign(np.zeros((2, 8)))
    blind = model({**inputs, "types": types})["sequence"]
    untold = plain(inputs)["sequence"]
    np.testing.assert_allclose(blind, untold, atol=1e-6)
    assert np.abs(told - blind).max() > 0.01


@pytest.mark.parametrize("kind", [models.LSTM, models.CNN, models.Decoder])
def test_what_a_model_has_no_use_for_is_left_out(kind):
    config = kind()
    given = specs.of(11, 10, "segments", "types", "decoder_tokens")
    assert config.build(given).input.keys() == config.reads | config.optional
