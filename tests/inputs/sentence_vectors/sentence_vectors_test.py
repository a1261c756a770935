"""Sentence vectors: the model's own, whatever stands beside a text; and saved."""

import dataclasses
import shutil

import keras
import numpy as np
import pytest

from tests.support import minilm
from tests.support import small_preset
from tfm import errors
from tfm import inputs
from tfm.inputs.text import published_backbone

TEXTS = [
    "a man is eating food.",
    "food",
    "",
    "a a a a a a a a a a a a",
    "a food is man",
]


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    return small_preset.write(tmp_path_factory.mktemp("preset") / "bert")


def _vectors(made, texts):
    return made.encode([{"text": text} for text in texts])["features"]


@pytest.mark.parametrize("pooling", ["mean", "max", "first", "last"])
def test_the_vector_is_the_pooled_sequence_of_the_backbone(preset, pooling):
    made = inputs.SentenceVectors(preset, pooling, max_length=8).fit()
    tokens = inputs.PretrainedText(preset, max_length=8, truncate="middle").fit()
    ids = tokens.encode([{"text": TEXTS[0]}])["tokens"][0]
    backbone = published_backbone.with_weights(preset)
    given = {
        "token_ids": ids[None],
        "padding_mask": np.ones((1, len(ids)), np.int32),
        "segment_ids": np.zeros((1, len(ids)), np.int32),
    }
    sequence = np.asarray(backbone(given)["sequence_output"])[0]
    pooled = {
        "mean": sequence.mean(axis=0),
        "max": sequence.max(axis=0),
        "first": sequence[0],
        "last": sequence[-1],
    }[pooling]
    found = _vectors(made, TEXTS)[0]
    expected = pooled / np.linalg.norm(pooled) * np.sqrt(len(pooled))
    # the weights are kept in half precision
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_a_text_has_the_same_vector_alone_and_beside_longer_ones(preset):
    made = inputs.SentenceVectors(preset, max_length=8).fit()
    together = _vectors(made, TEXTS)
    for text, expected in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(_vectors(made, [text])[0], expected, atol=1e-5)
    # words of their own make vectors of their own, and order counts
    assert np.abs(together[0] - together[4]).max() > 1e-3
    assert made.stored["features"].shape == together[0].shape


def test_saved_it_needs_no_preset_and_is_the_same_to_the_bit(tmp_path):
    preset = small_preset.write(tmp_path / "bert")
    config = inputs.SentenceVectors(preset, max_length=8)
    made = config.fit()
    (tmp_path / "kept").mkdir()
    made.save(tmp_path / "kept")
    shutil.rmtree(preset)
    keras.config.set_dtype_policy("mixed_bfloat16")  # whatever the run trains in
    try:
        loaded = config.load(tmp_path / "kept")
        found = _vectors(loaded, TEXTS)
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(found, _vectors(made, TEXTS))
    with pytest.raises(errors.UserError, match="has pooling=mean; got pooling=max"):
        dataclasses.replace(config, pooling="max").load(tmp_path / "kept")
    with pytest.raises(errors.UserError, match="holds no sentence vectors"):
        config.load(tmp_path)


def test_a_model_that_reads_on_is_padded_by_no_token_of_its_own(tmp_path):
    preset = small_preset.gpt2(tmp_path / "gpt2")  # whose id 0 is "!"
    made = inputs.SentenceVectors(preset, "last", max_length=16).fit()
    texts = ["the man", "the man an the man"]
    together = _vectors(made, texts)
    np.testing.assert_allclose(_vectors(made, texts[:1])[0], together[0], atol=1e-5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"preset": ""}, "preset must name a preset or a folder"),
        ({"preset": "x", "pooling": "sum"}, "pooling must be one of"),
        ({"preset": "x", "max_length": 2}, "max_length must be at least 3"),
    ],
)
def test_mistakes_in_fields(fields, message):
    with pytest.raises(errors.UserError, match=message):
        inputs.SentenceVectors(**fields)


def test_a_preset_that_is_not_there_or_too_short(preset):
    with pytest.raises(errors.UserError, match="nowhere"):
        inputs.SentenceVectors("package:nowhere/model").fit()
    with pytest.raises(errors.UserError, match="knows 8 positions at the most"):
        inputs.SentenceVectors(preset, max_length=9).fit()


@pytest.mark.slow
def test_texts_of_one_meaning_are_near():
    made = inputs.SentenceVectors(minilm.folder(), max_length=32).fit()
    vectors = _vectors(
        made,
        ["The film was dreadful.", "What an awful movie!", "Stocks fell on Monday."],
    )
    near = vectors @ vectors.T / len(vectors[0])
    assert near[0, 1] > 0.5 and near[0, 2] < 0.2 and near[1, 2] < 0.2
