"""Vocabulary tables: bytes of each token, and whether it continues a word.

They depend on the tokenizer's method: see inputs.Text. V is the vocabulary's size.
"""

import re
import unicodedata

import numpy as np

from tfm import unspaced

_SPACE = "\u2581"  # unigram pieces write a space so
_VISIBLE_SPACE = "\u0120"  # published byte-level BPE
_BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")  # unigram: a byte
_BROKEN = re.compile(r"\\x([0-9a-f]{2})")  # bpe: a byte that is no character
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def byte_lengths(tokenizer) -> np.ndarray:
    """Bytes of text, in UTF-8, that each token stands for; int32 [V].

    Exact for the methods that keep the text (byte, character, bpe, unigram), apart
    from the space that unigram puts before a text. For word and wordpiece the white
    space between words is not counted. Reserved tokens, the unknown one among them,
    count nothing.
    """
    method = _method(tokenizer)
    lengths_V = np.zeros(tokenizer.vocab_size, np.int32)
    for id in range(tokenizer.first_word_id, tokenizer.vocab_size):
        lengths_V[id] = len(_shown_bytes(tokenizer, id, method))
    return lengths_V


def continues_word(tokenizer) -> np.ndarray:
    """Whether each token continues the word of the token before it; bool [V].

    wordpiece: what begins with "##"; word: none. Else what begins with a letter or a
    digit, as white space and punctuation begin a token of their own, or with part of
    a character; but a Chinese character is a word. In scripts that write no spaces
    between words, a piece is taken for a word, unless it begins with a vowel sign.
    """
    method = _method(tokenizer)
    found_V = np.zeros(tokenizer.vocab_size, bool)
    if method == "word":
        return found_V
    for id in range(tokenizer.first_word_id, tokenizer.vocab_size):
        if method == "wordpiece":
            token = tokenizer.vocabulary[id]
            found_V[id] = token.startswith("##") and not _begins_unspaced(token[2:])
        else:
            found_V[id] = _begins_in_word(_shown_bytes(tokenizer, id, method))
    return found_V


def _method(tokenizer) -> str:
    """The method by which tokens are spelt, guessed for a published model's."""
    if tokenizer.config.method != "pretrained":
        return tokenizer.config.method
    for method, mark in (("wordpiece", "##"), ("visible bytes", _VISIBLE_SPACE)):
        if any(token.startswith(mark) for token in tokenizer.vocabulary):
            return method
    return "unigram"


def _shown_bytes(tokenizer, id: int, method: str) -> bytes:
    """The bytes of the text that a token stands for."""
    token = tokenizer.vocabulary[id]
    if method == "visible bytes":  # each letter is a byte, ASCII ones their own
        token = token.replace(_VISIBLE_SPACE, " ")
        return bytes(min(ord(letter), 255) for letter in token)
    if method == "wordpiece":
        return token.removeprefix("##").encode()
    if method == "unigram":
        byte = _BYTE_PIECE.fullmatch(token)
        if byte:
            return bytes([int(byte[1], 16)])
        return token.replace(_SPACE, " ").encode()
    if method == "byte":
        return bytes([id - tokenizer.first_word_id])
    if method == "bpe" and "\\" in token and tokenizer.decode([[id]]) != [token]:
        parts = _BROKEN.split(token)  # text and hexadecimal codes by turns
        return b"".join(
            bytes.fromhex(part) if i % 2 else part.encode()
            for i, part in enumerate(parts)
        )
    return token.encode()


def _begins_in_word(text: bytes) -> bool:
    if text[0] >= 0x80:  # of a character with several bytes, maybe not the first
        text = text.decode(errors="ignore")
        if text and _HAN.match(text):
            return False
        if _begins_unspaced(text):
            return False
        return not text or unicodedata.category(text[0])[0] in "LMN"
    return chr(text[0]).isalnum()


def _begins_unspaced(text: str) -> bool:
    """Whether a text begins with a letter of a script without spaces."""
    return unspaced.within(text[:1]) and unicodedata.category(text[0])[0] != "M"
