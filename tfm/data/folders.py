"""Folders that appear whole or not at all, and fingerprints of source files."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import socket
from collections.abc import Iterator

from tfm import errors
from tfm.data import locations


@contextlib.contextmanager
def whole(final: pathlib.Path) -> Iterator[pathlib.Path]:
    """Gives a folder to fill, which becomes `final` in one step when all went well.

    What a killed process left behind is removed by the next one on its machine.
    """
    if final.exists() and (not final.is_dir() or any(final.iterdir())):
        raise errors.UserError(
            f"{final} is in the way: it is not prepared data. Move it elsewhere."
        )
    final.parent.mkdir(parents=True, exist_ok=True)
    host = socket.gethostname()
    for left_over in final.parent.glob(f"{final.name}.partial-{host}-*"):
        if not _is_alive(int(left_over.name.rpartition("-")[2])):
            shutil.rmtree(left_over, ignore_errors=True)
    partial = final.with_name(f"{final.name}.partial-{host}-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        try:
            partial.rename(final)
        except OSError as error:
            raise errors.UserError(
                f"{final} was prepared by another process meanwhile. Start again."
            ) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def write_json(path: pathlib.Path, body) -> None:
    """Writes a JSON file in one move, so that it is never half there."""
    scratch = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    text = json.dumps(body, indent=2, ensure_ascii=False)
    scratch.write_text(text + "\n", encoding="utf-8")
    scratch.replace(path)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def fingerprint(spec: str, format: str) -> dict[str, object]:
    """Returns what tells whether the files of a source have changed.

    A dataset of TFDS has a version in its name or its folder and none of this.
    """
    if not spec or spec.startswith("tfds:"):
        return {}
    return {**_times(spec, format), "content": _content(spec, format)}


def is_unchanged(spec: str, format: str, old: dict[str, object]) -> bool:
    """Returns whether the source is as it was; files that are gone count as such.

    Content is read only where sizes are equal and times are not, as in a copy.
    """
    if not old:
        return True
    try:
        new = _times(spec, format)
    except errors.UserError:
        return True
    if new["bytes"] != old["bytes"] or new["files"] != old["files"]:
        return False
    return new["times"] == old["times"] or _content(spec, format) == old["content"]


def _times(spec: str, format: str) -> dict[str, object]:
    hasher = hashlib.blake2b(digest_size=16)
    num_files = num_bytes = 0
    for file in locations.files(spec, format):
        status = file.path.stat()
        entry = [file.label, file.path.name, status.st_size, status.st_mtime_ns]
        hasher.update(repr(entry).encode(errors="surrogateescape"))
        num_files += 1
        num_bytes += status.st_size
    return {"files": num_files, "bytes": num_bytes, "times": hasher.hexdigest()}


def _content(spec: str, format: str) -> str:
    hasher = hashlib.blake2b(digest_size=16)
    for file in locations.files(spec, format):
        hasher.update(f"{file.label} {file.path.stat().st_size} ".encode())
        with file.path.open("rb") as stream:
            hashlib.file_digest(stream, lambda: hasher)
    return hasher.hexdigest()
