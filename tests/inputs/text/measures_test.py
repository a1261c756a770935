"""Tokens, unknown ones and lost characters, counted for each text."""

import pytest

from tfm import inputs


def _fit(texts, **fields):
    return inputs.Text(max_length=9999, **fields).fit([{"text": t} for t in texts])


def _counts(preprocessor, *texts):
    _, counts = preprocessor.encode_measured([{"text": text} for text in texts])
    return counts["tokens"]


def test_tokens_and_characters_are_counted_for_each_text():
    made = _fit(["ab cd é", "ab cd é"])
    found = _counts(made, "ab cd", " ab  xyz ! e\u0301 ", "", "q")
    assert found["whole"].tolist() == [2, 4, 0, 1]
    assert found["unknown"].tolist() == [0, 2, 0, 1]
    assert found["characters"].tolist() == [4, 7, 0, 1]
    assert found["lost"].tolist() == [0, 4, 0, 1]
    assert found["undivided"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("method", "text", "unknown_tokens", "lost"),
    [
        ("wordpiece", "abba abz ##", 1, 3),
        ("wordpiece", "กาฟ้ดี ab", 1, 2),
        ("wordpiece", "ab" * 60 + "zz" + "ab" * 60, 1, 2),
        ("word", "abba ab", 1, 4),
        ("character", "abz z\tก", 3, 2),  # the tab is no visible character
        ("character", "a\tb", 1, 0),
        ("bpe", "abz ฟ", 0, 0),
        ("unigram", "abz ฟ", 0, 0),
        ("byte", "abz ฟ", 0, 0),
    ],
)
def test_what_is_lost_by_the_methods(method, text, unknown_tokens, lost):
    made = _fit(["ab ab ba กาดี # a"] * 3, method=method, vocab_size=600)
    (found,) = _counts(made, text)
    assert found["unknown"] == unknown_tokens
    assert found["lost"] == lost
