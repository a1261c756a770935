"""Special tokens in a text that a user writes."""

import pytest

from tfm import inputs
from tfm.inputs.text import backends

TEXTS = ["the quick brown fox jumps over the lazy dog"] * 20


@pytest.mark.parametrize("method", ["word", "wordpiece", "bpe", "unigram", "byte"])
def test_names_of_special_tokens_are_those_tokens(method):
    tokenizer = backends.learn(
        inputs.Text(
            method=method, vocab_size=300, special_tokens=("[EOS]", "<extra_id_0>")
        ),
        TEXTS,
    )
    ids = tokenizer.encode_prompt("the <extra_id_0> fox[EOS]").tolist()
    assert ids.count(tokenizer.id_of("<extra_id_0>")) == 1
    assert ids[-1] == tokenizer.id_of("[EOS]")
    assert tokenizer.decode([ids])[0].split() == ["the", "fox"]
    if method != "byte":
        assert 1 not in ids
    plain = tokenizer.encode(["the fox"])[0].tolist()
    assert tokenizer.encode_prompt("the fox").tolist() == plain
