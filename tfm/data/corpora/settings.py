"""The fields of a corpus: where it comes from, and how it is cleaned and cut."""

import dataclasses
import pathlib
from typing import Literal

from tfm import errors
from tfm import validation
from tfm.data import source_fields

MANIFEST = "manifest.json"  # of a store; written last
FORMAT = 2  # of stores; counted up where older ones mean something else


def is_finished(store: pathlib.Path) -> bool:
    """Whether the store in a folder is whole."""
    return (store / MANIFEST).exists()


@dataclasses.dataclass(frozen=True)
class CorpusSettings:
    """The fields of corpus.Corpus, which is prepared by them."""

    # training source: path, glob, folder, package:NAME/FILE or tfds:NAME[#SPLIT]
    train: str
    validation: str = ""  # validation source; empty: cut from train
    test: str = ""  # test source; empty: none
    # what a document is: a row of a table or a line of plain text; the lines up to a
    # blank one; a whole file; auto: row where train is tables, else file, but rows of a
    # table
    document: Literal["row", "paragraph", "file", "auto"] = "row"
    # a mark that parts the documents in plain text, such as <|endoftext|>; empty: none
    document_end: str = ""
    # format of the files; auto: by their names
    format: Literal["auto", "csv", "tsv", "jsonl", "parquet", "text"] = "auto"
    text: str = ""  # column of the text; empty: found, and told
    header: tuple[str, ...] = ()  # column names of CSV/TSV without a header line
    encoding: str = "utf-8"  # of the files, such as utf-8, latin-1 or utf-16
    # between the columns of CSV; auto finds it, and says so where it is no comma
    separator: Literal["auto", "comma", "semicolon", "tab", "bar"] = "auto"
    # CSV/TSV fields may stand in quotes; false: a quote is a letter
    quoted: bool = True
    bad_rows: Literal["stop", "skip"] = "stop"  # what to do with a bad row
    unicode: Literal["nfc", "nfkc", "none"] = "nfc"  # Unicode form of the texts
    deduplicate: bool = True  # drop a document of train that was there before
    min_characters: int = 1  # shorter documents of train are dropped
    # longer documents are tokenized in pieces, cut before spaces, which takes less
    # memory: they follow each other as one document. none: in one piece
    max_characters: int | None = None
    # documents to use of the training source, the first ones; none: all
    max_documents: int | None = None
    validation_fraction: float = 0.05  # share of train to cut, if no validation source
    # what is cut: documents, by their hash, or the last share (tail) of every document;
    # auto: the tail of one document or of few very long ones, else documents
    cut: Literal["auto", "document", "tail"] = "auto"
    split_seed: int = 0  # of the cut
    # text to learn a vocabulary from at the most, a random sample of train
    vocabulary_characters: int = 100_000_000
    shard_characters: int = 8_000_000  # text in a file of the store
    store: str = ""  # folder of the prepared store; empty: in the run folder
    workers: int = 0  # processes that tokenize; 0: one for each processor core

    def __post_init__(self):
        if not self.train:
            raise errors.UserError("train must name a source. Got train=''.")
        validation.fraction(self, "validation_fraction")
        source_fields.check_encoding(self.encoding)
        source_fields.check_distinct("header", self.header)
        validation.at_least(self, 1, "min_characters", "max_documents")
        validation.at_least(self, max(2, self.min_characters), "max_characters")
        validation.at_least(self, 1, "vocabulary_characters", "shard_characters")
        validation.at_least(self, 0, "workers")
        if self.document == "file" and self.format not in ("auto", "text"):
            raise errors.UserError(
                "document=file takes files of plain text. "
                f"Got document=file, format={self.format}."
            )
        if self.document in ("file", "paragraph") and self.document_end:
            raise errors.UserError(
                f"document={self.document} or document_end says where a document ends. "
                f"Got both, document_end={self.document_end!r}."
            )
        for name in ("train", "validation", "test"):
            source = getattr(self, name)
            if self.document == "file" and source.startswith("tfds:"):
                raise errors.UserError(
                    f"document=file takes files of plain text. Got {name}={source}."
                )

    def sources(self) -> dict[str, str]:
        """The sources by split, in the order in which they are read.

        The held out ones come first, so that their texts are left out of train.
        """
        by_split = {name: getattr(self, name) for name in ("test", "validation")}
        by_split = {name: source for name, source in by_split.items() if source}
        return by_split | {"train": self.train}

    def splits(self) -> tuple[str, ...]:
        """The names of the splits."""
        return ("train", "validation", *(("test",) if self.test else ()))

    @property
    def cuts(self) -> bool:
        """Whether validation is cut from train."""
        return not self.validation and self.validation_fraction > 0

    @property
    def texts(self) -> Literal["lines", "whole"]:
        """The meaning of files of plain text, as `locations.files` takes it."""
        by_lines = self.document in ("row", "paragraph") or self.document_end
        return "lines" if by_lines else "whole"

    @property
    def part_end(self) -> str | None:
        """The end of a document in plain text, as `sources.Reading` takes it."""
        is_part = self.document == "paragraph" or self.document_end
        return self.document_end if is_part else None

    def drops(self, source: str) -> bool:
        """Whether documents of a source are dropped as duplicates or too short.

        A held-out source is scored as it is: each of its documents counts.
        """
        return source == "train"
