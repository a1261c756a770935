"""Every objective with the models that fit it: examples, training, evaluation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.support import small_models
from tests.support import updates
from tests.tasks.language.masked_texts_test import Texts
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm.data import batches
from tfm.training import evaluation
from tfm.training import optimizer as optimizers

LENGTH = 16
SHAPE = {"width": 16, "num_heads": 2, "feedforward_width": 32, "dropout": 0.0}
ENCODER = models.Transformer(num_layers=1, embedding_dropout=0.0, **SHAPE)
DECODER = models.Decoder(num_layers=1, **SHAPE)
LSTM = models.LSTM(embedding_width=12, width=16)
SPANS = tasks.SpanCorruption()
SPECIAL = ("[CLS]", "[SEP]", "[MASK]", *SPANS.reserves(inputs.Text(max_length=LENGTH)))
CASES = {
    "gpt": (tasks.CausalLM(), DECODER),
    "lstm": (tasks.CausalLM(documents="joined", label_smoothing=0.1), LSTM),
    "bert": (tasks.MaskedLM(whole_word=True, documents="separate"), ENCODER),
    "bert_pairs": (tasks.MaskedLM(next_sentence=True), ENCODER),
    "bert_bags": (tasks.MaskedLM(bag_of_words=1.0), ENCODER),
    "t5": (SPANS, models.EncoderDecoder(num_layers=1, **SHAPE)),
}


@pytest.fixture(scope="module")
def preprocessor():
    return small_models.preprocessor("wordpiece", 130, SPECIAL, LENGTH)


@pytest.fixture(scope="module")
def split(preprocessor):
    tokenizer = preprocessor.tokenizer
    end = [tokenizer.id_of("[EOS]")]
    rows = tokenizer.encode([*small_models.TEXTS, "a dog", "", "fox"])
    return small_models.Stream(*(np.int32([*row, *end]) for row in rows))


@pytest.fixture(scope="module")
def built(preprocessor):
    """name -> the objective and its untrained model, made once."""
    made = {}

    def of(name):
        if name not in made:
            task, config = CASES[name]
            objective = task.bind({}, preprocessor)
            keras.utils.set_random_seed(0)
            made[name] = objective, objective.head(config.build(objective.inputs))
        return made[name]

    return of


def _metrics(objective, model, split, batch_size=4):
    data = batches.evaluation(
        objective.examples(split, "evaluate"), batch_size=batch_size
    )
    results = evaluation.Evaluator(model, objective).results(data)
    return dict(objective.compute_metrics(results, split).metrics), results


def _trained(name, built, split, steps):
    """The objective, its model, and scores before the training and after it."""
    objective, model = built(name)
    before, _ = _metrics(objective, model, split)
    made = optimizers.Optimizer(learning_rate=0.005).build(steps, model)
    run = updates.train_function(model, objective.loss, made, clip_norm=1.0)
    train = objective.examples(split, "train")
    rows = run(iter(batches.training(train, batch_size=16, seed=0)), steps)
    assert np.isfinite(rows["loss"]).all() and (rows["gradient_norm"] > 0).all()
    return objective, model, before, _metrics(objective, model, split)[0]


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"bert"}))
def test_it_learns(name, built, split):
    objective, _, before, after = _trained(name, built, split, 40)
    assert before["perplexity"] < 2 * objective.inputs["tokens"].size
    assert after["loss"] < before["loss"] - 0.3
    assert set(after) == set(CASES[name][0].metrics)


def test_a_trained_model_fills_masks(built, split):
    objective, model, _, after = _trained("bert", built, split, 300)
    assert after["masked_accuracy"] > 0.7
    texts = Texts("the quick brown [MASK] jumps over the lazy dog")
    data = batches.evaluation(objective.examples(texts, "predict"), batch_size=4)
    results = evaluation.Evaluator(model, objective).results(data, "predict")
    (found,) = objective.predictions(results, texts)
    assert found["masks"][0][0]["token"] == "fox"
    assert found["text"] == "the quick brown fox jumps over the lazy dog"


@pytest.mark.parametrize("name", ["gpt", "bert_pairs", "bert_bags"])
def test_evaluation_keeps_numbers_and_they_add_up_to_the_loss(name, built, split):
    objective, model = built(name)
    found, results = _metrics(objective, model, split)
    examples = objective.examples(split, "evaluate")
    assert results.pop("row").shape == (len(examples),)
    for kept in results.values():  # nothing as large as the logits
        assert (kept.shape, kept.dtype) == ((len(examples),), np.float32)
    places = np.arange(len(examples))
    batch = dict(examples.batch(places, np.zeros_like(places), 0))
    batch["weight"] = np.ones(len(places), np.float32)
    outputs = model({n: batch[n] for n in model.input}, training=False)
    losses, weights, _ = objective.loss(outputs, batch)
    loss = float(tf.reduce_sum(losses * weights) / tf.reduce_sum(weights))
    if name == "gpt":  # the losses of whole examples are means of their own
        assert found["loss"] == pytest.approx(loss, rel=1e-5)
    total = results["loss_sum"].sum() / results["loss_weight"].sum()
    assert total == pytest.approx(loss, rel=1e-5)


def test_metrics_count_every_token_once_in_any_batches(built, split):
    objective, model = built("lstm")
    (four, results), (seven, _) = (
        _metrics(objective, model, split, batch_size=size) for size in (4, 7)
    )
    assert four == pytest.approx(seven)
    assert results["accuracy_weight"].sum() == split.ends[-1]


@pytest.mark.parametrize("name", ["lstm", "bert_pairs", "bert_bags", "t5"])
def test_the_loss_compiles_under_xla(name, built, split):
    objective, _ = built(name)
    examples = objective.examples(split, "evaluate")
    batch = next(iter(batches.evaluation(examples, batch_size=3)))
    targets = batch["targets" if "targets" in batch else "masked_targets"]
    size = objective.inputs["tokens"].size
    logits = tf.random.normal((*targets.shape, size), seed=0)
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


@pytest.mark.parametrize(("name", "layer"), [("gpt", "sequence"), ("lstm", "dropout")])
def test_causal_features_make_the_same_logits(name, layer, built, split):
    objective, model = built(name)
    examples = objective.examples(split, "evaluate")
    batch = examples.batch(np.arange(2), np.zeros(2, int), 0)
    given = {name: batch[name] for name in model.input}
    features = keras.Model(model.input, model.get_layer(layer).output)(given)
    np.testing.assert_allclose(
        objective.logits(model, features), model(given), rtol=1e-5, atol=1e-6
    )
