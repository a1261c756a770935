"""Category column: exactly one of several classes. N rows."""

import dataclasses
import typing
from collections.abc import Sequence

from tfm import errors
from tfm import interfaces

if typing.TYPE_CHECKING:
    import numpy as np


@dataclasses.dataclass(frozen=True)
class Category:
    """One of C classes for each row, by name; see interfaces.Column.

    Args:
      names: C names, in the order of their ids.
      counts: training rows of each class, for class weights; or none.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...] = ()

    kind = "category"

    @property
    def spec(self) -> interfaces.Spec:
        """An id, int32."""
        return interfaces.Spec((), "int32", len(self.names))

    def encode(self, values: Sequence[object]) -> "np.ndarray":
        """The ids of the classes, int32 [N].

        Args:
          values: N names.

        Raises:
          UserError: a value is no name of a class.
        """
        import numpy as np

        ids = {name: number for number, name in enumerate(self.names)}
        return np.array([_id(ids, value) for value in values], np.int32)

    def decode(self, array: "np.ndarray") -> list[str]:
        """The names of ids [N]."""
        return [self.names[number] for number in array]


def _id(ids: dict[str, int], value: object) -> int:
    if not isinstance(value, str) or value not in ids:
        raise errors.UserError(
            f"A label must be one of {', '.join(ids)}. Got {value!r:.80}."
        )
    return ids[value]
