"""Pairs of texts (parallel corpora), to write one from the other: the config."""

import dataclasses
import os
import pathlib
import typing
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm import validation
from tfm.data import source_fields

if typing.TYPE_CHECKING:
    from tfm.data import memory
    from tfm.data import parallel_dataset


@dataclasses.dataclass(frozen=True)
class ParallelText:
    """Pairs of texts, a text and its target: translations, summaries, pronunciations.

    A source is a table with two columns (CSV, TSV, JSONL, Parquet, Arrow, spreadsheets,
    also Hugging Face's column `translation` of {language: text}), a translation memory
    (TMX), a pronunciation dictionary, or two files of plain text whose lines belong
    together, as `europarl.de,europarl.en`; perhaps packed (.gz).

    Validation and test pairs that have no source are cut from train by the hash of the
    text, so that a text with several targets is in one split with all of them. Pairs
    that are there twice count once.
    """

    train: str  # training source: path, glob, folder, package:NAME/FILE or FILE,FILE
    validation: str = ""  # validation source; empty: cut from train
    test: str = ""  # test source; empty: cut from train
    # format of the files; auto: by their names
    format: typing.Literal[
        "auto", "csv", "tsv", "jsonl", "parquet", "text", "tmx", "lexicon"
    ] = "auto"
    text: str = ""  # column to read, as en or translation.en; empty: found, and told
    target: str = ""  # column to write; empty: found, and told
    header: tuple[str, ...] = ()  # column names of CSV/TSV without a header line
    encoding: str = "utf-8"  # of the files, such as utf-8, latin-1 or utf-16
    # between the columns of CSV; auto finds it, and says so where it is no comma
    separator: typing.Literal["auto", "comma", "semicolon", "tab", "bar"] = "auto"
    # CSV/TSV fields may stand in quotes; false: a quote is a letter
    quoted: bool = True
    bad_rows: typing.Literal["stop", "skip"] = "stop"  # what to do with a bad row
    validation_fraction: float = 0.1  # share of train to cut, if no validation source
    test_fraction: float = 0.1  # share of train to cut, if no test source
    split_seed: int = 0  # of the cut and of max_examples
    # texts to use of the training source, a random sample; None: all
    max_examples: int | None = None

    found = frozenset({"text", "target"})
    columns = {"text": frozenset({"text"}), "target": frozenset({"text"})}

    def __post_init__(self):
        if not self.train:
            raise errors.UserError("train must name a source. Got train=''.")
        validation.fraction(self, "validation_fraction", "test_fraction")
        if self.validation_fraction + self.test_fraction >= 1:
            raise errors.UserError(
                "validation_fraction and test_fraction must leave pairs to train on. "
                f"Got {self.validation_fraction} + {self.test_fraction}."
            )
        if self.text and self.text == self.target:
            raise errors.UserError(
                f"text and target must be two columns. Got {self.text!r} for both."
            )
        source_fields.check_encoding(self.encoding)
        source_fields.check_distinct("header", self.header)
        validation.at_least(self, 3, "max_examples")

    def look(self) -> "ParallelText":
        """These fields with the columns found, after a look at the first rows."""
        from tfm.data import looks
        from tfm.data import parallel_rows

        specs = {n: getattr(self, n) for n in ("train", "validation", "test")}
        specs = {name: spec for name, spec in specs.items() if spec}
        looks.check_distinct(specs)
        config = self._named(self.train)
        for spec in specs.values():
            parallel_rows.looked_at(config, spec)
        return config

    def prepare(self, folder: str | os.PathLike) -> "parallel_dataset.ParallelDataset":
        """Reads the sources into folder/records, or finds that done.

        Raises:
          UserError: a mistake in the files, or the folder was prepared from other
            settings or files: splitting anew would train on former test texts.
        """
        from tfm.data import parallel_dataset

        place = pathlib.Path(folder) / "records"
        parallel_dataset.prepare(self._named(self.train), place)
        return parallel_dataset.ParallelDataset(parallel_dataset.Records(place))

    def rows(
        self, source: str, columns: Mapping[str, interfaces.Column]
    ) -> Iterator[interfaces.Read]:
        """The rows of another source in the same format and columns.

        Args:
          source: as for `train`; to predict, with the texts alone, perhaps plain text.
          columns: {"target": PlainText}, or empty for prediction.
        """
        from tfm.data import labeled_rows

        return self._reads(source, columns, labeled_rows.Tally())

    def split(
        self,
        source: str,
        columns: Mapping[str, interfaces.Column],
        preprocessor: interfaces.Preprocessor,
        folder: str | os.PathLike,
    ) -> "memory.Memory":
        """Another source in memory; `skipped` counts its bad rows by reason."""
        from tfm.data import labeled_rows
        from tfm.data import memory

        tally = labeled_rows.Tally()
        reads = self._reads(source, columns, tally)
        return memory.Memory(reads, columns, preprocessor, tally.skipped)

    def _reads(self, source: str, columns, tally) -> Iterator[interfaces.Read]:
        from tfm.data import parallel_rows
        from tfm.data import unlabeled_rows

        if "target" not in columns:
            # of a column of pairs the texts may come under any name
            config = dataclasses.replace(self, text="") if "." in self.text else self
            return unlabeled_rows.read(config, source)
        return parallel_rows.reads(self._named(source), source, tally)

    def _named(self, source: str) -> "ParallelText":
        from tfm.data import parallel_rows

        text, target = parallel_rows.found(self, source)
        return dataclasses.replace(self, text=text, target=target)
