"""Texts cut to a maximum length: counted as they are encoded, and told.

n texts.
"""

import dataclasses
import typing
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import interfaces

_MUCH = 0.1  # of the tokens, above which it is said at the end too


@typing.runtime_checkable
class Measures(typing.Protocol):
    """A preprocessor that cuts rows that are too long, and says by how much."""

    # by stored array: what is counted, such as tokens, and how many are left
    limits: Mapping[str, tuple[str, int]]

    def encode_measured(
        self, rows: Sequence[interfaces.Row]
    ) -> tuple[interfaces.Ragged, Mapping[str, np.ndarray]]:
        """As `encode`; and the length of each row before it was cut, int64 [n]."""


@dataclasses.dataclass(frozen=True)
class Cut:
    """Texts of the training split beside what is left of them.

    Args:
      name: of what is counted, such as tokens.
      longest: length of a row, at the most.
      whole: lengths of the rows before they were cut, int64 [n].
    """

    name: str
    longest: int
    whole: np.ndarray

    @property
    def texts(self) -> int:
        """The number of texts that are cut."""
        return int(np.sum(self.whole > self.longest))

    @property
    def share(self) -> float:
        """The share of all tokens that are cut off."""
        beyond = np.maximum(self.whole - self.longest, 0)
        return float(beyond.sum() / max(1, self.whole.sum()))

    def summary(self) -> str:
        """A line for a human."""
        if not self.texts:
            return f"no text of train is longer than {self.longest:,} {self.name}"
        texts = _percent(self.texts / len(self.whole))
        return (
            f"cut to {self.longest:,} {self.name}: {texts} of the texts of train, "
            f"{_percent(self.share)} of the {self.name}"
        )

    def left_out(self) -> list[str]:
        """A line for the end, where much is cut off."""
        if self.share <= _MUCH:
            return []
        return [
            f"{_percent(self.share)} of the {self.name} of train were not read: texts "
            f"are cut to {self.longest:,} (--inputs.max_length)"
        ]


def of(
    preprocessor: interfaces.Preprocessor, whole: Mapping[str, np.ndarray]
) -> list[Cut]:
    """The cuts of texts whose uncut lengths are given, by stored array."""
    return [Cut(*preprocessor.limits[name], sizes) for name, sizes in whole.items()]


def encoded(
    preprocessor: interfaces.Preprocessor, rows: Sequence[interfaces.Row]
) -> tuple[interfaces.Ragged, Mapping[str, np.ndarray]]:
    """The stored arrays of rows, and their lengths uncut where these are measured."""
    if isinstance(preprocessor, Measures):
        return preprocessor.encode_measured(rows)
    return preprocessor.encode(rows), {}


def _percent(share: float) -> str:
    """A share as `31 %`; below 10 % with one digit more."""
    percent = 100 * share
    if 0 < percent < 0.1:
        return "under 0.1 %"
    return f"{percent:.0f} %" if percent >= 9.95 else f"{percent:.1f} %"
