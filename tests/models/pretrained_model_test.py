"""Published models: the values of keras_nlp's own forward pass, and a copy alone."""

import dataclasses
import shutil

import keras
import keras_nlp
import numpy as np
import pytest

from tests.support import minilm
from tests.support import small_preset
from tests.support import specs
from tfm import errors
from tfm import inputs
from tfm import interfaces
from tfm.adaptation import weights_from
from tfm.inputs.text import published_backbone
from tfm.models import pretrained

TOKENS = np.array([[2, 5, 6, 7, 3, 0], [2, 10, 3, 0, 0, 0], [0] * 6], np.int32)
INPUTS = {"tokens": TOKENS}
SPECS = specs.of(13, 6)
PAIR = ["A man is eating food.", "A man is eating a piece of bread."]


@pytest.fixture(scope="module")
def preset(tmp_path_factory) -> str:
    return small_preset.write(tmp_path_factory.mktemp("bert"))


def _loaded(preset: str, vocab_size: int, max_length: int, **fields) -> keras.Model:
    config = pretrained.Pretrained(preset=preset, **fields)
    model = config.build(specs.of(vocab_size, max_length))
    weights_from.from_model(model, config.published(), preset)
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
    found = _loaded(preset, 13, 6, pooling="pooled")(INPUTS)
    real = TOKENS != 0
    sequence = np.asarray(found["sequence"])
    np.testing.assert_allclose(
        sequence[real], expected["sequence_output"][real], atol=1e-6
    )
    np.testing.assert_array_equal(sequence[~real], 0)
    np.testing.assert_allclose(found["pooled"], expected["pooled_output"], atol=1e-6)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_padding_changes_nothing(preset, pooling):
    short = _loaded(preset, 13, 6, pooling=pooling)(INPUTS)["pooled"]
    longer = _loaded(preset, 13, 8, pooling=pooling)
    np.testing.assert_allclose(
        longer({"tokens": np.pad(TOKENS, ((0, 0), (0, 2)))})["pooled"], short, atol=1e-5
    )
    np.testing.assert_array_equal(np.asarray(short)[2], 0)
    sequence = _forward(preset, TOKENS)["sequence_output"][0]
    by_hand = {"mean": sequence[:5].mean(axis=0), "first": sequence[0]}[pooling]
    np.testing.assert_allclose(np.asarray(short)[0], by_hand, atol=1e-5)


def test_a_copy_of_the_shape_needs_no_preset(preset, tmp_path):
    preset = str(shutil.copytree(preset, tmp_path / "preset"))
    config = pretrained.Pretrained(preset=preset, dropout=0.0)
    kept = config.kept_in(tmp_path / "kept")
    expected = _loaded(preset, 13, 6)
    shutil.rmtree(preset)
    assert kept.kept_in(tmp_path / "kept") == kept
    model = kept.build(SPECS)
    assert [v.path for v in model.weights] == [v.path for v in expected.weights]
    model.set_weights(expected.get_weights())
    np.testing.assert_array_equal(model(INPUTS)["pooled"], expected(INPUTS)["pooled"])
    np.testing.assert_array_equal(  # dropout=0 is part of the config
        model(INPUTS, training=True)["pooled"], model(INPUTS)["pooled"]
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
    dropping = pretrained.Pretrained(preset=preset, dropout=0.9).build(SPECS)
    plain = np.asarray(dropping(INPUTS)["pooled"])
    assert np.abs(dropping(INPUTS, training=True)["pooled"] - plain).max() > 1e-3
    config = pretrained.Pretrained(preset=preset)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        for source in (config, config.kept_in(tmp_path / "kept")):
            outputs = source.build(SPECS)(INPUTS)
            assert outputs["pooled"].dtype == "bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")


def test_token_types_are_an_input(preset):
    model = pretrained.Pretrained(preset=preset).build(specs.of(13, 6, "types"))

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
    found = _loaded(preset, 7, 4)({"tokens": np.array([[1, 6, 2, 0]])})["sequence"]
    np.testing.assert_allclose(
        np.asarray(found)[0, :3], np.asarray(expected)[0, :3], atol=1e-6
    )
    with pytest.raises(errors.UserError, match="has no pooled output"):
        pretrained.Pretrained(preset=preset, pooling="pooled").build(specs.of(7, 4))
    with pytest.raises(errors.UserError, match="has no token types"):
        pretrained.Pretrained(preset=preset).build(specs.of(7, 4, "types"))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((14, 6), r"13 token ids, the vocabulary has 14. Give .*PretrainedText\("),
        ((13, 9), "knows 8 positions at the most. Got --inputs.max_length=9."),
    ],
)
def test_what_does_not_fit_is_told(preset, sizes, message):
    with pytest.raises(errors.UserError, match=message):
        pretrained.Pretrained(preset=preset).build(specs.of(*sizes))


def test_a_preset_that_is_none_is_told(tmp_path):
    with pytest.raises(errors.UserError, match="preset must name a preset"):
        pretrained.Pretrained()
    with pytest.raises(errors.UserError, match="cannot be read|no tokenizer that"):
        pretrained.Pretrained(preset=str(tmp_path)).build(SPECS)


def test_sentences_are_as_close_as_in_the_published_model():
    folder = minilm.folder()
    tokenizer = inputs.PretrainedText(preset=folder, max_length=16).fit().tokenizer
    tokens = np.zeros((2, 16), np.int32)
    for row, ids in zip(tokens, tokenizer.encode(PAIR), strict=True):
        row[: len(ids)] = ids
    model = _loaded(folder, tokenizer.vocab_size, 16)
    found = {name: np.asarray(o) for name, o in model({"tokens": tokens}).items()}
    expected = _forward(folder, tokens)["sequence_output"]
    real = tokens != 0
    np.testing.assert_allclose(found["sequence"][real], expected[real], atol=1e-5)
    a, b = found["pooled"] / np.linalg.norm(found["pooled"], axis=1, keepdims=True)
    assert a @ b == pytest.approx(0.755, abs=0.005)


def test_it_is_a_preset_and_gives_what_the_backbone_has(preset):
    config = pretrained.Pretrained(preset=preset)
    assert isinstance(config, interfaces.Preset)
    keras.utils.set_random_seed(1)  # another one than its own weights were drawn by
    model = config.build(SPECS)
    assert model.output.keys() == {"sequence", "pooled", "logits"} < config.gives
    published = {w.path: w.numpy() for w in config.published().weights}
    differ = [np.abs(published[w.path] - w.numpy()).max() > 0 for w in model.weights]
    assert any(differ)  # as built, its weights are not yet the published ones
