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
from tfm.data.readers import system_files

# what reading a damaged one raises
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile)
_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
PACKED = frozenset({*_OPENERS, ".zip"})
_STARTS = {  # of files that are no text, whatever their name
    b"PK\x03\x04": "a zip file, as .xlsx and .docx are",
    b"\xd0\xcf\x11\xe0": "a file of an older Office, as .xls and .doc are",
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"\x1f\x8b": "gzip",
    b"BZh9": "bzip2",
    b"\xfd7zXZ": "xz",
    b"%PDF": "PDF",
    b"SQLite format 3": "a SQLite database",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"\x89HDF": "HDF5",
    b"\x93NUMPY": "NumPy",
    b"\x7fELF": "a program",
}
NOT_TEXT = "not text"  # how the problem of such a file begins
_NAMED = frozenset(list(_STARTS)[:7])  # those that are read, by their names' endings
_CONTROL = bytes({*range(32)} - {*b"\b\t\n\v\f\r\x1b"})


class EmptyFileError(errors.UserError):
    """A file of rows has no byte."""

    problem = "empty file"  # as that of a row


class NotTextError(errors.UserError):
    """A file that is to be text is something else.

    Attributes:
      problem: as that of a row.
    """

    def __init__(self, origin: str, kind: str):
        self.problem = f"{NOT_TEXT}: it is {kind}"
        super().__init__(f"{origin} is {self.problem}.")


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
    """Checks how a file begins.

    Raises:
      NotTextError: as one that is no text, by its first bytes, or since more than a
        twentieth of them are control characters, NUL among them.
      UserError: as UTF-16 without a byte order mark.
    """
    for magic, kind in _STARTS.items():
        if start.startswith(magic):
            hint = "; its name must end accordingly, such as .xlsx, .parquet, .csv.gz "
            hint = f"{hint}or .zip" if magic in _NAMED else ""
            raise NotTextError(origin, kind + hint)
    if "\0".encode(encoding) != b"\0":
        return
    evens, odds = start[::2].count(0), start[1::2].count(0)
    many, few = max(evens, odds), min(evens, odds)
    if many > len(start) / 8 and few < many / 8:  # every other byte of ASCII letters
        name = "utf-16-le" if odds > evens else "utf-16-be"
        raise errors.UserError(
            f"{origin} looks like UTF-16 without a byte order mark: set "
            f"--data.encoding={name}."
        )
    num_control = len(start) - len(start.translate(None, _CONTROL))
    if start.count(0) > 1 and num_control > len(start) / 20:
        raise NotTextError(origin, "binary data")


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
        and not system_files.is_one(pathlib.PurePosixPath(member.filename))
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
