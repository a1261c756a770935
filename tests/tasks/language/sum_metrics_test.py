"""Perplexity of known models; the same for any batches, packing and overlap."""

import math

import keras
import numpy as np
import pytest

from tests.support import small_models
from tfm import models
from tfm import tasks
from tfm.data import batches
from tfm.training import evaluation

LENGTH = 8
PREPROCESSOR = small_models.preprocessor("character", 60, ("[EOS]",), LENGTH)
SIZE = PREPROCESSOR.tokenizer.vocab_size
EOS = PREPROCESSOR.tokenizer.id_of("[EOS]")
SHAPE = {"num_layers": 2, "width": 16, "num_heads": 2, "feedforward_width": 16}
METRICS = {"loss", "perplexity", "bits_per_byte", "accuracy"}
SLIDING = {"sliding_loss", "sliding_perplexity", "sliding_bits_per_byte"}


def _documents(lengths=(3, 30, 1, 5, 8, 4, 17, 2, 2, 9, 16)) -> list[np.ndarray]:
    """Documents with their ends; some fit into windows, others take several."""
    rng = np.random.default_rng(0)
    rows = [rng.integers(3, SIZE, n - 1) for n in lengths]
    return [np.append(row, EOS).astype(np.int32) for row in rows]


SPLIT = small_models.Stream(*_documents())


def _objective(**fields):
    return tasks.CausalLM(**fields).bind({}, PREPROCESSOR)


def _scored(objective, model, thorough=True, batch_size=4) -> dict[str, float]:
    examples = objective.examples(SPLIT, "evaluate")
    if thorough:
        examples = objective.thorough_examples(SPLIT)
    found = batches.evaluation(examples, batch_size=batch_size)
    results = evaluation.Evaluator(model, objective).results(found)
    return dict(objective.compute_metrics(results, SPLIT).metrics)


class Unigram:
    """In the place of a model: the same logits everywhere."""

    input = {"tokens": None}

    def __init__(self, logits_V):
        self._logits_V = logits_V

    def __call__(self, inputs, training):
        shape = (*inputs["tokens"].shape, 1)
        return keras.ops.ones(shape) * keras.ops.convert_to_tensor(self._logits_V)


@pytest.mark.parametrize("documents", ["packed", "joined", "separate"])
def test_a_unigram_model_has_the_perplexity_of_its_frequencies(documents):
    line = SPLIT.read(0, SPLIT.ends[-1])
    counts = np.bincount(line, minlength=SIZE)
    logits_V = np.log(np.maximum(counts, 1e-9)).astype(np.float32)
    entropy = math.log(len(line)) - (counts * np.log(np.maximum(counts, 1))).sum() / (
        len(line)
    )
    found = _scored(_objective(documents=documents), Unigram(logits_V))
    assert set(found) == METRICS | SLIDING
    num_bytes = len(line) - len(SPLIT.ends)  # an end is no text
    for name in ("", "sliding_"):
        assert found[f"{name}loss"] == pytest.approx(entropy, rel=1e-5)
        assert found[f"{name}perplexity"] == pytest.approx(math.exp(entropy), rel=1e-5)
        bits = entropy * len(line) / math.log(2) / num_bytes
        assert found[f"{name}bits_per_byte"] == pytest.approx(bits, rel=1e-5)
    assert found["accuracy"] == pytest.approx(counts.max() / len(line))


@pytest.fixture(scope="module")
def decoders():
    """The same weights over packed documents and over separate ones."""
    found = {}
    for documents in ("packed", "separate"):
        objective = _objective(documents=documents)
        model = objective.head(models.Decoder(**SHAPE).build(objective.inputs))
        for number, weight in enumerate(model.weights):
            rng = np.random.default_rng(number)
            weight.assign(rng.normal(size=weight.shape) * 0.5)
        found[documents] = model
    return found


def test_batches_and_packing_make_no_difference(decoders):
    expected = _scored(_objective(documents="separate"), decoders["separate"])
    for documents, model in decoders.items():
        for batch_size in (1, 3, 50):
            objective = _objective(documents=documents)
            found = _scored(objective, model, batch_size=batch_size)
            assert found == pytest.approx(expected, rel=1e-5)
            alone = _scored(objective, model, thorough=False, batch_size=batch_size)
            assert alone == {
                name: pytest.approx(expected[name], rel=1e-5) for name in METRICS
            }


def _log_likelihoods(model, document, stride) -> list[float]:
    """Of each token, in the first window that reaches it, by the whole model."""
    before = np.append(EOS, document[:-1])
    found = []
    for i, target in enumerate(document):
        window = max(-(-(i + 1 - LENGTH) // stride), 0)
        seen = before[window * stride : i + 1]
        tokens = np.zeros((1, LENGTH), np.int32)
        tokens[0, : len(seen)] = seen
        logits = keras.ops.convert_to_numpy(model({"tokens": tokens}))
        found.append(small_models.log_softmax(logits)[0, len(seen) - 1, target])
    return found


@pytest.mark.parametrize(
    "stride", [3, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 4, 8))]
)
def test_the_figures_are_those_of_each_token_by_itself(decoders, stride):
    for documents, model in decoders.items():
        found = _scored(_objective(documents=documents, eval_stride=stride), model)
        for name, step in (("loss", LENGTH), ("sliding_loss", stride)):
            by_hand = [
                value
                for document in _documents()
                for value in _log_likelihoods(decoders["separate"], document, step)
            ]
            assert found[name] == pytest.approx(-np.mean(by_hand), rel=1e-5)


def test_what_overlaps_is_not_looked_at_where_it_is_not_asked_for(decoders):
    objective = _objective(documents="packed", eval_stride=0)
    assert set(_scored(objective, decoders["packed"])) == METRICS
    objective = _objective(documents="packed")
    plain = len(objective.examples(SPLIT, "evaluate"))
    assert plain < len(objective.thorough_examples(SPLIT)) <= 3 * plain
    short = small_models.Stream(*_documents((3, 8, 1, 5)))
    # all that is there fits into windows, so nothing is looked at twice
    alone = objective.examples(short, "evaluate")
    assert len(objective.thorough_examples(short)) == len(alone)
