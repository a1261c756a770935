"""Which data, inputs and models a task goes with: told before any data is read."""

import pytest

from tfm import data
from tfm import errors
from tfm import experiment
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training

CORPUS, LABELED = data.Corpus(train="a.txt"), data.LabeledText(train="a.csv")
CAUSAL = "(features in which no position sees a later one"
PAIRS = tasks.MaskedLM(next_sentence=True)


def _experiment(task, model, **parts):
    labeled = isinstance(task, tasks.TextClassification)
    parts = {
        "data": LABELED if labeled else CORPUS,
        "inputs": inputs.Text(),
        "train": training.Train(best_metric="loss"),
    } | parts
    return experiment.Experiment(task=task, model=model, **parts)


@pytest.mark.parametrize(
    ("task", "model"),
    [
        (tasks.TextClassification(), models.LSTM()),
        (tasks.TextClassification(), models.CNN()),
        (tasks.TextClassification(), models.Transformer()),
        (tasks.TextClassification(), models.Decoder()),
        (tasks.CausalLM(), models.Decoder()),
        (tasks.CausalLM(documents="joined"), models.LSTM()),
        (tasks.MaskedLM(), models.Transformer()),
        (tasks.MaskedLM(bag_of_words=1.0), models.CNN()),
        (tasks.MaskedLM(documents="separate"), models.LSTM(bidirectional=True)),
        (PAIRS, models.Transformer()),
        (tasks.SpanCorruption(), models.EncoderDecoder()),
    ],
)
def test_what_goes_together(task, model):
    assert _experiment(task, model).task is task


@pytest.mark.parametrize(
    ("task", "model", "message"),
    [
        (
            tasks.CausalLM(),
            models.Transformer(),
            f"tasks.CausalLM reads causal {CAUSAL}",
        ),
        (tasks.CausalLM(documents="joined"), models.CNN(), "reads causal"),
        (
            tasks.CausalLM(documents="joined"),
            models.LSTM(bidirectional=True),
            "models.LSTM gives pooled, sequence",
        ),
        (tasks.CausalLM(), models.LSTM(), "tasks.CausalLM gives segments (packed"),
        (
            tasks.CausalLM(documents="joined"),
            models.EncoderDecoder(),
            "models.EncoderDecoder reads decoder_tokens",
        ),
        (tasks.MaskedLM(), models.EncoderDecoder(), "reads decoder_tokens"),
        (PAIRS, models.LSTM(), "tasks.MaskedLM gives types (kinds of tokens"),
        (tasks.SpanCorruption(), models.Decoder(), "gives decoder_tokens (a second"),
        (tasks.TextClassification(), models.EncoderDecoder(), "reads decoder_tokens"),
    ],
)
def test_what_does_not(task, model, message):
    with pytest.raises(errors.UserError) as told:
        _experiment(task, model)
    assert message in str(told.value)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"data": LABELED}, "tasks.CausalLM reads the column text as stream"),
        (
            {"inputs": inputs.Text(augment=inputs.Augment(swap=0.1))},
            "CausalLM must see texts as they are",
        ),
        (
            {"train": training.Train(best_metric="f1_macro")},
            "of tasks.CausalLM: loss, perp.*, accuracy. Got 'f1_macro'",
        ),
    ],
)
def test_what_a_language_model_is_not_trained_on(parts, message):
    with pytest.raises(errors.UserError, match=message):
        _experiment(tasks.CausalLM(), models.Decoder(), **parts)


def test_what_classes_are_not_learnt_from():
    with pytest.raises(
        errors.UserError, match="tasks.TextClassification reads .*label"
    ):
        _experiment(tasks.TextClassification(), models.LSTM(), data=CORPUS)


def test_an_unknown_metric_of_the_configuration_is_refused():
    settings = training.Train(best_metric="bag_loss")
    with pytest.raises(errors.UserError, match="must be a metric of tasks.MaskedLM"):
        _experiment(tasks.MaskedLM(), models.Transformer(), train=settings)
    bags = tasks.MaskedLM(bag_of_words=1.0)
    assert _experiment(bags, models.Transformer(), train=settings)


def test_a_train_step_that_does_not_fit_the_task():
    with pytest.raises(errors.UserError) as told:
        _experiment(
            tasks.TextClassification(),
            models.LSTM(),
            train_step=training.GlobalBatch(),
        )
    assert str(told.value) == (
        "tasks.TextClassification is trained by MeanLoss, SharpnessAware, EMATeacher. "
        "Got train_step=training.GlobalBatch."
    )
    within = training.SharpnessAware(step=training.MultiTask())
    with pytest.raises(errors.UserError, match="Got train_step=training.MultiTask"):
        _experiment(tasks.TextClassification(), models.LSTM(), train_step=within)
    teacher = training.EMATeacher(step=training.SharpnessAware())
    with pytest.raises(errors.UserError, match="Got train_step=training.EMATeacher"):
        _experiment(tasks.CausalLM(), models.Decoder(), train_step=teacher)


def test_the_field_that_stands_in_the_way_is_named():
    with pytest.raises(errors.UserError, match="with window=8 models.LSTM gives"):
        model = models.LSTM(window=8, pooling="mean")
        _experiment(tasks.CausalLM(documents="joined"), model)
    with pytest.raises(errors.UserError, match="; models.CNN gives"):
        _experiment(tasks.CausalLM(documents="joined"), models.CNN(dropout=0.2))
