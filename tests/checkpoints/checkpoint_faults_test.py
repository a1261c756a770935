"""Kills, full disks and other faults leave the last good checkpoint whole."""

import errno
import os
import random
import shutil
import subprocess
import time

import pytest

from tests.support import small_run
from tfm import errors
from tfm.checkpoints import bundle
from tfm.checkpoints import checkpoints


@pytest.fixture
def full_disk(tmp_path):
    """A disk of 100 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here: it takes root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_told_and_the_last_good_one_stays(full_disk):
    run = small_run.Run(full_disk, keep=1)
    run.save_steps(1)
    before = run.values()
    (full_disk / "rest").write_bytes(bytes(shutil.disk_usage(full_disk).free - 8192))
    run.fill(2)
    run.state.step.assign(2)
    run.state.save()
    with pytest.raises(errors.UserError) as error:
        run.state.wait()
    assert str(error.value) == (
        f"The checkpoint {full_disk}/last/step-00000002 cannot be written: "
        "No space left on device. The last good one there: step 1."
    )
    assert [path.name for path in (full_disk / "last").iterdir()] == ["step-00000001"]
    other = small_run.Run(full_disk, keep=1)
    assert other.state.restore() and other.values() == before
    (full_disk / "rest").unlink()
    run.state.save()  # the same step once more, now that there is room
    run.state.wait()
    assert checkpoints.steps(full_disk / "last") == [2]


def _no_space(_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_error_in_the_background_is_raised_by_the_next_save(tmp_path, monkeypatch):
    run = small_run.Run(tmp_path, keep=1)
    run.save_steps(1)
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "_sync", _no_space)
        run.state.step.assign(2)
        run.state.save_best()
        run.state.save()  # waits for nothing: it is a link
        run.state.step.assign(3)
        with pytest.raises(errors.UserError, match="best/step-00000002 .* No space"):
            run.state.save()
    assert [path.name for path in (tmp_path / "last").iterdir()] == ["step-00000001"]
    assert not any((tmp_path / "best").iterdir())
    run.state.save()
    run.state.wait()
    assert checkpoints.steps(tmp_path / "last") == [3]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "last").write_text("not a folder")
    state = small_run.Run(tmp_path).state
    state.save()
    with pytest.raises(errors.UserError, match="cannot be written: Not a directory"):
        state.wait()
    state.wait()  # told once


def test_leaving_the_block_tells_what_went_wrong(tmp_path, monkeypatch, capsys):
    with small_run.Run(tmp_path).state as state:
        state.save()
    assert checkpoints.steps(tmp_path / "last") == [0]
    monkeypatch.setattr(bundle, "_sync", _no_space)
    with (
        pytest.raises(errors.UserError, match="No space"),
        small_run.Run(tmp_path).state as state,
    ):
        state.save_best()
    with pytest.raises(ZeroDivisionError), small_run.Run(tmp_path).state as state:
        state.save_best()
        _ = 1 // 0
    assert "error: The checkpoint" in capsys.readouterr().err


def test_scratch_of_a_killed_process_is_cleared_away(tmp_path):
    left = tmp_path / "last/step-00000007.tmp"
    left.mkdir(parents=True)
    (left / "state.data").write_bytes(bytes(100))
    run = small_run.Run(tmp_path)
    assert not run.state.restore()
    run.save_steps(1)
    assert [path.name for path in (tmp_path / "last").iterdir()] == ["step-00000001"]


BALLAST = 1_000_000  # numbers, so that a write takes some time


def _save_for_ever(folder, committed) -> None:
    """Saves step after step, each with all variables at the step's own values."""
    run = small_run.Run(folder, keep=2, ballast=BALLAST)
    run.state.restore()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        step = int(run.state.step) + 1
        run.fill(step)
        run.state.step.assign(step)
        run.state.save()
        run.state.save_best()
        if step % 3 == 0:
            run.state.wait()
            committed.send(step)


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_a_newest_one_that_is_whole(tmp_path, capsys):
    rng = random.Random(5)
    run = small_run.Run(tmp_path, ballast=BALLAST)
    expected = small_run.Run(tmp_path / "other", ballast=BALLAST)
    reached = 0
    for _ in range(8):
        ours, theirs = small_run.PROCESSES.Pipe(duplex=False)
        process = small_run.PROCESSES.Process(
            target=_save_for_ever, args=(tmp_path, theirs)
        )
        process.start()
        theirs.close()
        assert ours.poll(60)
        time.sleep(rng.uniform(0.0, 0.15))
        process.kill()
        process.join(10)
        committed = 0
        while ours.poll():
            try:
                committed = ours.recv()
            except EOFError:
                break
        assert run.state.restore()
        assert int(run.state.step) >= committed > reached
        reached = int(run.state.step)
        expected.fill(reached)
        expected.state.step.assign(reached)
        assert run.values() == expected.values()
        assert run.state.restore_best()
    assert "warning:" not in capsys.readouterr().err
