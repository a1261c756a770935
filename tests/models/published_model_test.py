"""Published decoders: keras_nlp's own logits, at once and token by token."""

import dataclasses

import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

from tests.support import small_preset
from tests.support import specs
from tfm import errors
from tfm import inputs
from tfm import interfaces
from tfm import tasks
from tfm.adaptation import weights_from
from tfm.inputs.text import published_backbone
from tfm.inputs.text import published_ids
from tfm.models import pretrained
from tfm.models import published

LENGTH = 8
TEXT = "the man. an!"


@dataclasses.dataclass(frozen=True)
class _Published:
    """A preset, its tokenizer, and the language model with the published weights."""

    preset: str
    preprocessor: interfaces.Preprocessor
    model: keras.Model

    @property
    def tokenizer(self):
        return self.preprocessor.tokenizer


def _made(preset: str) -> _Published:
    preprocessor = inputs.PretrainedText(preset=preset, max_length=LENGTH).fit()
    config = pretrained.Pretrained(preset=preset)
    task = tasks.CausalLM(documents="joined")
    model = task.bind({}, preprocessor).head(config.build(preprocessor.specs))
    weights_from.from_model(model, config.published(), preset)
    return _Published(preset, preprocessor, model)


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def made(request, tmp_path_factory) -> _Published:
    folder = tmp_path_factory.mktemp(request.param)
    return _made(getattr(small_preset, request.param)(folder))


def _library(preset: str):
    """keras_nlp's own language model of the preset."""
    backbone = keras_nlp.models.Backbone.from_preset(preset)
    found = {"GPT2Backbone": keras_nlp.models.GPT2CausalLM}
    found["LlamaBackbone"] = keras_nlp.models.LlamaCausalLM
    return found[type(backbone).__name__](backbone=backbone, preprocessor=None)


def test_the_logits_are_those_of_the_published_model(made):
    ids = made.tokenizer.ids
    (row,) = made.tokenizer.encode([TEXT])
    assert len(row) == LENGTH
    theirs = ids.theirs[row][None]
    expected = _library(made.preset)(
        {"token_ids": theirs, "padding_mask": np.ones_like(theirs)}
    )
    found = np.asarray(made.model({"tokens": row[None]}))
    # each of the model's tokens, at our id of it
    np.testing.assert_allclose(found[..., ids.ours], expected, rtol=1e-5, atol=1e-6)
    chances = np.asarray(keras.ops.softmax(found))
    if ids.shared:
        assert chances.shape[-1] == expected.shape[-1] + 1
        assert chances[..., 0].max() == 0  # padding is never told


def test_token_by_token(made):
    texts = (TEXT, "an eating man.")
    rows = np.stack([made.tokenizer.encode([text])[0] for text in texts])
    expected = np.asarray(made.model({"tokens": rows}))
    decoding = published.PresetDecoding(made.model)
    embedding = made.model.get_layer("embedding")

    @tf.function(jit_compile=True)
    def read(rows):
        cache, parts, first = decoding.init_cache(2, LENGTH), [], 0
        for last in (3, 4, 5, LENGTH):
            part, cache = decoding.decode_step(
                rows[:, first:last], cache, tf.constant(first)
            )
            parts.append(part)
            first = last
        return embedding(tf.concat(parts, axis=1), reverse=True)

    np.testing.assert_allclose(read(rows), expected, rtol=1e-4, atol=1e-5)


def test_no_position_sees_a_later_one(made):
    config = pretrained.Pretrained(preset=made.preset)
    model = config.build(made.preprocessor.specs)
    assert model.output.keys() >= {"sequence", "causal"}
    (row,) = made.tokenizer.encode([TEXT])
    changed = np.where(np.arange(LENGTH) < 5, row, row[::-1])
    found = np.asarray(model({"tokens": np.stack([row, changed])})["causal"])
    np.testing.assert_allclose(found[0, :5], found[1, :5], atol=1e-6)
    assert np.abs(found[0, 5:] - found[1, 5:]).max() > 1e-3


def test_a_head_of_its_own(made):
    task = tasks.CausalLM(documents="joined", tied=False)
    config = pretrained.Pretrained(preset=made.preset)
    backbone = config.build(made.preprocessor.specs)
    model = task.bind({}, made.preprocessor).head(backbone)
    found = model({"tokens": np.ones((1, LENGTH), np.int32)})
    assert found.shape == (1, LENGTH, made.tokenizer.vocab_size)
    paths = [weight.path for weight in model.trainable_weights]
    assert paths[-2:] == ["head/kernel", "head/bias"]


def test_the_weights_are_the_backbones_alone(made):
    theirs = pretrained.Pretrained(preset=made.preset).published().weights
    ours = made.model.weights
    assert sorted(w.path for w in ours) == sorted(w.path for w in theirs)


def test_what_sees_ahead_gives_no_causal_features(tmp_path):
    preset = small_preset.write(tmp_path)
    model = pretrained.Pretrained(preset=preset).build(specs.of(13, 6))
    assert "causal" not in model.output


def test_what_does_not_read_one_text_is_told():
    shape = {"num_layers": 1, "num_heads": 1, "hidden_dim": 4, "intermediate_dim": 4}
    backbone = keras_nlp.models.BartBackbone(vocabulary_size=5, **shape)
    preset = published_backbone.Shape(
        "bart", backbone, published_ids.PublishedIds(5, 1)
    )
    with pytest.raises(errors.UserError, match="BartBackbone, which does not read one"):
        preset.check_uses(types=False, pooled=False)


def test_more_positions_than_were_learned(tmp_path):
    decoding = published.PresetDecoding(_made(small_preset.gpt2(tmp_path)).model)
    with pytest.raises(errors.UserError, match="learned 16 positions.* Got 17"):
        decoding.init_cache(1, 17)
