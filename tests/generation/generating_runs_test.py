"""Runs that can generate, and those that cannot: by the shapes of their parts."""

import types

import pytest
import tensorflow as tf

from tests.support import small_runs
from tfm import errors
from tfm import generation
from tfm import models
from tfm import tasks


@pytest.fixture(scope="module")
def run():
    return small_runs.run("lstm")


@pytest.mark.parametrize(
    ("task", "config", "message"),
    [
        (tasks.TextClassification(), models.LSTM(), "by TextClassification cannot"),
        (tasks.MaskedLM(), models.Transformer(), "Use python -m tfm.predict"),
        (tasks.CausalLM(), models.CNN(), "models.CNN reads a text all at once"),
    ],
)
def test_runs_that_cannot_generate(run, task, config, message):
    other = types.SimpleNamespace(**vars(run))
    other.experiment = types.SimpleNamespace(task=task, model=config)
    if not isinstance(task, tasks.CausalLM):
        other.objective = object()
    with pytest.raises(errors.UserError, match=message):
        generation.Generator(other)


def test_inputs_without_a_tokenizer_are_told(run):
    other = types.SimpleNamespace(**vars(run) | {"preprocessor": object()})
    with pytest.raises(errors.UserError, match="inputs with a tokenizer.* Got Text."):
        generation.Generator(other)


def test_a_model_and_an_objective_of_ones_own(run):
    """Only shapes are asked for: see interfaces.Decodes and interfaces.Writes."""

    class Next:
        """Each token calls for the next one of the vocabulary."""

        def decoding(self, model):
            return self

        def init_cache(self, batch_size, length, source=None):
            return (tf.zeros((batch_size, 1)),)

        def decode_step(self, tokens, cache, slot, starts=None):
            return tf.one_hot(tokens + 1, size), cache

    class Same:
        start_id = None

        def logits(self, model, features):
            return features

    tokenizer = run.preprocessor.tokenizer
    size = tokenizer.vocab_size
    other = types.SimpleNamespace(**vars(run) | {"objective": Same()})
    other.experiment = types.SimpleNamespace(task=object(), model=Next())
    generator = generation.Generator(other, jit_compile=False)
    (found,) = generator.generate(["q"], temperature=0, max_new_tokens=3)
    first = tokenizer.id_of("q") + 1
    assert found.tokens == (first, first + 1, first + 2)
