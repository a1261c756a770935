"""Scripts that write no spaces between words: there n-grams are of characters alone."""

import unicodedata
from collections.abc import Iterable

# by the beginnings of their letters' names
_UNSPACED = ("CJK ", "HIRAGANA", "KATAKANA", "THAI", "LAO ", "KHMER", "MYANMAR")
_LETTERS = 300  # of a text that are looked at


def sizes(share: float) -> dict[str, tuple[int, ...]]:
    """The words and characters of inputs.Ngrams for texts of that unspaced share."""
    if share > 0.5:
        return {"words": (), "characters": (1, 4)}
    return {"words": (1, 2), "characters": (2, 5)}


def unspaced_share(texts: Iterable[str]) -> float:
    """The share of letters that are of such scripts."""
    letters = [c for text in texts for c in text[:_LETTERS] if c.isalpha()]
    unspaced = sum(unicodedata.name(c, "").startswith(_UNSPACED) for c in letters)
    return unspaced / max(1, len(letters))
