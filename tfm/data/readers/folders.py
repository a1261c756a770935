"""Files of a folder: tables, folders of texts that are classes, Hugging Face's."""

import collections
import dataclasses
import json
import pathlib
import re
import typing
import zipfile
from collections.abc import Collection
from collections.abc import Iterator

from tfm import errors
from tfm.data.readers import notes
from tfm.data.readers import streams
from tfm.data.readers import system_files

# files of plain text: of a folder a text each, of the class that their folder is named
# for; a row a line; one text each. With pictures there are these in place of texts
Texts = typing.Literal["classes", "lines", "whole", "pictures"]

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xlsb": "excel",
    ".xls": "excel",
    ".ods": "excel",
    ".tfrecord": "tfrecord",
    ".tfrecords": "tfrecord",
    ".tmx": "tmx",
    ".dict": "lexicon",
    ".txt": "text",
    ".text": "text",
}
PICTURES = frozenset(
    [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"]
)
_ENDINGS = ".csv, .tsv, .jsonl, .parquet, .arrow, .xlsx, .tfrecord or .txt"
_SHARD = re.compile(r"-\d+-of-\d+$")  # of the shards of a dataset, behind the ending
_SPLITS = frozenset(
    [
        "train",
        "training",
        "test",
        "testing",
        "val",
        "valid",
        "validation",
        "dev",
        "eval",
        "evaluation",
    ]
)


@dataclasses.dataclass(frozen=True)
class File:
    """A file of a source.

    Attributes:
      path: where it is.
      format: csv, tsv, jsonl, parquet, arrow, excel, tfrecord, idx, tmx, lexicon or
        text; folder, whole: the file is one text; picture: it is one picture.
      label: of formats folder and picture: the class, its folder's name.
      sheet: of a spreadsheet; empty for the first one.
    """

    path: pathlib.Path
    format: str
    label: str = ""
    sheet: str = ""


def file(
    path: pathlib.Path, format: str, texts: Texts = "classes", sheet: str = ""
) -> File:
    """A file that was named.

    Raises:
      UserError: its name does not tell its format, `format` is auto, and the file
        would not be one text whatever its name.
    """
    whole = texts == "whole"
    if format == "auto":
        format = format_of(path) or ("text" if whole else "")
        if not format:
            raise errors.UserError(
                f"The name of {path} does not tell its format. "
                "Set --data.format, for example --data.format=csv."
            )
    format = "whole" if whole and format == "text" else format
    return File(path, format, path.parent.name if format == "folder" else "", sheet)


def format_of(path: pathlib.Path) -> str:
    """The format that a name tells, that of what is packed in it; or nothing.

    Raises:
      UserError: a zip that is damaged, or does not hold one file.
    """
    name = path.name
    if path.suffix.lower() in streams.PACKED:
        try:
            own = pathlib.PurePath(path.stem).suffix.lower()
            name = path.stem if own in FORMATS else streams.inner_name(path)
        except zipfile.BadZipFile as error:
            raise errors.UserError(f"{path} is not a whole zip file.") from error
    name = _SHARD.sub("", name.lower())
    return FORMATS.get(pathlib.PurePath(name).suffix, "")


def files(
    folder: pathlib.Path, format: str = "auto", texts: Texts = "classes"
) -> list[File]:
    """The files of a folder and those below it, but for dot files, in sorted order.

    With classes, of a folder with tables these; else each text file in a folder of it,
    however deep, is a text of the class that this folder is named for. Texts end in
    .txt, or have no ending; those without are no lines of rows. Links are followed, to
    each folder once. What is left out is told.

    Raises:
      UserError: there is none; one cannot be reached; or, with classes, the folder
        holds several splits.
    """
    if (folder / "dataset_dict.json").is_file():
        names = sorted(path.name for path in folder.iterdir() if path.is_dir())
        raise errors.UserError(
            f"{folder} holds the splits {', '.join(names)}. Give each by itself, such "
            f"as {folder / names[0] if names else folder}."
        )
    if is_of_hugging_face(folder):
        return of_hugging_face(folder)
    below = all_below(folder)
    if format == "folder":
        found = [File(path, "folder", class_of(path, folder)) for path in below]
        found = [file for file in found if file.label]
    elif format != "auto":
        found = [file(path, format, texts) for path in below]
    elif texts == "classes":
        found = _of_classes(folder, below)
    else:
        formats = {path: format_of(path) for path in below}
        if texts == "whole":  # one without an ending too
            formats |= {path: "text" for path in below if _is_text(path)}
        found = [file(path, formats[path], texts) for path in below if formats[path]]
    if not found:
        raise errors.UserError(_no_data(folder, below, texts))
    if texts == "classes":
        check_is_one_split(folder, found)
    tell_left_out(folder, found)
    return found


def tell_left_out(folder: pathlib.Path, found: list[File]) -> None:
    """Tells how many files of a folder are not among those found."""
    if others := left_out(folder, found):
        notes.tell(
            f"{folder}: {len(found):,} files are read, {len(others):,} left out "
            f"({endings(others)})"
        )


def left_out(folder: pathlib.Path, found: list[File]) -> list[pathlib.Path]:
    """The files of a folder that are not among those found, in sorted order."""
    if is_of_hugging_face(folder):
        return []
    read = {file.path for file in found}
    return [path for path in all_below(folder) if path not in read]


def _no_data(folder: pathlib.Path, below: list[pathlib.Path], texts: Texts) -> str:
    classes = texts == "classes"
    message = f"The folder {folder} holds no data: "
    message += "neither CLASS/*.txt nor files that end" if classes else "no file ends"
    message += f" in {_ENDINGS}."
    if not below:
        return message
    pictures = [path for path in below if path.suffix.lower() in PICTURES]
    if len(pictures) > len(below) / 2:
        return (
            f"The folder {folder} holds pictures ({endings(pictures)}), which "
            f"--experiment=image_cls --data.train={folder} learns to classify."
        )
    how = "format=folder each file in a folder of it is a text"
    how = how if classes else "format=text each file is plain text"
    return f"{message} It holds {endings(below)}; with --data.{how}."


def _of_classes(folder: pathlib.Path, below: list[pathlib.Path]) -> list[File]:
    formats = {path: format_of(path) for path in below if not _is_text(path)}
    tables = [File(path, format) for path, format in formats.items() if format]
    texts = [path for path in below if _is_text(path)]
    if tables:
        return tables
    in_classes = [path for path in texts if path.parent != folder]
    if in_classes:
        return [File(path, "folder", class_of(path, folder)) for path in in_classes]
    return [File(path, "text") for path in texts if format_of(path)]


def all_below(folder: pathlib.Path) -> list[pathlib.Path]:
    """The files below a folder in sorted order, those behind links to folders too."""
    found, seen, waiting, links = [], set(), [folder], []
    while waiting or links:
        place = (waiting or links).pop()
        if (own := place.resolve()) in seen:  # linked twice
            continue
        seen.add(own)
        for path in _entries(place):
            if path.is_dir() and not path.is_symlink():
                waiting.append(path)
            elif path.is_dir():
                if not own.is_relative_to(path.resolve()):  # else a loop
                    links.append(path)
            elif path.is_file():
                found.append(path)
            elif path.is_symlink():
                raise errors.UserError(f"{path} is a link to a file that is not there.")
    return sorted(found, key=lambda path: path.relative_to(folder).parts)


def _entries(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """The files and folders in a folder, but for those of systems."""
    try:
        for path in sorted(folder.iterdir(), reverse=True):
            if not system_files.is_one(pathlib.PurePath(path.name)):
                yield path
    except OSError as error:
        raise errors.UserError(f"{folder} cannot be read: {error.strerror}.") from error


def class_of(path: pathlib.Path, folder: pathlib.Path) -> str:
    inner = path.relative_to(folder).parts
    return inner[0] if len(inner) > 1 else ""


def _is_text(path: pathlib.Path) -> bool:
    """Whether a name is that of a text: .txt, or without a word for an ending."""
    name = path
    if path.suffix.lower() in streams.PACKED - {".zip"}:
        name = path.with_name(path.stem)
    ending = name.suffix.lower()
    if ending in FORMATS:
        return FORMATS[ending] == "text"
    return not ending or ending[1:].isdecimal()


def is_of_hugging_face(folder: pathlib.Path) -> bool:
    names = ("state.json", "dataset_info.json")
    return all((folder / name).is_file() for name in names)


def of_hugging_face(folder: pathlib.Path) -> list[File]:
    """The Arrow files of a folder that `datasets` saved, in their order."""
    place = folder / "state.json"
    try:
        state = json.loads(place.read_text(encoding="utf-8"))
        names = [pathlib.PurePath(f["filename"]).name for f in state["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise errors.UserError(f"{place} is not as datasets writes it.") from error
    return [File(folder / name, "arrow") for name in names]


def check_is_one_split(folder: pathlib.Path, found: list[File]) -> None:
    """Raises UserError where parts of a folder are named as splits of one dataset."""
    parts = dict.fromkeys(
        file.path.relative_to(folder).parts[0].split(".")[0].lower() for file in found
    )
    splits = [part for part in parts if part in _SPLITS]
    if len(splits) > 1:
        raise errors.UserError(
            f"{folder} holds the splits {', '.join(splits)}, which may not be mixed. "
            "Give each by itself: --data.train=... --data.test=..."
        )


def endings(paths: Collection[pathlib.Path]) -> str:
    """Numbers of the files by their endings, as `3 .png, 1 .zip`."""
    counts = collections.Counter(path.suffix or "no ending" for path in paths)
    return ", ".join(f"{count:,} {ending}" for ending, count in counts.most_common(5))
