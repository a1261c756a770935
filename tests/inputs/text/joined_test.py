"""Many and long texts in one array of ids: the same ids as one by one."""

import numpy as np
import pytest

from tfm import inputs
from tfm.inputs.text import backends
from tfm.inputs.text import normalization
from tfm.inputs.text import tokenizer

TEXTS = [
    "The film was a story of two friends, and it wasn't dull.",
    "",
    "Une scène\n\nnaïve  ...  très   belle; 3.14 times 好片子!\n",
    "the the the end",
] * 5


@pytest.mark.parametrize(
    "method", ["word", "wordpiece", "bpe", "unigram", "character", "byte"]
)
def test_ids_are_those_of_encode(method, monkeypatch):
    config = inputs.Text(method=method, vocab_size=300, special_tokens=("[EOS]",))
    encoder = backends.learn(config, TEXTS)
    texts = [*TEXTS, "unseen ☃ word", " ".join(TEXTS)]
    rows = encoder.encode(texts, truncate=False)
    for longest in (2**20, 120):
        monkeypatch.setattr(tokenizer, "LONGEST", longest)
        ids, lengths = encoder.encode_joined(texts)
        assert ids.dtype == np.int32
        assert lengths.tolist() == [len(row) for row in rows]
        if method == "unigram" and longest == 120:  # of equally likely pieces, others
            parts = np.split(ids, np.cumsum(lengths)[:-1])
            assert encoder.decode(parts) == encoder.decode(rows)
        else:
            assert ids.tolist() == np.concatenate(rows).tolist()
    ids, lengths = encoder.encode_joined([])
    assert len(ids) == len(lengths) == 0


def test_pieces_are_cut_before_single_spaces():
    text = "one  two three\nfour five"
    pieces = normalization.pieces(text, 10)
    assert "".join(pieces) == text
    assert pieces == ["one  two", " three", "\nfour five"]
    assert normalization.pieces(text, 10, drop_space=True)[1] == "three\nfour"
    assert normalization.pieces("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert normalization.pieces("", 10) == [""]
