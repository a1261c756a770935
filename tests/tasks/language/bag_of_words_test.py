"""Bags of words: what is in them, the loss by hand, the head."""

import numpy as np
import pytest

from tests.support import small_models
from tfm import tasks
from tfm.tasks.language import bag_of_words

LENGTH = 12
SPECIAL = ("[CLS]", "[SEP]", "[MASK]")
PREPROCESSOR = small_models.preprocessor(special=SPECIAL, max_length=LENGTH)
TOKENIZER = PREPROCESSOR.tokenizer


def _objective(**fields):
    fields = {"bag_of_words": 1.0} | fields
    return tasks.MaskedLM(**fields).bind({}, PREPROCESSOR)


def _example(objective, tokens, seed=0):
    tokens = np.array(tokens, np.int32)
    rng = np.random.default_rng(seed)
    return objective.example(tokens, np.ones_like(tokens), rng)


def test_a_bag_holds_each_token_once_and_no_reserved_one():
    found = bag_of_words.bag(np.array([7, 5, 1, 7, 9, 0]), first_word_id=3, size=5)
    assert found.tolist() == [5, 7, 9, 0, 0] and found.dtype == np.int32


def test_an_example_has_the_bag_of_the_whole_window_with_what_is_hidden():
    objective = _objective(mask_rate=0.5)
    found = _example(objective, [9, 8, 9, 7, 6])
    assert found["bag"].tolist() == [6, 7, 8, 9] + [0] * (LENGTH - 4)
    assert found["tokens"].tolist() != [9, 8, 9, 7, 6] + [0] * (LENGTH - 5)
    assert objective.documents == "separate"
    assert set(objective.inputs) == {"tokens"}


def test_the_loss_is_the_mean_over_the_bag():
    logits = np.log([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]]) + 5.0
    bags = np.array([[1, 3, 0], [0, 0, 0]], np.int32)
    found = bag_of_words.losses(logits.astype(np.float32), bags)
    expected = -(np.log(0.2) + np.log(0.4)) / 2
    np.testing.assert_allclose(found, [expected, 0.0], rtol=1e-5)


@pytest.mark.parametrize("next_sentence", [False, True])
def test_it_is_added_to_the_other_losses(next_sentence):
    objective = _objective(bag_of_words=0.5, next_sentence=next_sentence)
    without = _objective(bag_of_words=0.0, next_sentence=next_sentence)
    rng = np.random.default_rng(0)
    tokens = rng.integers(5, TOKENIZER.vocab_size, objective.window).astype(np.int32)
    rows = [
        objective.example(
            tokens, np.ones_like(tokens), np.random.default_rng(i), lambda _: tokens
        )
        for i in range(3)
    ]
    batch = small_models.stack(rows, weight=(1, 1, 0))
    shape = (3, objective.num_masked, TOKENIZER.vocab_size)
    outputs = {"masked": rng.normal(size=shape).astype(np.float32)}
    outputs["bag"] = rng.normal(size=shape[::2]).astype(np.float32)
    outputs["next_sentence"] = rng.normal(size=3).astype(np.float32)
    found = small_models.metrics(objective, outputs, batch)
    others = outputs if next_sentence else outputs["masked"]
    alone = small_models.metrics(without, others, batch)
    bag_loss = np.mean(bag_of_words.losses(outputs["bag"], batch["bag"])[:2])
    assert found["bag_loss"] == pytest.approx(bag_loss, rel=1e-5)
    assert found["loss"] == pytest.approx(alone["loss"] + bag_loss / 2, rel=1e-5)
    assert found["perplexity"] == pytest.approx(alone["perplexity"], rel=1e-5)
    assert found["masked_accuracy"] == alone["masked_accuracy"]


@pytest.mark.parametrize("tied", [True, False])
def test_the_head_reads_the_normalized_pooled_vector(tied):
    objective = _objective(tied=tied)
    backbone = small_models.backbone(objective.inputs)
    model = objective.head(backbone)
    batch = small_models.stack([_example(objective, [9, 8, 9, 7, 6])])
    pooled = np.asarray(backbone({"tokens": batch["tokens"]})["pooled"], np.float64)
    epsilon = model.get_layer("bag_norm").epsilon
    x = (pooled - pooled.mean()) / np.sqrt(pooled.var() + epsilon)
    if tied:
        dense, table = model.get_layer("bag_dense"), backbone.get_layer("embedding")
        x = (x @ dense.kernel.numpy() + dense.bias.numpy()) @ table.table.numpy().T
    else:
        x = x @ model.get_layer("bag_head").kernel.numpy()
    found = model({name: batch[name] for name in model.input})["bag"]
    np.testing.assert_allclose(found, x, rtol=1e-3, atol=1e-4)
