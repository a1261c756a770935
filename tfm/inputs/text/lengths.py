"""Maximum length by the data: that which most of the training texts need."""

import random
from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np

LONGEST = 512  # tokens, at the most
_PERCENTILE = 95  # of the texts are read whole
_MULTIPLE = 16  # a shape that accelerators like
_TEXTS = 20_000  # that are looked at, at the most
_CHARACTERS = 2**14  # of each, which are more than LONGEST tokens


class Sample:
    """A random sample of texts that pass by; the same texts give the same sample.

    Attributes:
      texts: of the sample, all of them if they are few.
    """

    def __init__(self):
        self.texts: list[str] = []

    def passing(self, texts: Iterable[str]) -> Iterator[str]:
        """Yields the texts again."""
        rng = random.Random(0)
        for number, text in enumerate(texts):
            if number < _TEXTS:
                self.texts.append(text.strip()[:_CHARACTERS])
            elif (place := rng.randrange(number + 1)) < _TEXTS:
                self.texts[place] = text.strip()[:_CHARACTERS]
            yield text


def of(tokenizer, sample: Sample, most: int | None = None) -> int:
    """The length that 95 % of the texts do not exceed, as a multiple of 16.

    Args:
      tokenizer: whose tokens are counted, with those that enclose a text.
      sample: of the training texts. Without any it is the longest length.
      most: positions that a model knows; None: any number.
    """
    most = min(LONGEST, most or LONGEST)
    if not sample.texts:
        return most
    sizes = [len(row) for row in tokenizer.encode(sample.texts, truncate=False)]
    needed = int(np.percentile(sizes, _PERCENTILE, method="inverted_cdf"))
    return min(most, _MULTIPLE * max(1, -(-needed // _MULTIPLE)))
