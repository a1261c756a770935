"""Files behind URLs: HTTP, and object stores (s3, gs, hf, ...), by fsspec."""

import glob
import hashlib
import json
import pathlib
import posixpath

from tfm import errors
from tfm import files
from tfm.data.readers import notes

_KEYS = ("ETag", "etag", "LastModified", "last_modified", "mtime", "updated", "md5")


def is_remote(spec: str) -> bool:
    """Whether a source is a URL."""
    return "://" in spec


def fetched(spec: str) -> pathlib.Path:
    """A file, or the folder of those that match, on this machine.

    It is downloaded to the user's cache ($XDG_CACHE_HOME/tfm/remote), and again when
    size, time or tag have changed at its place. Where that cannot be asked, the copy
    from before serves, with a note.

    Raises:
      UserError: fsspec, or what it needs for this kind of URL, is not installed; or
        there is no such file, or it cannot be had.
    """
    try:
        import fsspec
    except ModuleNotFoundError:
        raise errors.UserError(
            f"{spec} is behind a URL, which needs fsspec: pip install fsspec"
        ) from None
    folder = files.cache() / "remote" / hashlib.sha256(spec.encode()).hexdigest()[:24]
    index = folder / "index.json"
    known = json.loads(index.read_text()) if index.is_file() else {}
    try:
        system, path = fsspec.core.url_to_fs(spec)
        paths = _paths(system, path, spec)
        infos = {name: system.info(path) for name, path in paths.items()}
        found = {name: _key(info) for name, info in infos.items()}
        for name, path in paths.items():
            place = folder / "files" / name
            if known.get(name) != found[name] or not place.exists():
                _download(system, path, place, spec, infos[name].get("size"))
        files.write_json(index, found)
    except ImportError as error:
        raise errors.UserError(
            f"{spec} needs a package that is not installed: {error}."
        ) from error
    except errors.UserError:
        raise
    except Exception as error:  # each kind of place has errors of its own
        if not known or isinstance(error, FileNotFoundError):
            reason = str(error).partition("\n")[0]
            if not reason or reason in spec:
                missing = isinstance(error, FileNotFoundError)
                reason = "it is not there" if missing else type(error).__name__
            raise errors.UserError(f"{spec} cannot be read: {reason}.") from error
        notes.tell(f"{spec} cannot be asked; the copy from before is read")
        found = known
    place = folder / "files"
    return place / next(iter(found)) if len(found) == 1 else place


def _paths(system, path: str, spec: str) -> dict[str, str]:
    """{name below what the files have in common: path} of what a URL names."""
    if glob.has_magic(path) and not spec.startswith("http"):
        found = [match for match in system.glob(path) if not system.isdir(match)]
    elif not spec.startswith("http") and system.isdir(path):
        found = system.find(path)
    else:
        return {path.rpartition("/")[2].partition("?")[0] or "file": path}
    if not found:
        raise errors.UserError(f"No file matches {spec}.")
    base = posixpath.commonpath([posixpath.dirname(match) for match in found])
    paths = {posixpath.relpath(match, base): match for match in sorted(found)}
    for name in paths:
        if ".." in pathlib.PurePosixPath(name).parts:
            raise errors.UserError(f"{spec} has a file with '..' in its path.")
    return paths


def _key(info: dict) -> str:
    """A text that changes with a file's content."""
    return repr([info.get("size"), *(str(info.get(name, "")) for name in _KEYS)])


def _download(
    system, path: str, place: pathlib.Path, spec: str, size: int | None
) -> None:
    notes.tell(f"downloading {spec}" + (f" ({size / 1e6:,.1f} MB)" if size else ""))
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = place.with_name(place.name + ".partial")
    system.get_file(path, str(scratch))
    scratch.replace(place)
