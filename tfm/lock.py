"""One run at a time in a run folder."""

import contextlib
import datetime
import errno
import fcntl
import os
import pathlib
import socket
import sys

from tfm import errors

NAME = "lock"  # the file in the run folder
# what a file system answers that has no locks
_NO_LOCKS = (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS, errno.EINVAL)


class RunLock:
    """While it is entered, no other process enters one of the same folder.

        with lock.RunLock(folder.path):
            ...

    The system holds the lock for the process and drops it when the process ends,
    however it ends; the file alone means nothing. On a file system without locks it
    says so and lets the run go on.

    Args:
      folder: the run folder; made if it is not there.
      chief: False in the other workers of a job: they leave the lock to their chief.
      other: the flag that names another folder.

    Raises:
      UserError: on entering, if another process is in it, or it cannot be written.
    """

    def __init__(
        self, folder: pathlib.Path, chief: bool = True, other: str = "--run_dir"
    ):
        self._folder = folder
        self._other = other
        self._path = folder / NAME
        self._chief = chief
        self._file: int | None = None

    def __enter__(self):
        if self._chief:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._lock()
            except OSError as error:
                raise errors.UserError(
                    f"The folder {self._folder} cannot be written: {error.strerror}."
                ) from None
            # a forked child would hold the lock on after this process was killed
            os.register_at_fork(after_in_child=self._close)
        return self

    def __exit__(self, *_):
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._close()

    def _lock(self) -> None:
        while True:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW  # never a file elsewhere
            self._file = os.open(self._path, flags, 0o666)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(self._file, 1000, 0)
                self._close()
                raise _in_use(self._folder, holder, self._other) from None
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                print(
                    f"warning: {self._folder} is on a file system without locks: "
                    "nothing keeps a second run out of it.",
                    file=sys.stderr,
                )
            if self._is_current():
                break
            self._close()  # its holder removed the file before we had the lock
        since = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
        holder = f"process {os.getpid()} on {socket.gethostname()} since {since}\n"
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, holder.encode(), 0)

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def refuse_others(folder: pathlib.Path, other: str = "--run_dir") -> None:
    """Raises UserError where a process is in a RunLock of it; writes nothing."""
    with contextlib.suppress(FileNotFoundError), (folder / NAME).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _in_use(folder, file.read(1000), other) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise


def _in_use(folder: pathlib.Path, holder: bytes, other: str) -> errors.UserError:
    return errors.UserError(
        f"{folder} is in use by {holder.decode().strip() or 'another process'}. "
        f"Wait until it ends, or give another {other}."
    )
