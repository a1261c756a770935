"""Opening files, perhaps compressed: gzip, bzip2, xz, a zip that holds one file."""

import bz2
import gzip
import io
import lzma
import pathlib
import typing
import zipfile
import zlib

from tfm import errors

# what reading a damaged one raises
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile)
_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
PACKED = frozenset({*_OPENERS, ".zip"})
_STARTS = {  # of files that are no text, whatever their name
    b"PK\x03\x04": "a zip file, as .xlsx and .docx are",
    b"\xd0\xcf\x11\xe0": "a file of an older Office, as .xls and .doc are",
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"%PDF": "PDF",
    b"\x1f\x8b": "gzip",
    b"SQLite format 3": "a SQLite database",
}


def unpacked(path: pathlib.Path, member: str = "") -> io.BufferedReader:
    """Opens a file's bytes, decompressed where its name says that they are.

    Args:
      path: of the file.
      member: the name of a file in a zip, which may then hold others too.

    Raises:
      UserError: a zip that holds no file, more than one, or asks for a password.
    """
    ending = path.suffix.lower()
    if ending == ".zip":
        return _in_zip(path, member)
    if ending in _OPENERS:
        return io.BufferedReader(typing.cast(io.RawIOBase, _OPENERS[ending](path)))
    return path.open("rb")


def is_packed(path: pathlib.Path) -> bool:
    """Whether a name is that of a compressed file."""
    return path.suffix.lower() in PACKED


def whole(path: pathlib.Path) -> bytes:
    """All bytes of a file, decompressed where its name says that they are."""
    with unpacked(path) as file:
        return file.read()


def inner_name(path: pathlib.Path) -> str:
    """The name without the ending of a compression; in a zip that of its file."""
    ending = path.suffix.lower()
    if ending == ".zip":
        with zipfile.ZipFile(path) as archive:
            return pathlib.PurePosixPath(_member(path, archive).filename).name
    return path.stem if ending in _OPENERS else path.name


def check_is_text(start: bytes, origin: str, encoding: str) -> None:
    """Raises UserError where a file begins as one that is no text."""
    for magic, kind in _STARTS.items():
        if start.startswith(magic):
            raise errors.UserError(
                f"{origin} is not text: it is {kind}. Its name must end accordingly, "
                "such as .xlsx, .parquet, .csv.gz or .zip."
            )
    if b"\0" not in start or "\0".encode(encoding) != b"\0":
        return
    evens, odds = start[::2].count(0), start[1::2].count(0)
    if max(evens, odds) > len(start) / 8:  # every other byte of ASCII letters
        name = "utf-16-le" if odds > evens else "utf-16-be"
        raise errors.UserError(
            f"{origin} looks like UTF-16 without a byte order mark: set "
            f"--data.encoding={name}."
        )


def members(path: pathlib.Path) -> list[str]:
    """The names of the files in a zip, but for what systems leave in there."""
    with zipfile.ZipFile(path) as archive:
        return [member.filename for member in _members(archive)]


def _in_zip(path: pathlib.Path, name: str) -> io.BufferedReader:
    archive = zipfile.ZipFile(path)
    try:
        member = _member(path, archive, name)
        if member.flag_bits & 1:
            raise errors.UserError(f"{path} asks for a password. Unpack it first.")
        return io.BufferedReader(_ZipMember(archive, member))
    except BaseException:
        archive.close()
        raise


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [
        member
        for member in archive.infolist()
        if not member.is_dir()
        and not member.filename.startswith("__MACOSX/")
        and not pathlib.PurePosixPath(member.filename).name.startswith(".")
    ]


def _member(
    path: pathlib.Path, archive: zipfile.ZipFile, name: str = ""
) -> zipfile.ZipInfo:
    """The file of that name in a zip; without a name the only one."""
    found = _members(archive)
    if name:
        named = [member for member in found if member.filename == name]
        if not named:
            names = ", ".join(member.filename for member in found[:5])
            raise errors.UserError(f"{path} holds no file {name!r}. It holds {names}.")
        return named[0]
    if len(found) != 1:
        names = ", ".join(member.filename for member in found[:5])
        raise errors.UserError(
            f"{path} must hold one file; it holds {len(found)}"
            f"{': ' + names if found else ''}{', ...' if len(found) > 5 else ''}. "
            "Unpack it, and give the file or the folder."
        )
    return found[0]


class _ZipMember(io.RawIOBase):
    """A file of a zip, which closes the zip too."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo):
        self._archive = archive
        self._file = archive.open(member)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        self._archive.close()
        super().close()
