"""Text column: what is to be written, such as a translation. N rows."""

import dataclasses
import typing
from collections.abc import Sequence

from tfm import errors
from tfm import interfaces

if typing.TYPE_CHECKING:
    import numpy as np


@dataclasses.dataclass(frozen=True)
class PlainText:
    """A text for each row, as it is; see interfaces.Column."""

    kind = "text"

    @property
    def spec(self) -> interfaces.Spec:
        """UTF-8, as bytes."""
        return interfaces.Spec((), "string")

    def encode(self, values: Sequence[object]) -> "np.ndarray":
        """UTF-8 of the texts, bytes [N].

        Raises:
          UserError: a value is no str.
        """
        import numpy as np

        found = np.empty(len(values), object)
        for place, value in enumerate(values):
            if not isinstance(value, str):
                raise errors.UserError(f"A text must be a str. Got {value!r:.80}.")
            found[place] = value.encode("utf-8", "surrogatepass")
        return found

    def decode(self, array: "np.ndarray") -> list[str]:
        """The texts of bytes [N]."""
        return [value.decode("utf-8", "surrogatepass") for value in array]
