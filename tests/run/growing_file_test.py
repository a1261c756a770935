"""Outputs that are interrupted, and go on: nothing that was done is lost or doubled."""

import gzip
import subprocess
import sys

import pytest

from tfm import errors
from tfm.run import growing_file

KILLED = """
import os, pathlib, signal, sys
from tfm.run import growing_file

growing_file._SECONDS = 0
with growing_file.growing(pathlib.Path(sys.argv[1]), {"seed": 1}) as file:
    file.state["added"] = ["x"]
    for row in range(3):
        file.write(f"row {row}\\n")
        file.done(row + 1)
    file.write("half a r")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _text(path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def _fill(path, first, last, made_by=None):
    with growing_file.growing(path, made_by or {"seed": 1}) as file:
        assert file.rows == first
        for row in range(first, last):
            file.write(f"row {row}\n")
            file.done(row + 1)
        return file.state


@pytest.mark.parametrize("name", ["o.csv", "o.csv.gz"])
@pytest.mark.parametrize("torn", [False, True])
def test_a_killed_one_goes_on_behind_its_last_row(tmp_path, name, torn):
    path = tmp_path / name
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert not path.exists()
    if torn:  # killed while it wrote
        with (tmp_path / f"{name}.part").open("ab") as file:
            file.write(b"\x1f\x8brow")
    assert _fill(path, 3, 5)["added"] == ["x"]
    assert _text(path) == "".join(f"row {row}\n" for row in range(5))
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_an_interrupted_one_keeps_all_that_is_done_and_says_so(tmp_path, capsys):
    path = tmp_path / "o.jsonl"
    with (
        pytest.raises(KeyboardInterrupt),
        growing_file.growing(path, {"seed": 1}) as file,
    ):
        file.write("row 0\n")
        file.done(1)
        file.write("row 1\n")
        raise KeyboardInterrupt
    assert capsys.readouterr().err == (
        f"note: 1 rows are kept in {path}.part; the same command goes on from there.\n"
    )
    _fill(path, 1, 2)
    assert _text(path) == "row 0\nrow 1\n"


def test_one_that_did_nothing_leaves_nothing(tmp_path, capsys):
    with (
        pytest.raises(ZeroDivisionError),
        growing_file.growing(tmp_path / "o.csv", {}) as file,
    ):
        file.write("header\n")
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())
    assert not capsys.readouterr().err


def test_rows_of_other_settings_are_not_mixed_with_these(tmp_path):
    path = tmp_path / "o.csv"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    before = (tmp_path / "o.csv.part").read_bytes()
    message = r"o.csv.part holds 3 rows of other settings, .* or remove it\."
    with pytest.raises(errors.UserError, match=message):
        _fill(path, 0, 1, {"seed": 2})
    assert (tmp_path / "o.csv.part").read_bytes() == before
    _fill(path, 3, 4)


def test_two_do_not_write_one_file(tmp_path):
    path = tmp_path / "o.csv"
    with growing_file.growing(path, {}) as first:
        with (
            pytest.raises(errors.UserError, match="is being written by another"),
            growing_file.growing(path, {}),
        ):
            pass
        first.write("row 0\n")
        first.done(1)
    assert _text(path) == "row 0\n"


def test_the_file_before_stays_until_all_is_written(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text("before")
    with growing_file.growing(path, {}) as file:
        file.write("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    with (
        pytest.raises(errors.UserError, match="cannot be written: No such file"),
        growing_file.growing(tmp_path / "no" / "o.csv", {}),
    ):
        pass
