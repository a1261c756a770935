"""Categories column: any number of labels. N rows, C labels."""

import dataclasses
import typing
from collections.abc import Sequence

from tfm import errors
from tfm import interfaces

if typing.TYPE_CHECKING:
    import numpy as np


@dataclasses.dataclass(frozen=True)
class Categories:
    """Any number of C labels for each row, by name; see interfaces.Column.

    Args:
      names: C names, in the order of their ids.
      counts: training rows with each label, for class weights; or none.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...] = ()

    kind = "categories"

    @property
    def spec(self) -> interfaces.Spec:
        """1 for each label that a row has, else 0; float32 [C]."""
        return interfaces.Spec((len(self.names),), "float32")

    def encode(self, values: Sequence[object]) -> "np.ndarray":
        """The labels as ones among zeros (multi-hot), float32 [N, C].

        Args:
          values: N lists of names, perhaps empty ones.

        Raises:
          UserError: a value is no list of names of labels.
        """
        import numpy as np

        ids = {name: number for number, name in enumerate(self.names)}
        found_NC = np.zeros((len(values), len(self.names)), np.float32)
        for found_C, names in zip(found_NC, values, strict=True):
            if not isinstance(names, (list, tuple)):
                raise errors.UserError(
                    f"Labels must be a list of names. Got {names!r:.80}."
                )
            for name in names:
                if not isinstance(name, str) or name not in ids:
                    raise errors.UserError(
                        f"A label must be one of {', '.join(ids)}. Got {name!r:.80}."
                    )
                found_C[ids[name]] = 1
        return found_NC

    def decode(self, array: "np.ndarray") -> list[list[str]]:
        """The names of the labels of each row of [N, C]."""
        return [
            [name for name, there in zip(self.names, row, strict=True) if there]
            for row in array
        ]
