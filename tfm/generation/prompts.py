"""Prompts: their tokens, the special ones that they may name, and their chance."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

_LEAST = 4  # tokens of the shortest bucket
_WORD = re.compile(r"\S+")


def encode(tokenizer, text: str) -> np.ndarray:
    """The ids of a prompt, int32; names of special tokens in it are those tokens."""
    special = tokenizer.config.special_tokens
    if not special:
        return tokenizer.encode([text], truncate=False)[0]
    names = sorted(special, key=len, reverse=True)
    # texts and names by turns
    parts = re.split(f"({'|'.join(map(re.escape, names))})", text)
    texts, names = parts[::2], parts[1::2]
    method = tokenizer.config.method
    if method in ("bpe", "unigram"):
        # a word's token holds the space before it, so what stands for words does too
        texts = [*(part.rstrip() for part in texts[:-1]), texts[-1]]
    if method == "unigram":  # which puts a space before each text itself
        texts = [part.lstrip() for part in texts]
    rows = tokenizer.encode(texts, truncate=False)
    joined = [rows[0]]
    for name, row in zip(names, rows[1:], strict=True):
        joined += [[tokenizer.id_of(name)], row]
    return np.concatenate(joined).astype(np.int32)


def unknown_words(tokenizer, text: str, most: int = 5) -> list[str]:
    """The first words of a prompt that the vocabulary cannot spell."""
    found = []
    if tokenizer.config.method == "pretrained" or 1 not in encode(tokenizer, text):
        return found
    for word in dict.fromkeys(_WORD.findall(text)):
        if 1 in encode(tokenizer, word):
            found.append(word)
        if len(found) == most:
            break
    return found or ["white space"]


def bucket(length: int, most: int | None = None) -> int:
    """The length to which a prompt is padded: at most a quarter more, few in all."""
    step = max(_LEAST, 2 ** max(length.bit_length() - 3, 0))
    padded = -(-length // step) * step
    return padded if most is None else min(padded, max(most, length))


def streams(texts: Sequence[str], num_samples: int, seed: int) -> list[list[int]]:
    """What each row's random numbers are seeded by, a prompt's samples in a row.

    They depend on the seed, the prompt's text and the number of the sample, so that a
    prompt has the same texts wherever it stands. The same prompt again goes on
    counting, and has other ones.
    """
    found, counts = [], {}
    for text in texts:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        key = int.from_bytes(digest[:8], "little")
        first = counts.get(text, 0)
        counts[text] = first + num_samples
        found += [[seed, key, first + i] for i in range(num_samples)]
    return found
