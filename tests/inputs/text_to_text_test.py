"""Pairs of texts as ids: ends, cuts, one vocabulary or two, saved and loaded."""

import numpy as np
import pytest

from tfm import errors
from tfm import inputs

ROWS = [
    {"text": "ab ba", "target": "X Y"},
    {"text": "abba", "target": "Y"},
    {"text": "b" * 9, "target": "X Y X Y X Y"},
]
TWO = inputs.TextToText(
    source=inputs.Text(method="character", max_length=5),
    target=inputs.Text(method="word", lowercase=False, max_length=3),
)
ONE = inputs.TextToText(inputs.Text(method="byte", max_length=4))


def _ids(tokenizer, text):
    return tokenizer.encode([text], truncate=False)[0].tolist()


def test_texts_end_and_targets_that_are_cut_do_not():
    made = TWO.fit(ROWS, ("[EOS]",))
    found = made.encode(ROWS)
    source, target = made.tokenizer, made.target_tokenizer
    assert source.vocab_size != target.vocab_size
    assert found["tokens"][1].tolist() == [*_ids(source, "abba"), source.eos_id]
    # a text that is cut has an end: the model is to read one
    assert found["tokens"][2].tolist() == [*_ids(source, "bbbbb"), source.eos_id]
    assert found["target_tokens"][0].tolist() == [*_ids(target, "X Y"), target.eos_id]
    # a target that is cut goes on
    assert found["target_tokens"][2].tolist() == _ids(target, "X Y X Y")
    assert {n: spec.shape for n, spec in made.stored.items()} == {
        "tokens": (6,),
        "target_tokens": (4,),
    }
    assert all(len(ids) <= 6 for ids in found["tokens"])


def test_rows_to_predict_have_no_target():
    made = TWO.fit(ROWS, ("[EOS]",))
    found = made.encode([{"text": "ab"}, ROWS[0]])
    assert found["target_tokens"][0].tolist() == []
    np.testing.assert_array_equal(
        found["target_tokens"][1], made.encode(ROWS)["target_tokens"][0]
    )


def test_one_vocabulary_is_learnt_of_both():
    config = inputs.TextToText(inputs.Text(method="character", max_length=9))
    made = config.fit(ROWS, ("[EOS]",))
    assert made.tokenizer is made.target_tokenizer
    assert set("abxy") <= set(made.tokenizer.vocabulary)  # in lower case


@pytest.mark.parametrize("config", [ONE, TWO])
def test_it_is_saved_and_loaded(config, tmp_path):
    made = config.fit(ROWS, ("[EOS]",))
    made.save(tmp_path)
    loaded = config.load(tmp_path)
    for name, rows in made.encode(ROWS).items():
        for one, other in zip(rows, loaded.encode(ROWS)[name], strict=True):
            np.testing.assert_array_equal(one, other)
    assert loaded.specs == made.specs
    with pytest.raises(errors.UserError, match="not of an inputs.TextToText with"):
        (TWO if config is ONE else ONE).load(tmp_path)


def test_what_is_cut_off_is_measured_on_both_sides():
    made = TWO.fit(ROWS, ("[EOS]",))
    found, counts = made.encode_measured(ROWS)
    assert counts["tokens"]["whole"].tolist() == [5, 4, 9]
    assert counts["target_tokens"]["whole"].tolist() == [2, 1, 6]
    for name, rows in made.encode(ROWS).items():
        for one, other in zip(rows, found[name], strict=True):
            np.testing.assert_array_equal(one, other)


def test_lengths_are_numbers():
    with pytest.raises(errors.UserError, match="inputs.target.max_length"):
        inputs.TextToText(target=inputs.Text(max_length=None))
