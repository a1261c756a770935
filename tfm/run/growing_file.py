"""A file of rows that grows as they come, and goes on after an interruption.

Rows go to FILE.part, and what they were made by to FILE.part.json, once a second; so
the same command goes on behind them. When all is written it becomes FILE.
"""

import contextlib
import fcntl
import gzip
import json
import os
import pathlib
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import errors
from tfm import files

_SECONDS = 1.0  # between two writes
Convert = Callable[[pathlib.Path, pathlib.Path], None]


class GrowingFile:
    """The rows that are done, in a file that is not whole yet.

    Args:
      path: of the file, packed where it ends in .gz.
      made_by: what must be the same to go on with what an interrupted command has left.
      convert: writes the file from all that was written to the first path, at the
        second; None: it is that.

    Attributes:
      rows: of the input that are written already.
      state: what the caller wants to know again when it goes on, ready for JSON.
    """

    def __init__(
        self, path: pathlib.Path, made_by: Mapping, convert: Convert | None = None
    ):
        self._final = path
        self._convert = convert
        self._path = path.with_name(f"{path.name}.part")
        self._notes = path.with_name(f"{path.name}.part.json")
        self._made_by = json.loads(json.dumps(made_by, default=str))
        self._pieces: list[str] = []
        self._done = (0, 0)  # rows of the input, and the pieces that they are in
        self._since = time.monotonic()
        self.rows, self.state = 0, {}
        with self._told():
            self._file = self._path.open("a+b")
            try:
                self._lock()
                self._go_on()
            except BaseException:
                self._file.close()
                raise

    def write(self, text: str) -> None:
        """Takes a part of the file, such as a row."""
        self._pieces.append(text)

    def done(self, rows: int) -> None:
        """Tells that the first so many rows of the input have been written."""
        self._done = rows, len(self._pieces)
        if time.monotonic() - self._since >= _SECONDS:
            self._save()

    def finish(self) -> None:
        """Gives it its name."""
        with self._told():
            self._put(self._pieces)
            self._pieces = []
            if self._convert:
                with files.replaced(self._final) as whole:
                    self._convert(self._path, whole)
                self._path.unlink()
            else:
                self._path.replace(self._final)
            self._notes.unlink(missing_ok=True)
        self._file.close()

    def leave(self) -> None:
        """Keeps what is done for the same command, and says so."""
        if self._done[0] > self.rows:
            self._save()
        self._file.close()
        if not self.rows:
            self._path.unlink(missing_ok=True)
            self._notes.unlink(missing_ok=True)
            return
        print(
            f"note: {self.rows:,} rows are kept in {self._path}; the same command goes "
            "on from there.",
            file=sys.stderr,
        )

    def _save(self) -> None:
        rows, count = self._done
        with self._told():
            self._put(self._pieces[:count])
            body = {"rows": rows, "bytes": self._file.tell(), "state": self.state}
            files.write_json(self._notes, body | {"made_by": self._made_by})
        self._pieces, self._done = self._pieces[count:], (rows, 0)
        self.rows, self._since = rows, time.monotonic()

    def _put(self, pieces: list[str]) -> None:
        data = "".join(pieces).encode("utf-8", files.REPLACEMENT)
        # each a member of its own, so that the file can be cut off behind any
        self._file.write(gzip.compress(data) if self._final.suffix == ".gz" else data)
        self._file.flush()

    def _go_on(self) -> None:
        """Finds what an interrupted command has left."""
        if not self._notes.exists():
            self._file.truncate(0)
            return
        kept = files.read_json(self._notes)
        if kept["made_by"] != self._made_by:
            raise errors.UserError(
                f"{self._path} holds {kept['rows']:,} rows of other settings, another "
                "input or other weights. Go on with those, or remove it."
            )
        self._file.truncate(kept["bytes"])
        self._file.seek(0, os.SEEK_END)
        self.rows, self.state = kept["rows"], kept["state"]
        self._done = self.rows, 0

    def _lock(self) -> None:
        """Keeps another process out until the file is closed."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise errors.UserError(
                f"{self._final} is being written by another process. Give another file."
            ) from None
        except OSError:  # a file system without locks
            return

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise errors.UserError(
                f"{self._final} cannot be written: {error.strerror}."
            ) from None


@contextlib.contextmanager
def growing(
    path: pathlib.Path, made_by: Mapping, convert: Convert | None = None
) -> Iterator[GrowingFile]:
    """A GrowingFile that takes its name when all went well.

    Raises:
      UserError: it cannot be written, or what is left was made by something else.
    """
    file = GrowingFile(path, made_by, convert)
    try:
        yield file
    except BaseException:
        file.leave()
        raise
    file.finish()
