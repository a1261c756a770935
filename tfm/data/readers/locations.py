"""Files of a source: a path, glob, folder or package file -> what to read."""

import dataclasses
import difflib
import glob
import os
import pathlib

from tfm import errors
from tfm import packages

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".txt": "text",
    ".text": "text",
}


@dataclasses.dataclass(frozen=True)
class File:
    path: pathlib.Path
    # csv, tsv, jsonl, parquet or text; folder, whole: the file is one text
    format: str
    label: str = ""  # of format folder: the class, its folder's name


def files(spec: str, format: str = "auto") -> list[File]:
    """Returns the files that `spec` names, in sorted order.

    Args:
      spec: a path, a glob, a folder, or `package:NAME/FILE` for a file of an
        installed package, which is not imported.
      format: of the files; auto goes by each name's ending. With whole each file is
        one text, and of a folder it takes the text files, in folders below it too.

    Raises:
      UserError: there is no such file, folder or package.
    """
    base, pattern = _base(spec)
    path = base / pattern
    if path.is_dir():
        return _in_folder(path, format)
    if path.is_file():
        return [_file(path, format)]
    if not glob.has_magic(pattern):
        raise errors.UserError(f"There is no file {path}.{_near(path)}")
    matches = sorted(match for match in base.glob(pattern) if match.is_file())
    found = [_file(match, format) for match in matches]
    if not found:
        raise errors.UserError(f"No file matches {path}.")
    return found


def absolute(spec: str) -> str:
    """A source wherever the user stands: its path in full; others as they are."""
    if not spec or spec.startswith(("tfds:", packages.PREFIX)):
        return spec
    return str(pathlib.Path(spec).expanduser().absolute())


def nearest(name: str, names) -> str:
    """Returns ` Did you mean 'x'?` for the name most like this one, or nothing."""
    lower = {other.lower(): other for other in names}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
    return f" Did you mean {lower[near[0]]!r}?" if near else ""


def _base(spec: str) -> tuple[pathlib.Path, str]:
    """Returns the folder that a spec is relative to, and its path in there."""
    if not spec.startswith(packages.PREFIX):
        path = pathlib.Path(spec).expanduser()
        return pathlib.Path(path.anchor), str(path.relative_to(path.anchor))
    return packages.located(spec)


def _file(path: pathlib.Path, format: str) -> File:
    if format == "auto":
        format = _format_of(path)
        if not format:
            raise errors.UserError(
                f"The name of {path} does not tell its format. "
                "Set --data.format, for example --data.format=csv."
            )
    return File(path, format, path.parent.name if format == "folder" else "")


def _format_of(path: pathlib.Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return FORMATS.get(pathlib.PurePath(name).suffix, "")


def _in_folder(folder: pathlib.Path, format: str) -> list[File]:
    """Returns folder/CLASS/*.txt, or else the data files that lie in the folder."""
    if format == "whole":
        return _texts_below(folder)
    children = sorted(
        (pathlib.Path(entry) for entry in os.scandir(folder)),
        key=lambda path: path.name,
    )
    children = [path for path in children if not path.name.startswith(".")]
    found = []
    if format in ("auto", "folder"):
        found = [
            File(path, "folder", child.name)
            for child in children
            if child.is_dir()
            for path in sorted(child.iterdir())
            if _format_of(path) == "text" and path.is_file()
        ]
    if not found and format != "folder":
        found = [
            _file(path, format)
            for path in children
            if path.is_file() and _format_of(path) in (FORMATS.values())
        ]
    if not found:
        raise errors.UserError(
            f"The folder {folder} holds no data: neither CLASS/*.txt "
            "nor files that end in .csv, .tsv, .jsonl, .parquet or .txt."
        )
    return found


def _texts_below(folder: pathlib.Path) -> list[File]:
    paths = sorted(
        path
        for path in folder.rglob("*")
        if _format_of(path) == "text" and path.is_file()
    )
    if not paths:
        raise errors.UserError(f"The folder {folder} holds no file that ends in .txt.")
    return [File(path, "whole") for path in paths]


def _near(path: pathlib.Path) -> str:
    if not path.parent.is_dir():
        return f" There is no folder {path.parent} either."
    return nearest(path.name, (other.name for other in path.parent.iterdir()))
