"""Fingerprints of source files, which tell whether they have changed."""

import hashlib

from tfm import errors
from tfm.data.readers import folders
from tfm.data.readers import locations


def fingerprint(
    spec: str, format: str, texts: folders.Texts = "classes"
) -> dict[str, object]:
    """Returns what tells whether the files of a source have changed.

    `format` and `texts` are those of `locations.files`.
    A dataset of TFDS has a version in its name or its folder and none of this.
    """
    if not spec or spec.startswith("tfds:"):
        return {}
    return {**_times(spec, format, texts), "content": _content(spec, format, texts)}


def is_unchanged(
    spec: str, format: str, old: dict[str, object], texts: folders.Texts = "classes"
) -> bool:
    """Returns whether the source is as it was; files that are gone count as such.

    Content is read only where sizes are equal and times are not, as in a copy.
    """
    if not old:
        return True
    try:
        new = _times(spec, format, texts)
    except errors.UserError:
        return True
    if new["bytes"] != old["bytes"] or new["files"] != old["files"]:
        return False
    return (
        new["times"] == old["times"] or _content(spec, format, texts) == old["content"]
    )


def _times(spec: str, format: str, texts: folders.Texts) -> dict[str, object]:
    hasher = hashlib.blake2b(digest_size=16)
    num_files = num_bytes = 0
    for file in locations.files(spec, format, texts):
        status = file.path.stat()
        entry = [file.label, file.path.name, status.st_size, status.st_mtime_ns]
        hasher.update(repr(entry).encode(errors="surrogateescape"))
        num_files += 1
        num_bytes += status.st_size
    return {"files": num_files, "bytes": num_bytes, "times": hasher.hexdigest()}


def _content(spec: str, format: str, texts: folders.Texts) -> str:
    hasher = hashlib.blake2b(digest_size=16)
    for file in locations.files(spec, format, texts):
        hasher.update(f"{file.label} {file.path.stat().st_size} ".encode())
        with file.path.open("rb") as stream:
            hashlib.file_digest(stream, lambda: hasher)
    return hasher.hexdigest()
