"""Published decoders: keras_nlp's own logits, at once and token by token."""

import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

from tests.support import small_preset
from tfm import errors
from tfm.adaptation import weights_from
from tfm.inputs.text import pretrained as tokens
from tfm.inputs.text import published_ids
from tfm.models import pretrained
from tfm.models import published
from tfm.models import published_backbone
from tfm.tasks.language import next_tokens

LENGTH = 8
TEXT = "the man. an!"


@pytest.fixture(params=["gpt2", "llama"])
def preset(request, tmp_path) -> str:
    return getattr(small_preset, request.param)(tmp_path / "preset")


def _tokenizer(preset: str):
    return tokens.Pretrained(preset=preset, max_length=LENGTH).learn()


def _model(preset: str, tokenizer, tied: bool = True) -> keras.Model:
    """The language model with the published weights."""
    config = pretrained.Pretrained(preset=preset)
    backbone = config.build(tokenizer.vocab_size, LENGTH, causal=True)
    task = next_tokens.NextTokens(tokenizer, LENGTH, documents="joined", tied=tied)
    model = task.model(backbone)
    weights_from.from_model(model, published_backbone.with_weights(preset), preset)
    return model


def _library(preset: str):
    """keras_nlp's own language model of the preset."""
    backbone = keras_nlp.models.Backbone.from_preset(preset)
    found = {"GPT2Backbone": keras_nlp.models.GPT2CausalLM}
    found["LlamaBackbone"] = keras_nlp.models.LlamaCausalLM
    return found[type(backbone).__name__](backbone=backbone, preprocessor=None)


def test_the_logits_are_those_of_the_published_model(preset):
    tokenizer = _tokenizer(preset)
    (row,) = tokenizer.encode([TEXT])
    assert len(row) == LENGTH
    theirs = tokenizer.ids.theirs[row][None]
    expected = _library(preset)(
        {"token_ids": theirs, "padding_mask": np.ones_like(theirs)}
    )
    found = np.asarray(_model(preset, tokenizer)(row[None]))
    # each of the model's tokens, at our id of it
    np.testing.assert_allclose(
        found[..., tokenizer.ids.ours], expected, rtol=1e-5, atol=1e-6
    )
    chances = np.asarray(keras.ops.softmax(found))
    if tokenizer.ids.shared:
        assert chances.shape[-1] == expected.shape[-1] + 1
        assert chances[..., 0].max() == 0  # padding is never told


def test_token_by_token(preset):
    tokenizer = _tokenizer(preset)
    model = _model(preset, tokenizer)
    rows = np.stack([tokenizer.encode([text])[0] for text in (TEXT, "an eating man.")])
    expected = np.asarray(model(rows))
    stepper = published.Stepper(model)
    embedding = model.get_layer("embedding")

    @tf.function(jit_compile=True)
    def read(rows):
        state = stepper.start(2, LENGTH)
        first, state = stepper.step(rows[:, :3], state, tf.constant(0))
        parts = [first]
        for slot in range(3, LENGTH):
            part, state = stepper.step(
                rows[:, slot : slot + 1], state, tf.constant(slot)
            )
            parts.append(part)
        return embedding(tf.concat(parts, axis=1), reverse=True)

    np.testing.assert_allclose(read(rows), expected, rtol=1e-4, atol=1e-5)


def test_a_head_of_its_own(preset):
    tokenizer = _tokenizer(preset)
    model = _model(preset, tokenizer, tied=False)
    found = model(np.ones((1, LENGTH), np.int32))
    assert found.shape == (1, LENGTH, tokenizer.vocab_size)
    paths = [weight.path for weight in model.trainable_weights]
    assert paths[-2:] == ["head/kernel", "head/bias"]


def test_the_weights_are_the_backbones_alone(preset):
    tokenizer = _tokenizer(preset)
    theirs = published_backbone.with_weights(preset).weights
    ours = _model(preset, tokenizer).weights
    assert sorted(w.path for w in ours) == sorted(w.path for w in theirs)


def test_what_sees_ahead_writes_nothing(tmp_path):
    preset = small_preset.write(tmp_path)
    with pytest.raises(errors.UserError, match="BertBackbone, whose tokens see the l"):
        pretrained.Pretrained(preset=preset).build(13, 6, causal=True)


def test_what_does_not_read_one_text_is_told():
    shape = {"num_layers": 1, "num_heads": 1, "hidden_dim": 4, "intermediate_dim": 4}
    backbone = keras_nlp.models.BartBackbone(vocabulary_size=5, **shape)
    preset = published_backbone.Shape(
        "bart", backbone, published_ids.PublishedIds(5, 1)
    )
    with pytest.raises(errors.UserError, match="BartBackbone, which does not read one"):
        preset.check_uses(packed=False, types=0, causal=False, pooled=False)


def test_more_positions_than_were_learned(tmp_path):
    preset = small_preset.gpt2(tmp_path)
    stepper = published.Stepper(_model(preset, _tokenizer(preset)))
    with pytest.raises(errors.UserError, match="learned 16 positions.* Got 17"):
        stepper.start(1, 17)
