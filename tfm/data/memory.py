"""Splits and data sets in memory: for prediction, a file to evaluate, own data.

A Data class of your own needs no more than this:

    @dataclasses.dataclass(frozen=True)
    class Tickets:
        path: str = "tickets.json"

        columns = {"text": frozenset({"text"}), "label": frozenset({"category"})}

        def prepare(self, folder):
            rows = json.loads(pathlib.Path(self.path).read_text())
            names = tuple(sorted({row["label"] for row in rows}))
            columns = {"label": category.Category(names)}
            return memory.MemoryDataset(memory.cut(rows), columns)

        def rows(self, source, columns):
            for number, row in enumerate(json.loads(pathlib.Path(source).read_text())):
                yield interfaces.Read(row, row, f"{source}:{number + 1}")

        def split(self, source, columns, preprocessor, folder):
            return memory.Memory(self.rows(source, columns), columns, preprocessor)
"""

import pathlib
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm import interfaces
from tfm.data import cuts
from tfm.data import splits as splits_module

SPLITS = ("train", "validation", "test")


class Memory:
    """Rows in memory, encoded, as a split; see interfaces.Split.

    Args:
      reads: rows, or interfaces.Reads, which know where a row is from.
      columns: {name: Column} to encode. One that no row has is left out, as labels
        in prediction.
      preprocessor: makes the stored arrays.
      skipped: rows that were left out in reading, by reason.

    Attributes:
      reads: the interfaces.Reads in their order.
      skipped: as given.
      cuts: what was unknown or cut off, where that is measured; see cuts.told.

    Raises:
      UserError: a value does not fit its column; or some rows have none.
    """

    def __init__(
        self,
        reads: Iterable[interfaces.Read | interfaces.Row],
        columns: Mapping[str, interfaces.Column],
        preprocessor: interfaces.Preprocessor,
        skipped: Mapping[str, int] | None = None,
        measured: bool = False,
    ):
        self.reads = [*map(_read, reads)]
        self.skipped = {} if skipped is None else skipped
        rows = [read.row for read in self.reads]
        found, counts = preprocessor.encode(rows), {}
        if measured:
            found, counts = cuts.encoded(preprocessor, rows)
        self._arrays = dict(found)
        self.cuts = cuts.told(preprocessor, counts)
        for name, column in columns.items():
            if all(name in read.row for read in self.reads):
                self._arrays[name] = self._encoded(name, column)
            elif any(name in read.row for read in self.reads):
                i = next(i for i, r in enumerate(self.reads) if name not in r.row)
                raise errors.UserError(f"{self._origin(i)}: no value of {name!r}.")

    def __len__(self) -> int:
        return len(self.reads)

    def take(self, indices: np.ndarray) -> dict[str, np.ndarray | list]:
        return {
            name: array[indices]
            if isinstance(array, np.ndarray)
            else [array[i] for i in indices]
            for name, array in self._arrays.items()
        }

    def rows(self, indices: np.ndarray) -> list[interfaces.Row]:
        return [self.reads[i].row for i in indices]

    def origins(self, indices: np.ndarray) -> list[str]:
        return [self._origin(i) for i in indices]

    def _origin(self, index: int) -> str:
        return self.reads[index].origin or f"row {index + 1}"

    def _encoded(self, name: str, column: interfaces.Column):
        values = [read.row[name] for read in self.reads]
        try:
            return column.encode(values)
        except errors.UserError:
            for i, value in enumerate(values):  # it is told which one
                try:
                    column.encode([value])
                except errors.UserError as error:
                    raise errors.UserError(f"{self._origin(i)}: {error}") from None
            raise


class MemoryDataset:
    """Rows in memory that are cut into splits; see interfaces.Dataset.

    Args:
      splits: {"train", "validation", "test": rows or interfaces.Reads}.
      columns: {name: Column} besides what the preprocessor reads.
    """

    preprocessor = None
    sources: Mapping[str, str] = {}

    def __init__(
        self,
        splits: Mapping[str, Sequence[interfaces.Read | interfaces.Row]],
        columns: Mapping[str, interfaces.Column],
    ):
        self.columns = columns
        self._splits = splits
        self._cuts = []

    def training_rows(self) -> Iterator[interfaces.Row]:
        """The rows of the training split."""
        return (_read(read).row for read in self._splits["train"])

    def encode(
        self, preprocessor: interfaces.Preprocessor, folder: pathlib.Path
    ) -> dict[str, Memory]:
        """The splits in memory; nothing is written to the folder."""
        made = {
            name: Memory(reads, self.columns, preprocessor, measured=name == "train")
            for name, reads in self._splits.items()
        }
        self._cuts = made["train"].cuts
        return made

    def summary(self) -> list[str]:
        """The number of rows of each split, and what was lost of those of train."""
        sizes = [f"{name}: {len(reads):,} rows" for name, reads in self._splits.items()]
        return [*sizes, *(cut.summary() for cut in self._cuts)]

    def left_out(self) -> list[str]:
        """Lines for a human: what was not used because of a setting."""
        return [line for cut in self._cuts for line in cut.left_out()]


def cut(
    rows: Sequence[interfaces.Row],
    validation: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
) -> dict[str, list[interfaces.Row]]:
    """Cuts rows into the splits train, validation and test, at random by their hashes.

    The order of the rows does not matter, and equal rows come to one split.

    Args:
      rows: of the data.
      validation: share of the distinct rows; 0 cuts none.
      test: likewise.
      seed: of the cut.
    """
    digests = b"".join(splits_module.digest(repr(_read(row).row)) for row in rows)
    hashes = np.frombuffer(digests, "<u8").reshape(-1, 2)
    distinct, number = np.unique(splits_module.first_of(hashes), return_inverse=True)
    order = splits_module.keys(hashes[distinct], seed, 0)
    strata = np.zeros(len(distinct), np.int64)
    split = splits_module.cut(order, strata, validation, test)[number]
    return {
        name: [row for row, place in zip(rows, split, strict=True) if place == i]
        for i, name in enumerate(SPLITS)
    }


def _read(read: interfaces.Read | interfaces.Row) -> interfaces.Read:
    return read if isinstance(read, interfaces.Read) else interfaces.Read(read, read)
