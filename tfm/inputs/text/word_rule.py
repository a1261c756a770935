r"""The rule by which a text is divided into words, as a regular expression.

A word is a Chinese character; or letters, accents and digits, with apostrophes and
(Persian, Hindi) zero-width joiners inside: "don't" is one word; or else one visible
character, an emoji with all that is joined to it, or a punctuation mark.

There are no look-arounds, grapheme clusters (\X) or nested classes but for letters:
so RE2, which TensorFlow has, reads the rule as the tokenizers library does, once the
classes are told by their code points. By name it would have those of another Unicode.
"""

import functools

import tokenizers
from tokenizers import pre_tokenizers

from tfm.inputs.text.graphs import ranges

_LETTER = r"[\p{L}\p{M}\p{N}&&[^\p{Han}]]"
# that follow a symbol: accents, joiners, colours of skin, tags of flags; "#️⃣" has two
_MARK = r"[\p{M}\x{200c}\x{200d}\x{1f3fb}-\x{1f3ff}\x{e0020}-\x{e007f}]"


def _rule(han: str, letter: str, symbol: str, mark: str) -> str:
    return (
        rf"{han}|{letter}+(?:['\x{{200c}}\x{{200d}}]{letter}+)*"
        rf"|[\x{{1f1e6}}-\x{{1f1ff}}]{{2}}|{symbol}(?:\x{{200d}}{symbol}|{mark})*"
    )


LIBRARY = _rule(r"\p{Han}", _LETTER, r"[^\s\p{L}\p{M}\p{N}\p{Han}]", _MARK)
# that belong to the character before: marks, joiners, vowel signs of Thai and Lao
_BORNE = r"[\p{M}\x{200c}\x{200d}\x{e33}\x{eb3}]"
CLUSTER = rf"[\s\S]{_BORNE}*"  # what is seen as one character


@functools.cache
def for_re2() -> tuple[str, str]:
    """The rule with its classes by code points; and white space, as [...]."""
    space, han, letter, mark = (
        ranges.written(members(name)) for name in (r"\s", r"\p{Han}", _LETTER, _MARK)
    )
    symbol = f"[^{space}{han}{letter}]"
    return _rule(f"[{han}]", f"[{letter}]", symbol, f"[{mark}]"), f"[{space}]"


@functools.cache
def borne() -> list[int]:
    """The code points within a CLUSTER."""
    return members(_BORNE)


def members(name: str) -> list[int]:
    """The code points of a class, as the tokenizers library has it."""
    split = pre_tokenizers.Split(tokenizers.Regex(f"{name}+"), "removed", invert=True)
    text = "".join(map(chr, ranges.ALL))
    return [ord(c) for run, _ in split.pre_tokenize_str(text) for c in run]
