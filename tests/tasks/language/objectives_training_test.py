"""Every objective with the models that fit it: examples, training, evaluation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.data.corpora import windows_test
from tests.support import small_models
from tfm import models
from tfm import tasks
from tfm.data import batches
from tfm.data.corpora import windows
from tfm.training import evaluation
from tfm.training import optimizer as optimizers
from tfm.training import step

LENGTH = 16
SHAPE = {"width": 16, "num_heads": 2, "feedforward_width": 32, "dropout": 0.0}
ENCODER = models.Transformer(num_layers=1, embedding_dropout=0.0, **SHAPE)
DECODER = models.Decoder(num_layers=1, **SHAPE)
LSTM = models.LSTM(embedding_width=12, width=16)
SPANS = tasks.SpanCorruption()
SPECIAL = ("[CLS]", "[SEP]", "[MASK]", *SPANS.special_tokens(LENGTH))
CASES = {
    "gpt": (tasks.CausalLM(), DECODER),
    "lstm": (tasks.CausalLM(documents="joined", label_smoothing=0.1), LSTM),
    "bert": (tasks.MaskedLM(whole_word=True, documents="separate"), ENCODER),
    "bert_pairs": (tasks.MaskedLM(next_sentence=True), ENCODER),
    "bert_bags": (tasks.MaskedLM(bag_of_words=1.0), ENCODER),
    "t5": (SPANS, models.EncoderDecoder(num_layers=1, **SHAPE)),
}


@pytest.fixture(scope="module")
def tokenizer():
    return small_models.tokenizer("wordpiece", 130, SPECIAL)


@pytest.fixture(scope="module")
def split(tokenizer):
    end = [tokenizer.id_of("[EOS]")]
    rows = tokenizer.encode([*small_models.TEXTS, "a dog", "", "fox"])
    return windows_test.Split(*(np.int32([*row, *end]) for row in rows))


def _built(name, tokenizer):
    task, config = CASES[name]
    objective = task.bind(tokenizer, LENGTH)
    extra = {"packed": objective.packed, "types": objective.types}
    extra = {key: value for key, value in extra.items() if value}
    keras.utils.set_random_seed(0)
    backbone = config.build(tokenizer.vocab_size, LENGTH, **extra)
    return objective, objective.model(backbone)


def _trained(name, tokenizer, split, steps):
    """The objective, its model, and scores before the training and after it."""
    objective, model = _built(name, tokenizer)
    held = windows.Windows(split, objective, training=False)
    sums = step.sums_function(model, objective.loss)

    def scores():
        data = batches.evaluation(held, batch_size=4)
        return objective.metrics(evaluation.sums(sums, data))

    before = scores()
    made = optimizers.Optimizer(learning_rate=0.005).build(steps, model)
    run = step.train_function(model, objective.loss, made, clip_norm=1.0)
    train = windows.Windows(split, objective, training=True)
    rows = run(iter(batches.training(train, batch_size=16, seed=0)), steps)
    assert np.isfinite(rows["loss"]).all() and (rows["gradient_norm"] > 0).all()
    return objective, model, before, scores()


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"bert"}))
def test_it_learns(name, tokenizer, split):
    _, _, before, after = _trained(name, tokenizer, split, 40)
    assert before["perplexity"] < 2 * tokenizer.vocab_size
    assert after["loss"] < before["loss"] - 0.3
    assert set(after) <= set(CASES[name][0].METRICS)


def test_a_trained_model_fills_masks(tokenizer, split):
    objective, model, _, after = _trained("bert", tokenizer, split, 300)
    assert after["masked_accuracy"] > 0.7
    batch = objective.text_batch(["the quick brown [MASK] jumps over the lazy dog"])
    outputs = step.predict_function(model)(tf.nest.map_structure(tf.constant, batch))
    (found,) = objective.predictions(outputs, batch)
    assert found["masks"][0][0]["token"] == "fox"
    assert found["text"] == "the quick brown fox jumps over the lazy dog"


def test_metrics_count_every_token_once_in_any_batches(tokenizer, split):
    objective, model = _built("lstm", tokenizer)
    held = windows.Windows(split, objective, training=False)
    sums = step.sums_function(model, objective.loss)
    found = [
        evaluation.sums(sums, batches.evaluation(held, batch_size=size))
        for size in (4, 7)
    ]
    assert objective.metrics(found[0]) == pytest.approx(objective.metrics(found[1]))
    # every token but the first of each document
    assert found[0]["accuracy"][1] == split.num_tokens - split.num_documents


@pytest.mark.parametrize("name", ["lstm", "bert_pairs", "bert_bags", "t5"])
def test_the_loss_compiles_under_xla(name, tokenizer, split):
    objective = CASES[name][0].bind(tokenizer, LENGTH)
    examples = windows.Windows(split, objective, training=False)
    batch = next(iter(batches.evaluation(examples, batch_size=3)))
    targets = batch["targets" if "targets" in batch else "masked_targets"]
    logits = tf.random.normal((*targets.shape, tokenizer.vocab_size), seed=0)
    outputs = logits
    if name == "bert_pairs":
        outputs = {"masked": logits, "next_sentence": logits[:, 0, 0]}
    if name == "bert_bags":
        outputs = {"masked": logits, "bag": logits[:, 0]}

    def total(outputs, batch):
        losses, weights, watched = objective.loss(outputs, batch)
        return [tf.reduce_sum(losses * weights), *watched.values()]

    compiled = tf.function(total, jit_compile=True)
    for found, expected in zip(
        tf.nest.flatten(compiled(outputs, batch)),
        tf.nest.flatten(total(outputs, batch)),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_causal_features_make_the_same_logits(tokenizer, split):
    for name in ("gpt", "lstm"):
        objective, model = _built(name, tokenizer)
        examples = windows.Windows(split, objective, training=False)
        batch = examples.batch(np.arange(2), np.zeros(2, int), 0)
        inputs = step.inputs_of(model, batch)
        layer = model.get_layer("sequence" if name == "gpt" else "dropout")
        features = keras.Model(model.input, layer.output)(inputs)
        np.testing.assert_allclose(
            objective.logits(model, features), model(inputs), rtol=1e-5, atol=1e-6
        )
