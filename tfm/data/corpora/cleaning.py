"""Cleans one document of a corpus, and counts what was done."""

import collections
import re
import unicodedata

from tfm.inputs.text import normalization

# line ends of other systems, and control characters but tab and line feed
_CONTROL = re.compile(r"\r\n?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ASCII_CONTROL = bytes({*range(32), 127} - {9, 10})
_SPACES = frozenset("\v\f\x1c\x1d\x1e\x1f\x85")  # of them, those that part words


class Cleaner:
    """`cleaner(text)` -> the text cleaned, or "" where it is dropped.

    Args:
      unicode: the Unicode form, nfc or nfkc; none leaves the text as it is.
      min_characters: of a text that is kept, after cleaning.
      counts: is counted up: texts by what was done to them.
    """

    def __init__(self, unicode: str, min_characters: int, counts: collections.Counter):
        self._form = "" if unicode == "none" else unicode.upper()
        self._min_characters = min_characters
        self._counts = counts

    def __call__(self, text: str) -> str:
        if self._form and not text.isascii():
            normal = unicodedata.normalize(self._form, text)
            self._counts["unicode"] += normal != text
            text = normal
        if _has_control(text):
            text = _CONTROL.sub(_in_place_of, text)
            self._counts["control"] += 1
        if not text or text.isspace():
            self._counts["empty"] += 1
            return ""
        if len(text) < self._min_characters:
            self._counts["short"] += 1
            return ""
        return text


def _has_control(text: str) -> bool:
    """True where the expression finds anything; many times quicker for most texts."""
    body = text.encode()
    if len(body.translate(None, _ASCII_CONTROL)) < len(body):
        return True
    # the others are 0xC2 and one byte more
    return b"\xc2" in body and _CONTROL.search(text) is not None


def _in_place_of(found: re.Match) -> str:
    if found[0][0] == "\r":
        return "\n"
    return " " if found[0] in _SPACES else ""


def cut(text: str, max_characters: int | None) -> list[str]:
    """The pieces of a text, cut before single spaces, with all of it.

    Args:
      text: cleaned.
      max_characters: of a piece, or more where there is no single space; None: the
        text stays whole.
    """
    if max_characters is None:
        return [text]
    return normalization.pieces(text, max_characters, anywhere=False)
