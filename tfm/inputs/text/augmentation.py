"""Training texts that differ by epoch: words swapped, left out or replaced."""

import dataclasses
import typing

from tfm import errors
from tfm import validation

if typing.TYPE_CHECKING:
    import numpy as np


@dataclasses.dataclass(frozen=True)
class Augment:
    """Data augmentation: shares of each text to change (Wei and Zou, 2019, "EDA").

    What becomes of a text depends on the seed, the epoch and the text's index alone,
    so a resumed run sees what an uninterrupted one would have seen.
    """

    swap: float = 0.0  # swaps of two random tokens, as a share of the text's tokens
    delete: float = 0.0  # probability of a token to be left out
    replace: float = 0.0  # probability of a token to become a random one

    def __post_init__(self):
        validation.fraction(self, "swap", "delete", "replace")

    def build(self, vocab_size: int, first_word_id: int) -> "Augmenter | None":
        """Returns the function that changes a row; None if nothing is to change.

        Args:
          vocab_size: ids are below it.
          first_word_id: ids below it are special; they stay where they are.
        """
        if not (self.swap or self.delete or self.replace):
            return None
        if not 0 <= first_word_id < vocab_size:
            raise errors.UserError(
                "first_word_id must be below vocab_size. "
                f"Got first_word_id={first_word_id}, vocab_size={vocab_size}."
            )
        return Augmenter(self, vocab_size, first_word_id)


class Augmenter:
    """`augmenter(row, seed, epoch, index)` -> the row changed, never empty."""

    def __init__(self, config: Augment, vocab_size: int, first_word_id: int):
        import keras_nlp

        self._config = config
        self._vocab_size = vocab_size
        self._first_word_id = first_word_id
        self._swap = keras_nlp.layers.RandomSwap(config.swap, seed=0)
        self._delete = keras_nlp.layers.RandomDeletion(config.delete, seed=0)

    def __call__(
        self, row: "np.ndarray", seed: int, epoch: int, index: int
    ) -> "np.ndarray":
        """Returns the row, int32 [length], with its words changed.

        Args:
          row: int32 [length].
          seed: of the run.
          epoch: from 0.
          index: of the text.
        """
        import numpy as np

        rng = np.random.default_rng([seed % 2**64, epoch, index])
        is_word = row >= self._first_word_id
        places = np.flatnonzero(is_word)
        if not len(places):
            return row
        row = row.copy()
        # The layers get places, not ids, and without the special ids: they need no
        # list to skip. `call`, since __call__ flattens its input token by token.
        if self._config.swap:
            swapped = self._swap.call(places.tolist(), rng=rng)
            row[places] = row[swapped]
        if self._config.replace:
            chosen = places[rng.random(len(places)) < self._config.replace]
            row[chosen] = rng.integers(
                self._first_word_id, self._vocab_size, len(chosen)
            )
        if self._config.delete:
            left = self._delete.call(places.tolist(), rng=rng)
            left = left or [places[rng.integers(len(places))]]
            keep = ~is_word
            keep[left] = True
            row = row[keep]
        return row
