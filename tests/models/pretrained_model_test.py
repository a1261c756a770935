"""Published models: the values of keras_nlp's own forward pass, and a copy alone."""

import dataclasses
import shutil

import keras
import keras_nlp
import numpy as np
import pytest

from tests.support import minilm
from tests.support import small_preset
from tfm import errors
from tfm.adaptation import weights_from
from tfm.inputs.text import pretrained as pretrained_tokens
from tfm.models import pretrained
from tfm.models import published_backbone

TOKENS = np.array([[2, 5, 6, 7, 3, 0], [2, 10, 3, 0, 0, 0], [0] * 6], np.int32)
PAIR = ["A man is eating food.", "A man is eating a piece of bread."]


@pytest.fixture
def preset(tmp_path) -> str:
    return small_preset.write(tmp_path / "preset")


def _loaded(preset: str, vocab_size: int, max_length: int, **fields) -> keras.Model:
    model = pretrained.Pretrained(preset=preset, **fields).build(vocab_size, max_length)
    weights_from.from_model(model, published_backbone.with_weights(preset), preset)
    return model


def _forward(preset: str, tokens_BT) -> dict:
    """keras_nlp's own."""
    backbone = keras_nlp.models.Backbone.from_preset(preset)
    outputs = backbone(
        {
            "token_ids": tokens_BT,
            "padding_mask": (tokens_BT != 0).astype(np.int32),
            "segment_ids": np.zeros_like(tokens_BT),
        }
    )
    return {name: np.asarray(output) for name, output in outputs.items()}


def test_the_values_are_those_of_the_published_model(preset):
    expected = _forward(preset, TOKENS)
    found = _loaded(preset, 13, 6, pooling="pooled")(TOKENS)
    real = TOKENS != 0
    sequence = np.asarray(found["sequence"])
    np.testing.assert_allclose(
        sequence[real], expected["sequence_output"][real], atol=1e-6
    )
    np.testing.assert_array_equal(sequence[~real], 0)
    np.testing.assert_allclose(found["pooled"], expected["pooled_output"], atol=1e-6)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_padding_changes_nothing(preset, pooling):
    short = _loaded(preset, 13, 6, pooling=pooling)(TOKENS)["pooled"]
    longer = _loaded(preset, 13, 8, pooling=pooling)
    np.testing.assert_allclose(
        longer(np.pad(TOKENS, ((0, 0), (0, 2))))["pooled"], short, atol=1e-5
    )
    np.testing.assert_array_equal(np.asarray(short)[2], 0)
    sequence = _forward(preset, TOKENS)["sequence_output"][0]
    by_hand = {"mean": sequence[:5].mean(axis=0), "first": sequence[0]}[pooling]
    np.testing.assert_allclose(np.asarray(short)[0], by_hand, atol=1e-5)


def test_a_copy_of_the_shape_needs_no_preset(preset, tmp_path):
    config = pretrained.Pretrained(preset=preset, dropout=0.0)
    kept = config.kept_in(tmp_path / "kept")
    expected = _loaded(preset, 13, 6)
    shutil.rmtree(preset)
    assert kept.kept_in(tmp_path / "kept") == kept
    model = kept.build(13, 6)
    assert [v.path for v in model.weights] == [v.path for v in expected.weights]
    model.set_weights(expected.get_weights())
    np.testing.assert_array_equal(model(TOKENS)["pooled"], expected(TOKENS)["pooled"])
    np.testing.assert_array_equal(  # dropout=0 is part of the config
        model(TOKENS, training=True)["pooled"], model(TOKENS)["pooled"]
    )


def test_a_copy_is_tied_as_the_preset_is(tmp_path):
    preset = small_preset.llama(tmp_path / "preset")
    shape = published_backbone.read(preset)
    config = shape.backbone.get_config() | {"tie_word_embeddings": True}
    tied = type(shape.backbone).from_config(config)
    dataclasses.replace(shape, backbone=tied).keep(tmp_path / "kept")
    found = published_backbone.read(str(tmp_path / "kept"))
    assert found.preset == preset
    assert [w.path for w in found.backbone.weights] == [w.path for w in tied.weights]
    assert len(tied.weights) == len(shape.backbone.weights) - 1


def test_dropout_and_precision_are_the_experiments(preset, tmp_path):
    dropping = pretrained.Pretrained(preset=preset, dropout=0.9).build(13, 6)
    plain = np.asarray(dropping(TOKENS)["pooled"])
    assert np.abs(dropping(TOKENS, training=True)["pooled"] - plain).max() > 1e-3
    config = pretrained.Pretrained(preset=preset)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        for source in (config, config.kept_in(tmp_path / "kept")):
            outputs = source.build(13, 6)(TOKENS)
            assert outputs["pooled"].dtype == "bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")


def test_token_types_are_an_input(preset):
    model = pretrained.Pretrained(preset=preset).build(13, 6, types=2)

    def pooled(kind: int) -> np.ndarray:
        inputs = {"tokens": TOKENS, "types": np.full_like(TOKENS, kind)}
        return np.asarray(model(inputs)["pooled"])

    assert np.abs(pooled(0) - pooled(1))[:2].max() > 1e-4


def test_another_padding_id_is_put_back(tmp_path):
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2, "<mask>": 3, "a": 4, "b": 5, "ab": 6}
    shape = {"num_layers": 1, "num_heads": 1, "hidden_dim": 4, "intermediate_dim": 4}
    backbone = keras_nlp.models.RobertaBackbone(
        vocabulary_size=7, max_sequence_length=8, **shape
    )
    tokenizer = keras_nlp.models.RobertaTokenizer(vocabulary, ["a b"])
    preset = small_preset.save(tmp_path / "preset", backbone, tokenizer)
    theirs = np.array([[0, 6, 2, 1]])
    expected = backbone({"token_ids": theirs, "padding_mask": (theirs != 1) * 1})
    found = _loaded(preset, 7, 4)(np.array([[1, 6, 2, 0]]))["sequence"]
    np.testing.assert_allclose(
        np.asarray(found)[0, :3], np.asarray(expected)[0, :3], atol=1e-6
    )
    with pytest.raises(errors.UserError, match="has no pooled output"):
        pretrained.Pretrained(preset=preset, pooling="pooled").build(7, 4)
    with pytest.raises(errors.UserError, match="has no token types"):
        pretrained.Pretrained(preset=preset).build(7, 4, types=2)


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ((14, 6), {}, "knows 13 token ids, the vocabulary has 14"),
        ((13, 9), {}, "knows 8 positions at the most. Got max_length=9."),
        ((13, 6), {"packed": True}, "see from one document into the next"),
    ],
)
def test_what_does_not_fit_is_told(preset, sizes, options, message):
    with pytest.raises(errors.UserError, match=message):
        pretrained.Pretrained(preset=preset).build(*sizes, **options)


def test_a_preset_that_is_none_is_told(tmp_path):
    with pytest.raises(errors.UserError, match="preset must name a preset"):
        pretrained.Pretrained()
    with pytest.raises(errors.UserError, match="cannot be read|no tokenizer that"):
        pretrained.Pretrained(preset=str(tmp_path)).build(13, 6)


def test_sentences_are_as_close_as_in_the_published_model():
    folder = minilm.folder()
    tokenizer = pretrained_tokens.Pretrained(preset=folder, max_length=16).learn()
    tokens = np.zeros((2, 16), np.int32)
    for row, ids in zip(tokens, tokenizer.encode(PAIR), strict=True):
        row[: len(ids)] = ids
    model = _loaded(folder, tokenizer.vocab_size, 16)
    found = {name: np.asarray(o) for name, o in model(tokens).items()}
    expected = _forward(folder, tokens)["sequence_output"]
    real = tokens != 0
    np.testing.assert_allclose(found["sequence"][real], expected[real], atol=1e-5)
    a, b = found["pooled"] / np.linalg.norm(found["pooled"], axis=1, keepdims=True)
    assert a @ b == pytest.approx(0.755, abs=0.005)
