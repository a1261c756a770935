"""Attention maps: of any model whose layers can return them, by its real tokens."""

import types

import keras
import numpy as np
import pytest

from tests.support import small_preset
from tests.support import small_runs
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm.data import memory
from tfm.data.columns import category
from tfm.run import attention_maps

TEXTS = [
    "a lovely film of two friends and their story",
    "dull",
    "the story was superb and the friends were charming to each other in it",
]
LENGTH = 12
SHAPE = small_runs.SHAPE | {"num_layers": 2}


def _classifier(config, text=None):
    """A model, its objective and preprocessor, and three texts as a split."""
    text = text or inputs.Text(vocab_size=60, max_length=LENGTH)
    preprocessor = text.fit({"text": one} for one in TEXTS)
    columns = {"label": category.Category(("bad", "good"), (1, 2))}
    objective = tasks.TextClassification().bind(columns, preprocessor)
    rows = [{"text": one, "label": "good"} for one in TEXTS]
    return types.SimpleNamespace(
        model=objective.head(config.build(objective.inputs)),
        objective=objective,
        preprocessor=preprocessor,
        split=memory.Memory(rows, columns, preprocessor),
    )


def _maps(run):
    return attention_maps.of(run.model, run.objective, run.preprocessor, run.split)


def _tokens(run) -> np.ndarray:
    """The ids of the three texts, padded."""
    found = np.zeros((3, run.model.input["tokens"].shape[1]), np.int32)
    for row, ids in zip(found, run.split.take(np.arange(3))["tokens"], strict=True):
        row[: len(ids)] = ids
    return found


def _recorded(run):
    """The weights of each layer, and which tokens are real."""
    with attention_maps.recorded(run.model) as found:
        run.model({"tokens": _tokens(run)}, training=False)
    return found, _tokens(run) != 0


def _check(weights_BHTS, real_BT, causal=False):
    """Rows sum to 1, padding has 0, and what comes later too where it is causal."""
    for weights_HTS, real_T in zip(weights_BHTS, real_BT, strict=True):
        shown = weights_HTS[:, real_T]
        np.testing.assert_allclose(shown.sum(-1), 1, rtol=1e-5)
        assert (shown[..., ~real_T] == 0).all()
        if causal:
            assert (np.triu(weights_HTS, 1) == 0).all()


@pytest.mark.parametrize("kind", ["transformer", "decoder"])
def test_maps_of_tfm_s_own_models(kind):
    config = {"transformer": models.Transformer, "decoder": models.Decoder}[kind]
    run = _classifier(config(**SHAPE))
    found, real_BT = _recorded(run)
    assert [one.shape for one in found] == [(3, 2, LENGTH, LENGTH)] * 2
    for weights_BHTS in found:
        _check(weights_BHTS, real_BT, causal=kind == "decoder")

    maps = _maps(run)
    assert [*maps] == ["attention_1", "attention_2", "attention_3"]
    for number, heatmap in enumerate(maps.values()):
        size = min(len(TEXTS[number].split()), LENGTH)
        assert [*heatmap.rows] == [*heatmap.columns] == TEXTS[number].split()[:LENGTH]
        mean_TS = found[-1][number].mean(axis=0)[:size, :size]
        np.testing.assert_allclose(heatmap.values, mean_TS, rtol=1e-5, atol=1e-7)


def test_the_last_layer_s_map_by_its_weights():
    """NumPy's softmax(Q K^T / sqrt(K)) of what the last block normalizes."""
    run = _classifier(models.Transformer(**SHAPE))
    block = run.model.get_layer("block_1")
    features = keras.Model(run.model.input, run.model.get_layer("block_0").output)
    found, real_BT = _recorded(run)
    x_BTD = np.asarray(block.attention_norm(features({"tokens": _tokens(run)})))
    query, key = (
        (x_BTD @ dense.kernel.numpy() + dense.bias.numpy()).reshape(3, LENGTH, 2, -1)
        for dense in (block.attention.query, block.attention.key)
    )
    scores = np.einsum("bthk,bshk->bhts", query, key) / np.sqrt(query.shape[-1])
    scores = np.where(real_BT[:, None, None], scores, -np.inf)
    expected = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(found[-1], expected, rtol=1e-4, atol=1e-6)


def test_a_published_model_gives_them_by_its_own_layers(tmp_path):
    preset = small_preset.write(tmp_path / "bert")
    text = inputs.PretrainedText(preset=preset, max_length=8)
    run = _classifier(models.Pretrained(preset=preset), text)
    found, real_BT = _recorded(run)
    assert [one.shape for one in found] == [(3, 2, 8, 8)] * 2
    for weights_BHTS in found:
        _check(weights_BHTS, real_BT)
    heatmap = _maps(run)["attention_2"]
    assert heatmap.rows[0] == "[CLS]" and heatmap.rows[-1] == "[SEP]"
    np.testing.assert_allclose(np.sum(heatmap.values, axis=1), 1, rtol=1e-5)


def test_the_model_is_afterwards_as_before():
    run = _classifier(models.Transformer(**SHAPE))
    tokens = {"tokens": np.arange(LENGTH)[None]}
    before = run.model(tokens, training=False)
    with pytest.raises(ZeroDivisionError), attention_maps.recorded(run.model) as found:
        np.testing.assert_array_equal(run.model(tokens, training=False), before)
        raise ZeroDivisionError
    assert len(found) == 2
    run.model(tokens, training=False)
    assert len(found) == 2
    assert not [one for one in run.model._flatten_layers() if "call" in vars(one)]


def test_a_layer_that_is_used_twice_is_recorded_at_each_use():
    x = keras.Input((3, 4))
    shared = keras.layers.MultiHeadAttention(2, 2)
    inner = keras.Model(x, shared(x, x))
    model = keras.Model(x, inner(shared(x, x)))
    with attention_maps.recorded(model) as found:
        model(np.ones((1, 3, 4)))
    assert [one.shape for one in found] == [(1, 2, 3, 3)] * 2


def test_long_texts_are_cut_and_the_rest_is_told():
    text = inputs.Text(vocab_size=60, max_length=40)
    run = _classifier(models.Transformer(**SHAPE), text)
    rows = [{"text": " ".join([one] * 40), "label": "bad"} for one in ("dull", "film")]
    columns = {"label": category.Category(("bad", "good"), (1, 2))}
    run.split = memory.Memory(rows, columns, run.preprocessor)
    heatmap = _maps(run)["attention_1"]
    assert heatmap.values.shape == (32, 32)
    assert heatmap.note == "the first 32 of 40 tokens"


def test_a_model_without_attention_over_its_tokens_has_none():
    assert _maps(_classifier(models.LSTM(embedding_width=4, width=4))) == {}
    assert _maps(_classifier(models.CNN(embedding_width=4, num_filters=4))) == {}
