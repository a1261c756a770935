"""Two runs in one folder: the second is refused, whatever became of the first."""

import contextlib
import errno
import fcntl
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import time

import pytest

from tfm import errors
from tfm import lock

ROOT = pathlib.Path(__file__).parents[1]
HOLDS = """
import os, pathlib, sys, time
from tfm import lock
with lock.RunLock(pathlib.Path(sys.argv[1])):
    if "fork" in sys.argv and os.fork() == 0:
        time.sleep(60)
    print("in", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def start():
    """Starts a process that enters a folder's lock until its input ends."""
    started = []

    def start_one(folder, *more: str) -> subprocess.Popen:
        command = [sys.executable, "-c", HOLDS, str(folder), *more]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert select.select([process.stdout], [], [], 20)[0]
        assert process.stdout.readline() == "in\n"
        return process

    yield start_one
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=10)


def test_the_second_is_refused_with_host_and_process_of_the_first(tmp_path, start):
    first = start(tmp_path / "run")
    with pytest.raises(errors.UserError) as error, lock.RunLock(tmp_path / "run"):
        pass
    assert str(error.value).startswith(
        f"{tmp_path}/run is in use by process {first.pid} on {socket.gethostname()} "
    )
    assert "\n" not in str(error.value)
    first.communicate(timeout=10)  # ends its input, and so the process
    with lock.RunLock(tmp_path / "run"):
        pass
    assert not any((tmp_path / "run").iterdir())


def test_another_folder_is_free(tmp_path, start):
    start(tmp_path / "one")
    with lock.RunLock(tmp_path / "two"):
        pass


@pytest.mark.parametrize("more", [(), ("fork",)])
def test_a_killed_process_leaves_the_folder_free(tmp_path, start, more):
    first = start(tmp_path, *more)
    first.kill()
    first.wait(10)
    assert (tmp_path / lock.NAME).exists()
    time.sleep(0.05)
    with lock.RunLock(tmp_path):
        assert f"process {os.getpid()} on" in (tmp_path / lock.NAME).read_text()


def test_it_is_free_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), lock.RunLock(tmp_path):
        _ = 1 // 0
    with lock.RunLock(tmp_path):
        pass


def test_the_other_workers_of_a_job_leave_the_lock_to_their_chief(tmp_path):
    with lock.RunLock(tmp_path), lock.RunLock(tmp_path, chief=False):
        assert (tmp_path / lock.NAME).exists()
    with lock.RunLock(tmp_path / "new", chief=False):
        assert not (tmp_path / "new").exists()


def test_a_lock_that_its_holder_has_just_removed_is_not_taken(tmp_path, monkeypatch):
    flock, calls = fcntl.flock, []

    def late(file, how):
        calls.append(file)
        if len(calls) == 1:
            (tmp_path / lock.NAME).unlink()
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with lock.RunLock(tmp_path):
        assert len(calls) == 2
        with pytest.raises(errors.UserError), lock.RunLock(tmp_path):
            pass


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch, capsys):
    def unsupported(*_):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with lock.RunLock(tmp_path):
        told = capsys.readouterr().err
    assert told.startswith(f"warning: {tmp_path} is on a file system without locks")


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(errors.UserError, match="cannot be written: Not a directory"),
        lock.RunLock(tmp_path / "file" / "run"),
    ):
        pass


def test_who_is_in_a_folder_is_told_without_going_in(start, tmp_path):
    lock.refuse_others(tmp_path / "none")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / lock.NAME).write_text("left behind")
    lock.refuse_others(tmp_path / "run")  # the file alone means nothing
    process = start(tmp_path / "run")
    holder = f"is in use by process {process.pid} on {socket.gethostname()}"
    with pytest.raises(errors.UserError, match=holder):
        lock.refuse_others(tmp_path / "run")
    process.communicate("")
    lock.refuse_others(tmp_path / "run")
