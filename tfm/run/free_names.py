"""Names for what is written beside a user's columns: none is doubled or overwritten."""

from collections.abc import Collection
from collections.abc import Iterable

from tfm.data.readers import notes

_PREFIX = "predicted_"


class FreeNames:
    """Names of written values that no column of the input has, upper case or lower.

    A name that a column of the data goes by gets "predicted_" before it; one that the
    input has gets a number, and that is told.

    Args:
      columns: of the input.
      reserved: names of the data's columns.
      chosen: names that were found before, by those of the values.
    """

    def __init__(
        self,
        columns: Iterable[str],
        reserved: Collection[str] = (),
        chosen: dict[str, str] | None = None,
    ):
        self._reserved = reserved
        self._columns: dict[str, str] = {}  # by their names in lower case
        self.chosen = {} if chosen is None else dict(chosen)
        for column in columns:
            self._columns.setdefault(column.casefold(), column)

    def see(self, columns: Iterable[str]) -> None:
        """Takes the columns of another row, which may have more."""
        new = {
            column.casefold(): column
            for column in columns
            if column.casefold() not in self._columns
        }
        if new:
            self._columns |= new
            self.chosen = {
                name: free
                for name, free in self.chosen.items()
                if free.casefold() not in new
            }

    def of(self, name: str) -> str:
        """The name under which a value is written."""
        if name not in self.chosen:
            plain = f"{_PREFIX}{name}" if name in self._reserved else name
            free, number = plain, 1
            while free.casefold() in self._columns or free in self.chosen.values():
                number += 1
                free = f"{plain}_{number}"
            if free != plain:
                column = self._columns.get(plain.casefold(), plain)
                notes.tell(
                    f"The input has a column {column!r}; what tfm writes is {free!r}."
                )
            self.chosen[name] = free
        return self.chosen[name]
