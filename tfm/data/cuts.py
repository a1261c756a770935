"""Texts cut off or unknown to the model: counted as they are encoded, and told.

n texts.
"""

import dataclasses
import typing
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import interfaces
from tfm.data import shares
from tfm.data import unknown

_MUCH = 0.1  # of the tokens, above which it is said at the end too


@typing.runtime_checkable
class Measures(typing.Protocol):
    """A preprocessor that cuts rows that are too long, and says what is lost.

    Attributes:
      usually_unknown: the share of characters up to which it is not warned of.
    """

    usually_unknown: float

    # by stored array: what is counted, such as tokens, and how many are left
    limits: Mapping[str, tuple[str, int]]

    def encode_measured(
        self, rows: Sequence[interfaces.Row]
    ) -> tuple[interfaces.Ragged, Mapping[str, np.ndarray]]:
        """As `encode`; and counts of each row, inputs.text.measures.FIELDS [n]."""


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
        return shares.of(np.maximum(self.whole - self.longest, 0), self.whole)

    def summary(self) -> str:
        """A line for a human."""
        if not self.texts:
            return f"no text of train is longer than {self.longest:,} {self.name}"
        texts = shares.percent(self.texts / len(self.whole))
        return (
            f"cut to {self.longest:,} {self.name}: {texts} of the texts of train, "
            f"{shares.percent(self.share)} of the {self.name}"
        )

    def left_out(self) -> list[str]:
        """A line for the end, where much is cut off."""
        if self.share <= _MUCH:
            return []
        return [
            f"{shares.percent(self.share)} of the {self.name} of train were not read: "
            f"texts are cut to {self.longest:,} (--inputs.max_length)"
        ]


def told(
    preprocessor: interfaces.Preprocessor, counts: Mapping[str, np.ndarray]
) -> list:
    """Reports of the texts of the training split, for a human.

    Args:
      preprocessor: that has counted, if there are counts.
      counts: by stored array those of each row, inputs.text.measures.FIELDS [n].

    Returns:
      Each with `summary()`, a line, and `left_out()`, lines for the end.
    """
    found = []
    for name, array in counts.items():
        unit, longest = preprocessor.limits[name]
        found.append(unknown.Unknown(unit, array, preprocessor.usually_unknown))
        found.append(Cut(unit, longest, array["whole"]))
    return found


def encoded(
    preprocessor: interfaces.Preprocessor, rows: Sequence[interfaces.Row]
) -> tuple[interfaces.Ragged, Mapping[str, np.ndarray]]:
    """The stored arrays of rows, and counts of each row where these are taken."""
    if isinstance(preprocessor, Measures):
        return preprocessor.encode_measured(rows)
    return preprocessor.encode(rows), {}
