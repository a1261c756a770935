"""Files of a source of pictures: a folder for each class, single files, IDX, tables."""

import pathlib
import re

from tfm import errors
from tfm.data.readers import folders

_TABLES = frozenset(folders.FORMATS.values()) - {"text"}
# train-images-idx3-ubyte.gz, as MNIST's files are called
_IDX = re.compile(r"(.*)images([-._]idx[34])?([-._]ubyte)?(\.gz)?", re.IGNORECASE)
_PARTS = {  # of a data set by the names of their folders, and how files of IDX begin
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "t10k"),
}


def files(folder: pathlib.Path, format: str = "auto") -> list[folders.File]:
    """The files of a folder and those below it, but for dot files, in sorted order.

    Of a folder with tables or IDX files these; else each picture, however deep, is of
    the class that the folder of `folder` in which it lies is named for. Links are
    followed. What is left out is told.

    Raises:
      UserError: there is none, or one cannot be reached; or the folder holds several
        splits.
    """
    if folders.is_of_hugging_face(folder):
        return folders.of_hugging_face(folder)
    below = folders.all_below(folder)
    found = _found(folder, below, format)
    if not found:
        held = f" It holds {folders.endings(below)}." if below else ""
        raise errors.UserError(
            f"The folder {folder} holds no pictures: neither "
            f"{', '.join(sorted(folders.PICTURES))} nor IDX files or tables.{held}"
        )
    folders.check_is_one_split(folder, found)
    if len({file.path for file in found if file.format == "idx"}) > 1:
        names = ", ".join(file.path.name for file in found)
        raise errors.UserError(f"{folder} holds {names}. Give one of them.")
    folders.tell_left_out(folder, found)
    return found


def file(path: pathlib.Path, format: str, sheet: str = "") -> folders.File:
    """A file that was named; UserError where its name does not tell its format."""
    if format == "auto" and is_picture(path):
        return folders.File(path, "picture", path.parent.name)
    if format == "auto" and is_idx(path):
        return folders.File(path, "idx")
    found = folders.file(path, format, "classes", sheet)
    if found.format in ("text", "folder"):
        raise errors.UserError(f"{path} is neither a picture nor a table of pictures.")
    return found


def is_picture(path: pathlib.Path) -> bool:
    """Whether a name is that of a picture."""
    return path.suffix.lower() in folders.PICTURES


def is_idx(path: pathlib.Path) -> bool:
    """Whether a name is that of an IDX file of pictures."""
    return bool(_IDX.fullmatch(path.name))


def labels_of(path: pathlib.Path) -> pathlib.Path:
    """The IDX file of labels beside one of pictures, packed or not.

    Raises:
      UserError: there is none.
    """
    name = re.sub("images", "labels", path.name, flags=re.IGNORECASE)
    plain = re.sub(r"idx[34]", "idx1", name, flags=re.IGNORECASE)
    other = plain.removesuffix(".gz") if plain.endswith(".gz") else f"{plain}.gz"
    for tried in (plain, other):
        if (path.parent / tried).is_file():
            return path.parent / tried
    raise errors.UserError(f"There is no {plain} with the labels beside {path}.")


def parts(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Splits that a folder is made of, by name: folders, or IDX files; or none."""
    if not folder.is_dir():
        return {}
    entries = sorted(path for path in folder.iterdir() if path.name[0] != ".")
    inner = {path.name.lower(): path for path in entries if path.is_dir()}
    packed = {_IDX.fullmatch(p.name)[1].lower(): p for p in entries if is_idx(p)}
    for there in (inner, {name.strip("-._"): path for name, path in packed.items()}):
        found = {
            split: there[name]
            for split, names in _PARTS.items()
            for name in names
            if name in there
        }
        if "train" in found:
            return found
    return {}


def _found(folder: pathlib.Path, below, format: str) -> list[folders.File]:
    if format not in ("auto", "folder"):
        return [folders.File(path, format) for path in below]
    of_idx = [folders.File(path, "idx") for path in below if is_idx(path)]
    pictures = [
        folders.File(path, "picture", folders.class_of(path, folder))
        for path in below
        if is_picture(path)
    ]
    tables = []
    if format == "auto" and not any(file.label for file in pictures):
        formats = {path: folders.format_of(path) for path in below}
        tables = [folders.File(p, f) for p, f in formats.items() if f in _TABLES]
    return of_idx or tables or pictures
