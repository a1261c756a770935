"""Files of a folder: tables, folders of texts that are classes, Hugging Face's."""

import collections
import dataclasses
import json
import pathlib
import re
import zipfile
from collections.abc import Iterable

from tfm import errors
from tfm.data.readers import notes
from tfm.data.readers import streams

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
    ".txt": "text",
    ".text": "text",
}
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
      format: csv, tsv, jsonl, parquet, arrow, excel, tfrecord or text; folder, whole:
        the file is one text.
      label: of format folder: the class, its folder's name.
      sheet: of a spreadsheet; empty for the first one.
    """

    path: pathlib.Path
    format: str
    label: str = ""
    sheet: str = ""


def file(path: pathlib.Path, format: str, sheet: str = "") -> File:
    """A file that was named.

    Raises:
      UserError: its name does not tell its format, and `format` is auto.
    """
    if format == "auto":
        format = format_of(path)
        if not format:
            raise errors.UserError(
                f"The name of {path} does not tell its format. "
                "Set --data.format, for example --data.format=csv."
            )
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


def files(folder: pathlib.Path, format: str, classes: bool) -> list[File]:
    """The files of a folder and those below it, but for dot files, in sorted order.

    Of a folder with tables these; else, if `classes`, each text file in a folder of
    it, however deep, is a text of the class that this folder is named for. Texts end
    in .txt, or have no ending. What is left out is told.

    Raises:
      UserError: there is none; or the folder holds several splits.
    """
    if (folder / "dataset_dict.json").is_file():
        names = sorted(path.name for path in folder.iterdir() if path.is_dir())
        raise errors.UserError(
            f"{folder} holds the splits {', '.join(names)}. Give each by itself, such "
            f"as {folder / names[0] if names else folder}."
        )
    below = sorted(_below(folder), key=lambda path: path.relative_to(folder).parts)
    if (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file():
        return _of_hugging_face(folder)
    if format == "whole":
        found = [File(path, "whole") for path in below if _is_text(path)]
    elif format == "folder":
        found = [File(path, "folder", _class(path, folder)) for path in below]
        found = [file for file in found if file.label]
    elif format != "auto":
        found = [File(path, format) for path in below]
    else:
        found = _by_ending(folder, below, classes)
    if not found:
        endings = _endings(below)
        raise errors.UserError(
            f"The folder {folder} holds no data: neither CLASS/*.txt nor files that "
            f"end in {_ENDINGS}."
            + (
                f" It holds {endings}; with --data.format=folder each file in a folder "
                "of it is a text."
                if endings
                else ""
            )
        )
    if classes:
        _check_is_one_split(folder, found)
    read = {file.path for file in found}
    left_out = [path for path in below if path not in read]
    if left_out:
        notes.tell(
            f"{folder}: {len(found):,} files are read, {len(left_out):,} left out "
            f"({_endings(left_out)})"
        )
    return found


def _by_ending(
    folder: pathlib.Path, below: list[pathlib.Path], classes: bool
) -> list[File]:
    formats = {path: format_of(path) for path in below if not _is_text(path)}
    tables = [File(path, format) for path, format in formats.items() if format]
    texts = [path for path in below if _is_text(path)]
    if not classes:
        formats |= {path: format_of(path) for path in texts}  # none of a LICENSE
        return [File(path, formats[path]) for path in below if formats[path]]
    if tables:
        return tables
    in_classes = [path for path in texts if path.parent != folder]
    if in_classes:
        return [File(path, "folder", _class(path, folder)) for path in in_classes]
    return [File(path, "text") for path in texts if format_of(path)]


def _below(folder: pathlib.Path) -> Iterable[pathlib.Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def _class(path: pathlib.Path, folder: pathlib.Path) -> str:
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


def _of_hugging_face(folder: pathlib.Path) -> list[File]:
    """The Arrow files of a folder that `datasets` saved, in their order."""
    place = folder / "state.json"
    try:
        state = json.loads(place.read_text(encoding="utf-8"))
        names = [pathlib.PurePath(f["filename"]).name for f in state["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise errors.UserError(f"{place} is not as datasets writes it.") from error
    return [File(folder / name, "arrow") for name in names]


def _check_is_one_split(folder: pathlib.Path, found: list[File]) -> None:
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


def _endings(paths: list[pathlib.Path]) -> str:
    counts = collections.Counter(path.suffix or "no ending" for path in paths)
    return ", ".join(f"{count:,} {ending}" for ending, count in counts.most_common(5))
