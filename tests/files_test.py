import errno
import os
import socket
import subprocess
import sys

import pytest

from tfm import errors
from tfm import files


def test_a_folder_appears_whole(tmp_path):
    with files.whole(tmp_path / "a" / "b") as partial:
        (partial / "x").write_text("1")
        assert not (tmp_path / "a" / "b").exists()
    assert (tmp_path / "a" / "b" / "x").read_text() == "1"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_what_a_killed_process_left_behind_is_removed(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    host = socket.gethostname()
    (tmp_path / f"a.partial-{host}-{dead.pid}").mkdir()
    (tmp_path / f"a.partial-elsewhere-{dead.pid}").mkdir()
    (tmp_path / f"a.partial-{host}-{os.getppid()}").mkdir()
    with files.whole(tmp_path / "a"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["a", f"a.partial-elsewhere-{dead.pid}", f"a.partial-{host}-{os.getppid()}"]
    )


def test_a_user_s_files_are_not_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "thesis.txt").write_text("mine")
    with pytest.raises(errors.UserError, match="is in the way"):  # noqa: SIM117
        with files.whole(tmp_path / "a"):
            pass
    assert (tmp_path / "a" / "thesis.txt").read_text() == "mine"


def test_two_processes_that_prepare_the_same(tmp_path):
    with pytest.raises(errors.UserError, match="by another process meanwhile"):  # noqa: SIM117
        with files.whole(tmp_path / "a") as partial:
            (partial / "x").write_text("mine")
            (tmp_path / "a").mkdir()
            (tmp_path / "a" / "x").write_text("theirs")
    assert (tmp_path / "a" / "x").read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_takes_the_place_of_another(tmp_path):
    final = tmp_path / "a"
    for text in ("1", "2"):
        with files.whole(final, replace=True) as partial:
            (partial / text).write_text(text)
    with pytest.raises(ZeroDivisionError):  # noqa: SIM117
        with files.whole(final, replace=True) as partial:
            (partial / "3").write_text("3")
            raise ZeroDivisionError
    assert [path.name for path in tmp_path.glob("**/*")] == ["a", "2"]
    (tmp_path / "b").write_text("mine")
    with pytest.raises(errors.UserError, match="is in the way"):  # noqa: SIM117
        with files.whole(tmp_path / "b", replace=True):
            pass
    assert (tmp_path / "b").read_text() == "mine"


def test_a_scratch_folder_is_removed_and_never_named():
    message = r"^What is prepared of mine.txt cannot be written: No space .* Set TMPDIR"
    with (
        pytest.raises(errors.UserError, match=message),
        files.scratch("mine.txt") as folder,
    ):
        raise OSError(errno.ENOSPC, "No space left on device", str(folder / "x"))
    assert not folder.exists()
    with pytest.raises(FileNotFoundError), files.scratch("mine.txt"):
        raise FileNotFoundError(errno.ENOENT, "No such file", "other.txt")


def test_text_is_written_as_utf8_whatever_it_holds(tmp_path):
    with files.created(tmp_path / "a") as file:
        file.write("\u65e5 \udcff \ud800")
    assert (tmp_path / "a").read_text("utf-8") == "\u65e5 \ufffd \ufffd"
