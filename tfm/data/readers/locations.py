"""Files of a source: a path, glob, folder, URL or package file -> what to read."""

import difflib
import glob
import itertools
import pathlib

from tfm import errors
from tfm import packages
from tfm.data.readers import debian
from tfm.data.readers import folders
from tfm.data.readers import picture_files
from tfm.data.readers import remote
from tfm.data.readers import system_files


def files(
    spec: str, format: str = "auto", texts: folders.Texts = "classes"
) -> list[folders.File]:
    """Returns the files that `spec` names, in sorted order.

    Args:
      spec: a path, a glob, a folder, a URL, `package:NAME/FILE` for a file of an
        installed package, which is not imported, `debian:NAME/FILE` for one of a
        package of Debian, or `FILE.xlsx#SHEET`.
      format: of the files; auto goes by each name's ending.
      texts: what files of plain text are, or that pictures are meant; see
        `folders.Texts`.

    Raises:
      UserError: there is no such file, folder or package.
    """
    if remote.is_remote(spec):
        spec = str(remote.fetched(spec))
    base, pattern = _base(spec)
    path = base / pattern
    if path.is_dir():
        return _of_folder(path, format, texts)
    if path.is_file():
        return [_file(path, format, texts)]
    book, _, sheet = pattern.rpartition("#")
    if book and (base / book).is_file():
        return [_file(base / book, format, texts, sheet)]
    if not glob.has_magic(pattern):
        raise errors.UserError(f"There is no file {path}.{_near(path)}")
    found = []
    for match in _matches(base, pattern):
        if match.is_file():
            found.append(_file(match, format, texts))
        elif texts != "classes":
            found += _of_folder(match, format, texts)
    if not found:
        raise errors.UserError(f"No file matches {path}.")
    return list(dict.fromkeys(found))


def left_out(spec: str, found: list[folders.File]) -> list[pathlib.Path]:
    """The files in the folders of a source that are not among those of `files`."""
    if remote.is_remote(spec):
        spec = str(remote.fetched(spec))
    base, pattern = _base(spec)
    path = base / pattern
    matches = [path] if path.exists() else _matches(base, pattern)
    places = [match for match in matches if match.is_dir()]
    others = [other for place in places for other in folders.left_out(place, found)]
    return list(dict.fromkeys(others))


def absolute(spec: str) -> str:
    """A source wherever the user stands: its path in full; others as they are."""
    if not spec or spec.startswith(("tfds:", packages.PREFIX, debian.PREFIX)):
        return spec
    if remote.is_remote(spec):
        return spec
    return str(pathlib.Path(spec).expanduser().absolute())


def nearest(name: str, names) -> str:
    """Returns ` Did you mean 'x'?` for the name most like this one, or nothing."""
    lower = {other.lower(): other for other in names}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return f" Did you mean {lower[near[0]]!r}?" if near else ""


def located(spec: str) -> pathlib.Path:
    """The path of a source, which may not be there."""
    if remote.is_remote(spec):
        return remote.fetched(spec)
    return pathlib.Path(*_base(spec))


def _of_folder(path: pathlib.Path, format: str, texts: folders.Texts):
    if texts == "pictures":
        return picture_files.files(path, format)
    return folders.files(path, format, texts)


def _file(path: pathlib.Path, format: str, texts: folders.Texts, sheet: str = ""):
    if texts == "pictures":
        return picture_files.file(path, format, sheet)
    return folders.file(path, format, texts, sheet)


def _matches(base: pathlib.Path, pattern: str) -> list[pathlib.Path]:
    """The files and folders of a glob, but those of systems unless it names them."""
    found = sorted(base.glob(pattern))
    if pathlib.PurePath(pattern).name.startswith("."):
        return found
    fixed = itertools.takewhile(
        lambda part: not glob.has_magic(part), pathlib.PurePath(pattern).parts
    )
    start = base.joinpath(*fixed)
    return [path for path in found if not system_files.is_one(path.relative_to(start))]


def _base(spec: str) -> tuple[pathlib.Path, str]:
    """Returns the folder that a spec is relative to, and its path in there."""
    if spec.startswith(debian.PREFIX):
        return debian.located(spec)
    if not spec.startswith(packages.PREFIX):
        path = pathlib.Path(spec).expanduser()
        return pathlib.Path(path.anchor), str(path.relative_to(path.anchor))
    return packages.located(spec)


def _near(path: pathlib.Path) -> str:
    if not path.parent.is_dir():
        return f" There is no folder {path.parent} either."
    return nearest(path.name, (other.name for other in path.parent.iterdir()))
