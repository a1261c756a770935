"""Whole words of a vocabulary, apart from special tokens and pieces of words."""

import collections

from tfm.inputs.text import tokenizer as tokenizer_module

# before a word that a space precedes; "##" before a piece that goes on
_MARKS = {"bpe": " ", "unigram": "\u2581", "wordpiece": "##"}
_PUBLISHED = ("##", "\u0120", "\u2581", " ")
_USUAL = 0.01  # share of a published vocabulary's tokens with its mark, at the least


def of(tokenizer: tokenizer_module.Tokenizer) -> list[str | None]:
    """The word that each id stands for, as it is seen in a text.

    None for special tokens, bytes, and pieces of words: "##x" of WordPiece, and of
    byte pairs and unigram pieces those without a space before them, but for
    punctuation.
    """
    method = tokenizer.config.method
    words: list[str | None] = [None] * tokenizer.vocab_size
    if method == "byte":
        return words
    mark = _MARKS.get(method, "")
    if method == "pretrained":
        mark = _usual_mark(tokenizer.vocabulary)
    special = tokenizer.special_ids
    for id, token in enumerate(tokenizer.vocabulary):
        if id not in special and token:
            words[id] = _word(token, mark)
    return words


def _word(token: str, mark: str) -> str | None:
    if mark == "##":
        return None if token.startswith(mark) and token != mark else token
    if not mark or not token[0].isalnum() and not token.startswith(mark):
        return token
    return token.removeprefix(mark) or None if token.startswith(mark) else None


def _usual_mark(vocabulary: list[str]) -> str:
    """The mark that most tokens of a published vocabulary have, if many do."""
    counts = collections.Counter(
        mark
        for token in vocabulary
        for mark in _PUBLISHED
        if token.startswith(mark) and token != mark
    )
    mark, count = max(counts.items(), key=lambda pair: pair[1], default=("", 0))
    return mark if count >= _USUAL * len(vocabulary) else ""
