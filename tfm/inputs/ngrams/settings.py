"""The fields of n-grams: what they are, and how many are known."""

import dataclasses

from tfm import errors
from tfm import validation


@dataclasses.dataclass(frozen=True)
class NgramSettings:
    """The fields of config.Ngrams."""

    words: tuple[int, ...] = (1, 2)  # fewest and most words of an n-gram; empty: none
    characters: tuple[int, ...] = (2, 5)  # likewise of characters; empty: none
    # n-grams that are known at the most, those of the most texts
    max_features: int = 262_144
    min_count: int = 2  # training texts in which an n-gram must be
    max_ngrams: int = 2_048  # of a text, those of the highest weight
    lowercase: bool = True  # "The" and "the" are one word
    strip_html: bool = False  # replace tags such as <br /> by a space

    method = "word"  # as normalization asks a tokenizer's fields

    def __post_init__(self):
        validation.at_least(self, 1, "max_features", "max_ngrams", "min_count")
        for name in ("words", "characters"):
            found = getattr(self, name)
            if found and not (len(found) == 2 and 1 <= found[0] <= found[1]):
                raise errors.UserError(
                    f"{name} must be the fewest and the most of an n-gram, such as "
                    f"1,2, or empty. Got {name}={found}."
                )
        if not self.words and not self.characters:
            raise errors.UserError("words and characters must not both be empty.")
