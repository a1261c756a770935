"""The fields of stacking: which classifiers, and how their scores are made."""

import dataclasses
import typing

from tfm import errors
from tfm import validation

Part = typing.Literal["ngrams", "words", "characters", "vectors"]


@dataclasses.dataclass(frozen=True)
class StackingSettings:
    """The fields of config.Stacked."""

    # linear support vector machines over TF-IDF of n-grams: of words and characters
    # together (ngrams), of words alone, of characters alone; vectors: over the sentence
    # vectors of a preset
    parts: tuple[str, ...] = ("ngrams", "words", "characters")
    folds: int = 4  # parts of the training split, each scored by the others
    words: tuple[int, ...] = (1, 2)  # fewest and most words of an n-gram; empty: none
    characters: tuple[int, ...] = (2, 5)  # likewise of characters; empty: none
    # n-grams that are known at the most, those of the most texts
    max_features: int = 1_048_576
    lowercase: bool = True  # "The" and "the" are one word
    strip_html: bool = False  # replace tags such as <br /> by a space
    # of the vectors: a keras_nlp preset, a folder or package:NAME/FOLDER
    preset: str = ""
    max_length: int = 128  # tokens of a text that the preset reads

    def __post_init__(self):
        validation.at_least(self, 2, "folds")
        validation.at_least(self, 1, "max_features")
        known = typing.get_args(Part)
        if not self.parts or not {*self.parts} <= {*known}:
            raise errors.UserError(
                f"parts must be some of {', '.join(known)}. "
                f"Got {', '.join(self.parts) or 'none'}."
            )
        for name in ("words", "characters"):
            if name in self.parts and not getattr(self, name):
                raise errors.UserError(
                    f"parts has {name}, but there are no n-grams of {name}. "
                    f"Got {name}=()."
                )
        if ("vectors" in self.parts) != bool(self.preset):
            raise errors.UserError(
                "preset names the model of the part vectors: give both, or none. "
                f"Got preset={self.preset or '(none)'}, parts={','.join(self.parts)}."
            )
