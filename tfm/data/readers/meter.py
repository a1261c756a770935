"""The share of a source that has been read: bytes of its files, as they lie on disk.

Whoever shows progress asks it now and then, so that reading a row costs nothing more.
"""

import io
import os
import pathlib
from collections.abc import Iterable


class Meter:
    """Bytes of the files of one source, which are read one after the other."""

    def __init__(self):
        self.begin(())

    def begin(self, paths: Iterable[pathlib.Path]) -> None:
        """Begins with the files of another source; none: their size is not known."""
        self._total = sum(map(_size, paths))
        self._before = self._size = 0
        self._file: io.BufferedIOBase | None = None

    def opened(self, path: pathlib.Path) -> None:
        """The next file is read."""
        self._before += self._size
        self._size, self._file = _size(path), None

    def watch(self, file: io.BufferedIOBase) -> None:
        """That file is read by this one, which tells where it is."""
        self._file = file

    def share(self) -> float | None:
        """The part of all bytes that has been read; None: it is not known."""
        if not self._total:
            return None
        return min((self._before + self._place()) / self._total, 1.0)

    def _place(self) -> int:
        """Bytes of the present file."""
        file = self._file
        if file is None:
            return 0
        try:  # that of what a packed file is unpacked from
            return os.lseek(file.fileno(), 0, os.SEEK_CUR)
        except OSError:  # in a zip, which is an UnsupportedOperation
            return 0
        except (ValueError, AttributeError):  # closed: all of it was read
            return self._size


def _size(path: pathlib.Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # the reader says so
        return 0


present = Meter()
