"""Special tokens in a text that a user writes: text, but for the gaps of a task."""

import pytest

from tfm import inputs
from tfm.inputs.text import backends

TEXTS = ["the quick brown fox jumps over the lazy dog"] * 20
SPECIAL = ("[EOS]", "<extra_id_0>", "[MASK]")
METHODS = ["word", "wordpiece", "bpe", "unigram", "character", "byte"]


def _learn(method):
    config = inputs.Text(method=method, vocab_size=300, special_tokens=SPECIAL)
    return backends.learn(config, TEXTS)


@pytest.mark.parametrize("method", METHODS)
def test_names_of_gaps_are_those_tokens(method):
    tokenizer = _learn(method)
    gaps = ("<extra_id_0>", "[EOS]")
    ids = tokenizer.encode_prompt("the <extra_id_0> fox[EOS]", gaps=gaps).tolist()
    assert ids.count(tokenizer.id_of("<extra_id_0>")) == 1
    assert ids[-1] == tokenizer.id_of("[EOS]")
    assert tokenizer.decode([ids])[0].split() == ["the", "fox"]
    if method != "byte":
        assert 1 not in ids
    plain = tokenizer.encode(["the fox"])[0].tolist()
    assert tokenizer.encode_prompt("the fox", gaps=gaps).tolist() == plain


@pytest.mark.parametrize("method", METHODS)
def test_names_of_other_special_tokens_are_text(method):
    tokenizer = _learn(method)
    text = "the [EOS] fox <extra_id_0>[MASK] [PAD] [UNK]"
    (row,) = tokenizer.encode([text])
    assert {*range(2, 5), 0}.isdisjoint(row.tolist())
    assert tokenizer.encode_prompt(text).tolist() == row.tolist()
    gap = tokenizer.encode_prompt(text, gaps=["[MASK]"]).tolist()
    assert {id for id in gap if id < 5} - {1} == {tokenizer.id_of("[MASK]")}
