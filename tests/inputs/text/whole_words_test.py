"""Whole words of each method's vocabulary."""

import types

import pytest

from tfm import inputs
from tfm.inputs.text import backends
from tfm.inputs.text import whole_words

TEXTS = ["the film was dull, the end", "the film, the story", "it's the end (the end)"]


def _words(method: str, size: int = 320) -> tuple[list[str], list[str | None]]:
    config = inputs.Text(method=method, vocab_size=size, special_tokens=("[MASK]",))
    tokenizer = backends.learn(config, TEXTS * 50)
    words = whole_words.of(tokenizer)
    assert len(words) == tokenizer.vocab_size
    assert words[:3] == [None] * 3  # [PAD], [UNK], [MASK]
    return tokenizer.vocabulary, words


def test_a_word_is_itself():
    vocabulary, words = _words("word")
    assert words[3:] == vocabulary[3:]
    assert {"the", "it's", ","} <= set(words)


def test_word_pieces_that_go_on_are_none():
    vocabulary, words = _words("wordpiece", 60)
    pieces = [t for t in vocabulary if t.startswith("##")]
    assert pieces and {"the", "film", ","} <= set(words)
    for token, word in zip(vocabulary[3:], words[3:], strict=True):
        assert word == (None if token in pieces else token)


@pytest.mark.parametrize(("method", "mark"), [("bpe", " "), ("unigram", "\u2581")])
def test_a_space_begins_a_word(method, mark):
    vocabulary, words = _words(method)
    by_token = dict(zip(vocabulary, words, strict=True))
    marked = {t: w for t, w in by_token.items() if t.startswith(mark) and t != mark}
    assert len(marked) > 1 and "film" in marked.values()
    assert all(word == token.removeprefix(mark) for token, word in marked.items())
    assert by_token[","] == "," and by_token[mark] is None
    inner = [t for t in by_token if t[0].isalnum()]
    assert len(inner) > 10 and not [t for t in inner if by_token[t]]


def test_characters_are_words_and_bytes_are_none():
    vocabulary, words = _words("character")
    assert words[3:] == vocabulary[3:]
    assert set(_words("byte")[1]) == {None}


@pytest.mark.parametrize(
    ("vocabulary", "expected"),
    [
        (["[CLS]", "the", "##s", "."], [None, "the", None, "."]),
        (["<s>", "\u0120the", "the", "."], [None, "the", None, "."]),
        (["<s>", "\u2581the", "the", "\u2581"], [None, "the", None, None]),
        (["<s>", "the", "film", "."], [None, "the", "film", "."]),
    ],
)
def test_a_published_vocabulary_is_told_by_its_marks(vocabulary, expected):
    tokenizer = types.SimpleNamespace(
        config=types.SimpleNamespace(method="pretrained"),
        vocabulary=vocabulary,
        vocab_size=len(vocabulary),
        special_ids={0},
    )
    assert whole_words.of(tokenizer) == expected
