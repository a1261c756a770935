"""Labelled data that was read: its splits, and their examples by place."""

import pathlib
from collections.abc import Iterator
from collections.abc import Mapping

import numpy as np

from tfm import interfaces
from tfm.data import records as records_module
from tfm.data import store
from tfm.data.columns import categories
from tfm.data.columns import category

_ROWS = 256  # read at a time


class LabeledDataset:
    """Prepared records as a data set; see interfaces.Dataset.

    Args:
      records: contents, labels and splits.

    Attributes:
      columns: label, a Category, or Categories where a row has any number of them.
    """

    preprocessor = None

    def __init__(self, records: records_module.Records):
        self.records = records
        self._cuts = []
        self.sources = records.sources
        kind = categories.Categories if records.multi_label else category.Category
        counts = tuple(records.class_counts("train"))
        self.columns = {"label": kind(records.label_names, counts)}

    def training_rows(self) -> Iterator[interfaces.Row]:
        """Contents and labels of the training split in the order of the files."""
        return self._rows("train")

    def held_out_rows(self) -> Iterator[interfaces.Row]:
        """Likewise of the validation split, if it was cut from the training source."""
        return iter(()) if self.records.has_own_validation else self._rows("validation")

    def _rows(self, split: str) -> Iterator[interfaces.Row]:
        numbers = self.records.splits[split]
        for start in range(0, len(numbers), _ROWS):
            own = numbers[start : start + _ROWS]
            labels = self.columns["label"].decode(self.records.labels(own))
            contents = self.records.contents(own)
            for content, label in zip(contents, labels, strict=True):
                yield {self.records.column: content, "label": label}

    def encode(
        self, preprocessor: interfaces.Preprocessor, folder: pathlib.Path
    ) -> dict[str, "LabeledSplit"]:
        """The splits, encoded into folder/tokens."""
        arrays = store.write(
            self.records, preprocessor, pathlib.Path(folder) / "tokens"
        )
        train = self.records.splits["train"]
        self._cuts = store.cuts_of(preprocessor, arrays, train)
        return {
            name: LabeledSplit(self.records, arrays, self.columns["label"], numbers)
            for name, numbers in self.records.splits.items()
        }

    @property
    def sizes(self) -> dict[str, int]:
        """The number of rows of each split; known before they are encoded."""
        return {name: len(rows) for name, rows in self.records.splits.items()}

    def reads(self, split: str, indices: np.ndarray) -> list[interfaces.Read]:
        """Contents of a split as they were read, and where; likewise."""
        numbers = self.records.splits[split][indices]
        origins = self.records.origins(numbers)
        contents = self.records.contents(numbers)
        rows = [{self.records.column: content} for content in contents]
        return list(map(interfaces.Read, rows, rows, origins))

    def bad_rows(self) -> list[str]:
        """A line on each of the first bad rows that were skipped."""
        return self.records.bad_rows()

    def summary(self) -> list[str]:
        """Lines for a human: what was read, dropped, kept, unknown and cut."""
        return [*self.records.report(), *(cut.summary() for cut in self._cuts)]

    def left_out(self) -> list[str]:
        """Lines for a human: what was not used because of a setting."""
        cut_off = [line for cut in self._cuts for line in cut.left_out()]
        return [*self.records.left_out(), *cut_off]


class LabeledSplit:
    """The examples of a split; see interfaces.Split.

    Args:
      records: of all splits.
      arrays: {name: StoredArray} of all records.
      label: the column.
      numbers: the records of the split, int64 [n].
    """

    def __init__(
        self,
        records: records_module.Records,
        arrays: Mapping[str, store.StoredArray],
        label: interfaces.Column,
        numbers: np.ndarray,
    ):
        self._records = records
        self._arrays = arrays
        self._label = label
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def take(self, indices: np.ndarray) -> dict[str, np.ndarray | list[np.ndarray]]:
        """The stored arrays, label, and seed_row: the record's number.

        What is random in an example goes by that number in place of its place, which
        changes where a row joins the split.
        """
        numbers = self._numbers[indices]
        found = {name: array.take(numbers) for name, array in self._arrays.items()}
        return {**found, "label": self._records.labels(numbers), "seed_row": numbers}

    def rows(self, indices: np.ndarray) -> list[interfaces.Row]:
        numbers = self._numbers[indices]
        contents = self._records.contents(numbers)
        labels = self._label.decode(self._records.labels(numbers))
        return [
            {self._records.column: content, "label": label}
            for content, label in zip(contents, labels, strict=True)
        ]

    def origins(self, indices: np.ndarray) -> list[str]:
        return self._records.origins(self._numbers[indices])
