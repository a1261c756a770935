"""Texts with [MASK] in them: what the model reads, and what it fills in."""

import math

import numpy as np
import pytest

from tests.support import small_models
from tests.tasks.language.masked_lm_test import CLS
from tests.tasks.language.masked_lm_test import EOS
from tests.tasks.language.masked_lm_test import LENGTH
from tests.tasks.language.masked_lm_test import MASK
from tests.tasks.language.masked_lm_test import PREPROCESSOR
from tests.tasks.language.masked_lm_test import SEP
from tests.tasks.language.masked_lm_test import TOKENIZER
from tfm import errors
from tfm import tasks


class Texts:
    """A split of texts, as the command line gives them."""

    def __init__(self, *texts):
        self._texts = texts

    def __len__(self):
        return len(self._texts)

    def rows(self, indices):
        return [{"text": self._texts[index]} for index in indices]


def _objective(**fields):
    return tasks.MaskedLM(**fields).bind({}, PREPROCESSOR)


def _batch(objective, *texts):
    examples = objective.examples(Texts(*texts), "predict")
    places = np.arange(len(examples))
    return examples.batch(places, np.zeros_like(places), 0)


@pytest.mark.parametrize("next_sentence", [False, True])
def test_masks_in_texts_are_filled(next_sentence):
    objective = _objective(next_sentence=next_sentence)
    batch = _batch(objective, "the [MASK] fox", "The dog [MASK] on [MASK]!")
    assert batch["row"].tolist() == [0, 1]
    frame = ([CLS], [SEP]) if next_sentence else ([], [])
    the, fox = TOKENIZER.id_of("the"), TOKENIZER.id_of("fox")
    row = [*frame[0], the, MASK, fox, *frame[1]]
    assert batch["tokens"][0, : len(row)].tolist() == row
    assert not batch["tokens"][0, len(row) :].any()
    assert batch["masked_weight"].sum(axis=1).tolist() == [1, 2]
    if not next_sentence:
        assert batch["segments"][0].tolist() == [1, 1, 1] + [0] * (LENGTH - 3)
    logits = np.full((2, objective.num_masked, TOKENIZER.vocab_size), -30.0, np.float32)
    logits[..., EOS] = 5  # which is no word
    for text, place, token, value in [
        (0, 0, "dog", 2),
        (0, 0, "brothers", 1),
        (1, 0, "jumps", 3),
        (1, 1, "the", 3),
    ]:
        logits[text, place, TOKENIZER.id_of(token)] = value
    outputs = {"masked": logits} if next_sentence else logits
    batch["weight"] = np.ones(2, np.float32)
    kept = small_models.results(objective, outputs, batch, "predict")
    assert kept["top_tokens"].shape == (2, objective.num_masked, 5)
    first, second = objective.predictions(kept, Texts())
    assert first["text"] == "the dog fox"
    assert second["text"] == "the dog jumps on the !"
    (mask,) = first["masks"]
    assert [found["token"] for found in mask[:2]] == ["dog", "brothers"]
    reserved = TOKENIZER.vocabulary[: TOKENIZER.first_word_id]
    assert not {found["token"] for found in mask} & set(reserved)
    total = math.exp(5) + math.exp(2) + math.exp(1)
    assert mask[0]["probability"] == pytest.approx(math.exp(2) / total, rel=1e-4)
    assert [of[0]["token"] for of in second["masks"]] == ["jumps", "the"]


@pytest.mark.parametrize(("method", "size"), [("bpe", 300), ("unigram", 330)])
def test_a_mask_holds_the_space_before_it(method, size):
    preprocessor = small_models.preprocessor(method, size, max_length=LENGTH)
    tokenizer = preprocessor.tokenizer
    objective = tasks.MaskedLM().bind({}, preprocessor)
    tokens = _batch(objective, "the [MASK] fox")["tokens"][0]
    (row,) = tokenizer.encode(["the fox"])
    mask = tokenizer.id_of("[MASK]")
    (the,), (fox,) = tokenizer.encode(["the"]), tokenizer.encode([" fox"])
    start = len(np.atleast_1d(the))
    assert tokens[start] == mask
    assert tokens[tokens > 0].tolist() == [
        *np.atleast_1d(the).tolist(),
        mask,
        *row[start:].tolist(),
    ]
    assert np.atleast_1d(fox).size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no mask", r"must have \[MASK\] in it once to 4 times. Got 0: 'no mask'"),
        ("[MASK] " * 5, "once to 4 times. Got 5"),
        ("dog " * 40 + "[MASK]", r"more than 24 tokens. Got 41: 'dog .*\.\.\.'$"),
    ],
)
def test_texts_that_cannot_be_filled(text, message):
    with pytest.raises(errors.UserError, match=message):
        _objective().examples(Texts(text), "predict")
