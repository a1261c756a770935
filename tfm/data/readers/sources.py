"""Rows of a user's files, streamed: tables, text, pictures, TFRecord, TFDS.

A reader knows columns, not labels, so that it serves training, evaluation on a new
file and prediction alike. What is wrong with one row is told in `Row.problem`; what
is wrong with a whole file is raised.
"""

import dataclasses
import io
import typing
import zipfile
from collections.abc import Iterator

from tfm import errors
from tfm.data.readers import arrow_files
from tfm.data.readers import encodings
from tfm.data.readers import folders
from tfm.data.readers import formats
from tfm.data.readers import idx
from tfm.data.readers import locations
from tfm.data.readers import meter
from tfm.data.readers import parallel_files
from tfm.data.readers import spreadsheets
from tfm.data.readers import streams
from tfm.data.readers import tables
from tfm.data.readers import tfrecords

_ONE_TEXT = ("folder", "whole")  # formats of which a file is one text
_START = 4096  # bytes that tell whether a file is text, and in which encoding


@dataclasses.dataclass(frozen=True)
class Reading:
    """The way the files of a source are written, and what is wanted of them.

    Attributes:
      text: the column of the text or the picture, needed unless it is empty. What has
        no names of its own gets it as its name ("text" or "image" where it is empty).
      label: the column of the label; empty where none is needed.
      labelled: folders of texts in a folder are classes, as they are with a `label`.
      whole: a file of plain text is one row, where it has no label.
      pictures: files and features of pictures are read, as encoded bytes; in a folder
        each is a row, its value the file's name.
      problems: a file that is empty or no text is a row with a problem, no error.
      also: more columns that are needed.
      format: of the files; auto goes by each name's ending.
      header: names of the columns of tables without a header line.
      encoding: of the files, where no byte order mark tells it. Bytes that are not
        valid in it arrive as lone surrogates (`surrogateescape`), for the caller to
        refuse.
      separator: of the columns of CSV: comma, semicolon, tab, bar; auto finds it.
      quoted: CSV and TSV fields may stand in "quotes".
      all_columns: keep the columns that are not needed too.
      blank_lines: a blank line of plain text is a row too.
      part_end: what ends a row of plain text; empty: a blank line; None: each line.
    """

    text: str = "text"
    label: str = ""
    labelled: bool = False
    whole: bool = False
    pictures: bool = False
    problems: bool = False
    also: tuple[str, ...] = ()
    format: str = "auto"
    header: tuple[str, ...] = ()
    encoding: str = "utf-8"
    separator: str = "auto"
    quoted: bool = True
    all_columns: bool = False
    blank_lines: bool = False
    part_end: str | None = None

    @classmethod
    def of(cls, config, **others) -> "Reading":
        """As the fields of a data's config say, but for `others`."""
        names = ("header", "encoding", "separator", "quoted")
        fields = {name: getattr(config, name) for name in names}
        return cls(**{"text": getattr(config, "text", "")} | fields | others)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns that are needed."""
        names = (self.text, self.label, *self.also)
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def texts(self) -> folders.Texts:
        """The meaning of files of plain text, as `locations.files` takes it."""
        if self.pictures:
            return "pictures"
        if self.label or self.labelled or self.format == "folder":
            return "classes"
        return "whole" if self.whole else "lines"


def read(spec: str, reading: Reading) -> Iterator[formats.Row]:
    """Yields the rows of a source, one at a time.

    Args:
      spec: a path, glob, folder, URL, `package:NAME/FILE` or `tfds:NAME[#SPLIT]`.
      reading: how it is written.

    Raises:
      UserError: a file or column is missing, or a whole file cannot be read.
    """
    if spec.startswith("tfds:"):
        from tfm.data.readers import tfds_source

        meter.present.begin(())
        for number, values in enumerate(tfds_source.read(spec, reading.wanted), 1):
            yield formats.Row(values, spec, number)
        return
    files = locations.files(spec, reading.format, reading.texts)
    meter.present.begin([file.path for file in files])
    for file in files:
        yield from read_file(file, reading)


def read_file(file: folders.File, reading: Reading) -> Iterator[formats.Row]:
    """Yields the rows of one file of a source; see `read`."""
    path, origin = file.path, str(file.path)
    wanted, everything = reading.wanted, reading.all_columns
    meter.present.opened(path)
    try:
        if file.format == "parquet":
            yield from arrow_files.parquet(path, wanted, everything)
        elif file.format == "arrow":
            yield from arrow_files.ipc(path, wanted, everything)
        elif file.format == "tmx":
            yield from parallel_files.tmx(path, wanted, everything)
        elif file.format == "tfrecord":
            yield from tfrecords.read(path, wanted, everything)
        elif file.format == "idx":
            needed = reading.label or ("label" * reading.labelled)
            yield from idx.read(path, reading.text or "image", needed)
        elif file.format == "picture":
            row = {reading.text or "image": path.name}
            if reading.label or reading.labelled:
                row[reading.label or "label"] = file.label
            formats.need(wanted, row, origin)
            yield formats.Row(row, origin, 1)
        elif file.format == "excel":
            yield from spreadsheets.read(
                path, wanted, everything, reading.header, file.sheet
            )
        else:
            with _open(file, reading) as stream:
                yield from _of_text(file, stream, reading)
    except (streams.EmptyFileError, streams.NotTextError) as error:
        if not reading.problems:
            raise
        yield formats.Row({}, origin, 1, error.problem)
    except zipfile.BadZipFile as error:
        raise errors.UserError(f"{origin} is not a whole zip file: {error}") from error
    except streams.DAMAGED as error:
        raise errors.UserError(f"{origin} is not a whole gzip file: {error}") from error
    except UnicodeError as error:
        cure = encodings.cure(origin, reading.encoding)
        raise errors.UserError(
            f"{origin} is not {reading.encoding}: {error}. {cure}."
        ) from error
    except OSError as error:
        raise errors.UserError(
            f"{origin} cannot be read: {error.strerror or error}."
        ) from error


def _of_text(
    file: folders.File, stream: typing.TextIO, reading: Reading
) -> Iterator[formats.Row]:
    origin, wanted, text = str(file.path), reading.wanted, reading.text or "text"
    if file.format == "jsonl":
        yield from formats.jsonl(stream, origin, wanted, reading.all_columns)
    elif file.format == "text":
        formats.need(wanted, (text,), origin)
        if reading.part_end is not None:
            yield from formats.parts(stream, origin, text, reading.part_end)
            return
        yield from formats.lines(stream, origin, text, reading.blank_lines)
    elif file.format == "lexicon":
        yield from parallel_files.lexicon(stream, origin, wanted)
    elif file.format in _ONE_TEXT:
        values = {text: stream.read()}
        if (reading.label or reading.labelled) and file.format == "folder":
            values[reading.label or "label"] = file.label
        formats.need(wanted, values, origin)
        yield formats.Row(values, origin, 1)
    else:
        yield from tables.read(
            stream,
            origin,
            wanted,
            separator="tab" if file.format == "tsv" else reading.separator,
            header=reading.header,
            quoted=reading.quoted,
            all_columns=reading.all_columns,
            encoding=reading.encoding,
        )


def _open(file: folders.File, reading: Reading) -> typing.TextIO:
    """Opens a file, perhaps compressed, as text with its line ends as they are."""
    stream = streams.unpacked(file.path)
    try:
        start = stream.peek(_START)[:_START]
        if not start and file.format not in _ONE_TEXT:  # there it is one empty text
            raise streams.EmptyFileError(f"{file.path} is empty.")
        meter.present.watch(stream)
        encoding = encodings.by_mark(start, reading.encoding)
        if encoding in ("utf-8", reading.encoding):
            streams.check_is_text(start, str(file.path), encoding)
    except BaseException:
        stream.close()
        raise
    newline = "\n"
    if file.format in _ONE_TEXT or (b"\r" in start and b"\n" not in start):
        newline = ""  # such ends of lines as there are, those of old Macs too
    return io.TextIOWrapper(
        stream, encoding=encoding, errors="surrogateescape", newline=newline
    )
