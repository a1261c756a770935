"""Tokens and characters of the training texts that the vocabulary does not know.

It is warned of in the last lines where more of the characters are lost than is usual
(see inputs.text.measures), and where more than 5 % stand in phrases taken for words.

n texts.
"""

import dataclasses

import numpy as np

from tfm.data import shares

_UNDIVIDED = 0.05  # of the characters


@dataclasses.dataclass(frozen=True)
class Unknown:
    """Texts of the training split beside what became [UNK] of them.

    Args:
      name: of the array, such as tokens.
      counts: of each text, inputs.text.measures.FIELDS [n].
      usual: the share of characters up to which their loss is not warned of.
    """

    name: str
    counts: np.ndarray
    usual: float

    @property
    def tokens(self) -> float:
        """The share of all tokens that are [UNK]."""
        return shares.of(self.counts["unknown"], self.counts["whole"])

    @property
    def characters(self) -> float:
        """The share of all characters that are lost in them."""
        return shares.of(self.counts["lost"], self.counts["characters"])

    @property
    def undivided(self) -> float:
        """The share of all characters that stand in phrases taken for words."""
        return shares.of(self.counts["undivided"], self.counts["characters"])

    def summary(self) -> str:
        """A line for a human."""
        if not self.tokens:
            return f"none of the {self.name} of train is unknown"
        return (
            f"unknown ([UNK]): {shares.percent(self.tokens)} of the {self.name} of "
            f"train, {shares.percent(self.characters)} of the characters"
        )

    def left_out(self) -> list[str]:
        """Lines for the end, where much is unknown."""
        lines = []
        if self.characters > self.usual:
            lines.append(
                f"{shares.percent(self.characters)} of the characters of train are "
                f"unknown to the vocabulary: [UNK], {shares.percent(self.tokens)} of "
                f"the {self.name} (--inputs.method=bpe or unigram knows every "
                "character; a published vocabulary, those of its languages)"
            )
        if self.undivided > _UNDIVIDED:
            lines.append(
                f"{shares.percent(self.undivided)} of the characters of train are of "
                "scripts without spaces, where --inputs.method=word takes phrases for "
                "words: wordpiece, bpe and unigram divide them"
            )
        return lines
