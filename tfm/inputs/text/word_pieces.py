"""WordPiece of words that are no words: phrases without spaces, and very long ones.

The algorithm gives up a word with a character that it does not know, and the library
also one of more than 100 characters, as its time goes by the cube of the length. That
loses a rare word in a script with spaces; in Thai it would lose a sentence. So a word
with characters of such a script, or of more than 100, is *divisible*: its pieces are
the same, the longest first, as far as it is known, and what is unknown is no more than
the characters themselves with the marks that they bear.
"""

import itertools
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

import tokenizers
from tokenizers import pre_tokenizers

from tfm import unspaced
from tfm.inputs.text import word_rule

LONGEST = 100  # characters of a word that is not divisible
PREFIX = "##"  # of a piece that continues a word
UNKNOWN_ID = 0

# what is seen as a character, with its vowel signs and accents
_CLUSTERS = pre_tokenizers.Split(tokenizers.Regex(word_rule.CLUSTER), "isolated")


def is_divisible(word: str) -> bool:
    """Whether a word is lost in parts only, where it is lost."""
    return len(word) > LONGEST or unspaced.within(word)


def spell(word: str) -> list[str]:
    """The word by its characters as pieces."""
    return [word[0], *(PREFIX + character for character in word[1:])]


def both(characters: Iterable[str]) -> set[str]:
    """The pieces of one character, at the beginning of a word and within."""
    characters = {*characters}
    return characters | {PREFIX + character for character in characters}


def learnable(word: str, alphabet: set[str]) -> Iterator[str]:
    """Yields the word to learn from, or where it is divisible, its parts.

    The parts are of known characters and of LONGEST at the most, as the trainer's
    time goes by the length of a word; marks are not cut from their characters.

    Args:
      word: as it stands in a text.
      alphabet: the known pieces of one character.
    """
    if not is_divisible(word):
        if alphabet.issuperset(spell(word)):
            yield word
        return
    clusters = (text for text, _ in _CLUSTERS.pre_tokenize_str(word))
    part = ""
    for cluster in clusters:
        known = alphabet.issuperset(both(cluster))
        if part and (not known or len(part) + len(cluster) > LONGEST):
            yield part
            part = ""
        part += cluster if known else ""
    if part:
        yield part


class Divider:
    """The ids of divisible words.

    Args:
      ids: of the pieces.
      split: divides texts into words.
    """

    def __init__(self, ids: Mapping[str, int], split: pre_tokenizers.PreTokenizer):
        self._ids = ids
        self._split = split
        self._longest = max(map(len, ids))
        self._within = {
            id
            for piece, id in ids.items()
            if piece.startswith(PREFIX) and piece != PREFIX
        }

    def mended(self, text: str, ids: Sequence[int]) -> list[int]:
        """The ids of a text's words, where the library has given up divisible ones."""
        words = iter(self._split.pre_tokenize_str(text))
        found = []
        for id in ids:
            if id in self._within:
                found.append(id)
                continue
            word, _ = next(words)
            if id == UNKNOWN_ID and is_divisible(word):
                found += self.divide(word)
            else:
                found.append(id)
        return found

    def divide(self, word: str) -> list[int]:
        """The ids of a word; neighbours that are unknown are one [UNK]."""
        sizes = [len(cluster) for cluster, _ in _CLUSTERS.pre_tokenize_str(word)]
        ends = itertools.accumulate(sizes)
        end = 0  # of the cluster that `place` is in
        found, place = [], 0
        while place < len(word):
            while end <= place:
                end = next(ends)
            id, size = self._piece(word, place)
            if size:
                found.append(id)
                place += size
                continue
            if found[-1:] != [UNKNOWN_ID]:
                found.append(UNKNOWN_ID)
            place = end
        return found

    def _piece(self, word: str, place: int) -> tuple[int, int]:
        """The longest piece that stands there, and its number of characters, or 0.

        Within the word, one that begins words is better than none.
        """
        longest = min(self._longest, len(word) - place)
        for prefix in (PREFIX, "") if place else ("",):
            for size in range(longest, 0, -1):
                id = self._ids.get(prefix + word[place : place + size])
                if id is not None:
                    return id, size
        return UNKNOWN_ID, 0
