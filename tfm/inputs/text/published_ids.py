"""Token ids of a published model and ours, from one to the other."""

import dataclasses
import functools

import numpy as np


@dataclasses.dataclass(frozen=True)
class PublishedIds:
    """Padding is id 0 with us. All other ids are the published ones, but for one:

    | the model is padded by | ours |
    |---|---|
    | id 0 | the same ids |
    | an id of its own, as RoBERTa | this id and 0 change places |
    | a token of use, as GPT-2 by its end | one id more, the last, for its id 0 |
    """

    size: int  # V, tokens of the model's vocabulary
    padding: int  # the id that a batch for the model is padded with
    shared: bool = False  # it is some token's id as well

    @functools.cached_property
    def theirs(self) -> np.ndarray:
        """For each of our ids the model's, int64 [V], or [V + 1] if `shared`."""
        theirs = np.arange(self.size + self.shared)
        theirs[-1 if self.shared else self.padding] = 0
        theirs[0] = self.padding
        return theirs

    @functools.cached_property
    def ours(self) -> np.ndarray:
        """For each of the model's ids ours, int64 [V]."""
        ours = np.arange(self.size)
        ours[0] = self.size if self.shared else self.padding
        if not self.shared:
            ours[self.padding] = 0
        return ours
