"""Rows of a user's files, streamed: CSV, TSV, JSONL, Parquet, text, folders, TFDS.

A reader knows columns, not labels, so that it serves training, evaluation on a new
file and prediction alike. What is wrong with one row is told in `Row.problem`; what
is wrong with a whole file is raised.
"""

import codecs
import gzip
import io
import typing
import zlib
from collections.abc import Iterator

from tfm import errors
from tfm.data.readers import arrow_files
from tfm.data.readers import formats
from tfm.data.readers import locations
from tfm.data.readers import tables

_ONE_TEXT = ("folder", "whole")  # formats of which a file is one text


def read(
    spec: str,
    *,
    text: str = "text",
    label: str = "",
    also: tuple[str, ...] = (),
    format: str = "auto",
    header: tuple[str, ...] = (),
    encoding: str = "utf-8",
    separator: str = "auto",
    quoted: bool = True,
    all_columns: bool = False,
    blank_lines: bool = False,
) -> Iterator[formats.Row]:
    """Yields the rows of a source, one at a time.

    Args:
      spec: a path, glob, folder, `package:NAME/FILE` or `tfds:NAME[#SPLIT]`.
      text: the column of the text. Plain text and folders get it as its name.
      label: the column of the label; empty where none is needed.
      also: more columns that are needed.
      format: of the files; auto goes by each name's ending.
      header: names of the columns of CSV and TSV without a header line.
      encoding: of the files. Bytes that are not valid in it arrive as lone
        surrogates (`surrogateescape`), for the caller to refuse.
      separator: of the columns of CSV: comma, semicolon, tab, bar; auto finds it.
      quoted: CSV and TSV fields may stand in "quotes".
      all_columns: keep the columns that are not needed too.
      blank_lines: a blank line of plain text is a row too.

    Raises:
      UserError: a file or column is missing, or a whole file cannot be read.
    """
    wanted = tuple(dict.fromkeys(name for name in (text, label, *also) if name))
    if spec.startswith("tfds:"):
        from tfm.data.readers import tfds_source

        for number, values in enumerate(tfds_source.read(spec, wanted), 1):
            yield formats.Row(values, spec, number)
        return
    for file in locations.files(spec, format):
        yield from read_file(
            file,
            text=text,
            label=label,
            wanted=wanted,
            header=header,
            encoding=encoding,
            separator=separator,
            quoted=quoted,
            all_columns=all_columns,
            blank_lines=blank_lines,
        )


def read_file(
    file: locations.File,
    *,
    text: str,
    label: str = "",
    wanted: tuple[str, ...],
    header: tuple[str, ...] = (),
    encoding: str = "utf-8",
    separator: str = "auto",
    quoted: bool = True,
    all_columns: bool = False,
    blank_lines: bool = False,
) -> Iterator[formats.Row]:
    """Yields the rows of one file of a source; see `read`.

    `wanted` has the columns that are needed, those of the text and label among them.
    """
    origin = str(file.path)
    try:
        if file.format == "parquet":
            yield from arrow_files.parquet(file.path, wanted, all_columns)
            return
        with _open(file, encoding) as stream:
            if file.format == "jsonl":
                yield from formats.jsonl(stream, origin, wanted, all_columns)
            elif file.format == "text":
                formats.need(wanted, (text,), origin)
                yield from formats.lines(stream, origin, text, blank_lines)
            elif file.format in _ONE_TEXT:
                values = {text: stream.read()}
                if label and file.format == "folder":
                    values[label] = file.label
                formats.need(wanted, values, origin)
                yield formats.Row(values, origin, 1)
            else:
                yield from tables.read(
                    stream,
                    origin,
                    wanted,
                    separator="tab" if file.format == "tsv" else separator,
                    header=header,
                    quoted=quoted,
                    all_columns=all_columns,
                )
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise errors.UserError(f"{origin} is not a whole gzip file: {error}") from error
    except UnicodeError as error:
        raise errors.UserError(f"{origin} is not {encoding}: {error}.") from error
    except OSError as error:
        raise errors.UserError(
            f"{origin} cannot be read: {error.strerror or error}."
        ) from error


def _open(file: locations.File, encoding: str) -> typing.TextIO:
    """Opens a file, perhaps compressed, as text with its line ends as they are."""
    stream = file.path.open("rb")
    try:
        if file.path.suffix.lower() == ".gz":
            stream.close()
            stream = io.BufferedReader(gzip.GzipFile(file.path))
        start = stream.peek(2)[:2]
        if not start and file.format not in _ONE_TEXT:  # there it is one empty text
            raise errors.UserError(f"{file.path} is empty.")
        if codecs.lookup(encoding).name == "utf-8":
            encoding = "utf-8-sig"  # drops a byte order mark
            if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise errors.UserError(
                    f"{file.path} looks like UTF-16: set --data.encoding=utf-16."
                )
    except BaseException:
        stream.close()
        raise
    newline = "\n" if file.format in ("jsonl", "text") else ""
    return io.TextIOWrapper(
        stream, encoding=encoding, errors="surrogateescape", newline=newline
    )
