"""Token ids of a published model: its special ones, and ours for all of them."""

import dataclasses
import functools

import numpy as np


@dataclasses.dataclass(frozen=True)
class SpecialIds:
    """Special token ids as the model counts them; None where it has no such token."""

    start: int | None = None  # begins a text, as [CLS]
    end: int | None = None  # ends it, as [SEP]
    mask: int | None = None
    padding: int | None = None  # None: a batch is padded with a token of use
    others: tuple[int, ...] = ()  # that stand for no text either

    @property
    def all(self) -> frozenset[int]:
        """The ids that stand for no text."""
        named = {self.start, self.end, self.mask, self.padding}
        return frozenset(named - {None}) | {*self.others}

    def renumbering(self, size: int) -> "PublishedIds":
        """The ids of a vocabulary of `size` tokens, theirs and ours."""
        if self.padding is None:
            return PublishedIds(size, self.end or 0, shared=True)
        return PublishedIds(size, self.padding)


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
