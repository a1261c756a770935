"""Prepared records: contents, labels and splits on disk, quick to reach by index."""

import os
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from tfm.data import label_checks
from tfm.data import records_file


class Records(records_file.Records):
    """The contents and labels of a prepared folder, mapped into memory.

    Attributes:
      column: the name of the contents: text or image.
      label_names: the classes in order.
      multi_label: whether a record has any number of labels.
    """

    def __init__(self, folder: str | os.PathLike):
        super().__init__(folder)
        self.column, self._noun = self.meta["column"], self.meta["noun"]
        self.label_names = tuple(self.meta["labels"])
        self.multi_label = self.meta["multi_label"]
        self._labels = self._load("labels")
        self._label_offsets = None
        if self.multi_label:
            self._label_offsets = self._load("label_offsets")

    @property
    def has_own_validation(self) -> bool:
        """Whether the validation split is a source of the user's, not a cut."""
        return bool(self.meta["config"]["validation"])

    def contents(self, indices: Sequence[int] | np.ndarray) -> list:
        """Returns the texts of these records, or the pictures' bytes, in this order."""
        return self._file.values(self.column, indices)

    def rows(self, indices: Sequence[int] | np.ndarray) -> list[dict[str, object]]:
        """Returns the same as rows that inputs read."""
        return [{self.column: content} for content in self.contents(indices)]

    def iterate(self, split: str) -> Iterator:
        """Yields the contents of a split in the order of the files."""
        return self._file.iterate(self.column, self.splits[split])

    def labels(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Returns the labels of these records.

        Returns:
          int32 [n], or float32 [n, C] of zeros and ones if `multi_label`.
        """
        indices = np.asarray(indices, np.int64)
        if not self.multi_label:
            return self._labels[indices]
        starts = self._label_offsets[indices]
        lengths = self._label_offsets[indices + 1] - starts
        rows = np.repeat(np.arange(len(indices)), lengths)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        numbers = self._labels[np.repeat(starts, lengths) + within]
        return _hot(rows, numbers, (len(indices), len(self.label_names)))

    def class_counts(self, split: str) -> list[int]:
        """Returns the number of the split's records with each label."""
        return self.meta["classes"][split]

    def report(self) -> list[str]:
        """Returns lines for a human: what was read, dropped and kept."""
        lines = []
        for name, source in self.meta["sources"].items():
            line = f"{name} source {source['spec']}: {source['read']:,} rows"
            if source["left_out"]:
                line += f" (and {source['left_out']:,} of other values left out)"
            for reason, count in source["skipped"].items():
                line += f", {count:,} skipped: {reason}"
            lines.append(line)
            for word, count in source.get("doubtful", {}).items():
                are = "text is" if count == 1 else "texts are"
                lines.append(
                    f"{count:,} {are} {word!r}, by which some programs write a missing "
                    "value; taken as text"
                )
        dropped = self.meta["dropped"]
        parts = [
            (dropped["duplicates"], "duplicates"),
            (dropped["held_out"], "in the validation or test source"),
            (dropped["not_sampled"], "beyond max_examples"),
            (dropped.get("not_trained_on", 0), "beyond train_examples"),
        ]
        parts = [f"{count:,} {why}" for count, why in parts if count]
        if dropped["conflicts"]:
            parts[0] += f" ({dropped['conflicts']:,} with other labels than the first)"
        if parts:
            lines.append(f"dropped from train: {', '.join(parts)}")
        for name, size in self.meta["sizes"].items():
            counts = zip(self.label_names, self.meta["classes"][name], strict=True)
            shown = [f"{label} {count:,}" for label, count in counts]
            if len(shown) > 20:
                shown[10:-5] = ["..."]
            lines.append(f"{name}: {size:,} {self._noun}s ({', '.join(shown)})")
        counts = zip(self.label_names, self.class_counts("train"), strict=True)
        return lines + label_checks.too_few(dict(counts), self._noun)

    def bad_rows(self) -> list[str]:
        """Returns a line on each of the first bad rows that were skipped."""
        lines = []
        for source in self.meta["sources"].values():
            for reason, rows in source.get("bad", {}).items():
                lines += rows
                if more := source["skipped"][reason] - len(rows):
                    lines.append(f"{source['spec']}: {more:,} more rows: {reason}.")
        return lines

    def left_out(self) -> list[str]:
        """Returns lines for a human: what was not used because of a setting."""
        lines = []
        for source in self.meta["sources"].values():
            for reason, count in source["skipped"].items():
                rows = f"{count:,} of {source['read']:,} rows of {source['spec']}"
                lines.append(f"{rows} were skipped: {reason} (--data.bad_rows=skip)")
        dropped, sizes = self.meta["dropped"], self.meta["sizes"]
        settings = self.meta["config"]
        if count := dropped["not_sampled"]:
            cap = settings["max_examples"]
            lines.append(
                f"{count:,} {self._noun}s were not used (--data.max_examples={cap}; "
                "none takes them all)"
            )
        if count := dropped.get("not_trained_on", 0):
            lines.append(
                f"{count:,} of {count + sizes['train']:,} {self._noun}s were not "
                f"trained on (--data.train_examples={settings['train_examples']})"
            )
        return lines


def _hot(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    array = np.zeros(shape, np.float32)
    array[rows, columns] = 1
    return array
