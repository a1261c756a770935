"""A few examples of many, from the first to the last: what is looked at, not scored."""

import numpy as np

from tfm import interfaces
from tfm.data import batches


class Spread:
    """At most so many examples, evenly apart; see interfaces.Examples."""

    def __init__(self, examples: interfaces.Examples, most: int):
        self._examples, self.spec = examples, examples.spec
        number = min(most, len(examples))
        self._places = np.linspace(0, len(examples) - 1, number, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._places)

    def batch(self, places, epochs, seed) -> interfaces.Arrays:
        return self._examples.batch(self._places[places], epochs, seed)


def evaluation(
    objective: interfaces.Objective,
    preprocessor: interfaces.Preprocessor,
    split: interfaces.Split,
    most: int,
    batch_size: int,
):
    """Batches of at most so many examples of a split, as they are evaluated."""
    return batches.evaluation(
        Spread(objective.examples(split, "evaluate"), most),
        batch_size=batch_size,
        graph=preprocessor.graph(),
        stored=preprocessor.stored,
    )
