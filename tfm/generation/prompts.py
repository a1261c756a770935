"""Prompts: what the vocabulary lacks of them, their padding and their chance."""

import hashlib
import re
from collections.abc import Sequence

_LEAST = 4  # tokens of the shortest bucket
_WORD = re.compile(r"\S+")


def unknown_words(tokenizer, text: str, most: int = 5) -> list[str]:
    """The first words of a prompt that the vocabulary cannot spell."""
    found = []
    if tokenizer.config.method == "pretrained" or 1 not in tokenizer.encode_prompt(
        text
    ):
        return found
    for word in dict.fromkeys(_WORD.findall(text)):
        if 1 in tokenizer.encode_prompt(word):
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
