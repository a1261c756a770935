"""Damaged checkpoints are noticed, told, and passed over."""

import os
import pathlib

import pytest
import tensorflow as tf

from tests.support import small_run
from tfm import errors
from tfm.checkpoints import bundle
from tfm.checkpoints import checkpoints


def test_no_byte_of_a_checkpoint_can_change_unnoticed(tmp_path):
    tensors = {"a": tf.range(5, dtype=tf.float32), "b": tf.constant([1, 2], tf.int8)}
    folder = tmp_path / "step"
    bundle.write(folder, tensors)
    read = bundle.Bundle(folder).read(tensors)
    assert read["a"].tolist() == [0, 1, 2, 3, 4] and read["b"].tolist() == [1, 2]
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for i in range(len(whole)):
            changed = bytes([whole[i] ^ 0x40])
            for damaged in (whole[:i] + changed + whole[i + 1 :], whole[:i]):
                path.write_bytes(damaged)
                with pytest.raises(bundle.DamagedError):
                    bundle.Bundle(folder).read(tensors)
        path.unlink()
        with pytest.raises(bundle.DamagedError):
            bundle.Bundle(folder).read(tensors)
        path.write_bytes(whole)
    bundle.Bundle(folder).read(tensors)


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _halve(path):
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("damage", [_flip, _halve, pathlib.Path.unlink])
@pytest.mark.parametrize("file", ["state.data-00000-of-00001", "state.index"])
@pytest.mark.parametrize("kind", ["last", "best"])
def test_the_one_before_a_damaged_one_is_used(tmp_path, capfd, kind, file, damage):
    run = small_run.Run(tmp_path)
    for step in (1, 2):
        run.fill(step)
        run.state.step.assign(step)
        run.state.save() if kind == "last" else run.state.save_best()
        if step == 1:
            expected = run.values()
    run.state.wait()
    damage(tmp_path / kind / "step-00000002" / file)
    other = small_run.Run(tmp_path)
    restored = other.state.restore() if kind == "last" else other.state.restore_best()
    assert restored and other.values() == expected
    told = capfd.readouterr().err.splitlines()
    told = [line for line in told if line.startswith("warning:")]
    assert len(told) == 1 and f"{kind}/step-00000002 is damaged" in told[0]


def test_a_damaged_one_is_removed_when_training_has_gone_on(tmp_path, capsys):
    small_run.Run(tmp_path).save_steps(1, 2, 9)
    _flip(tmp_path / "last/step-00000009/state.index")
    run = small_run.Run(tmp_path, keep=2)
    assert run.state.restore() and int(run.state.step) == 2
    run.save_steps(3)
    assert checkpoints.steps(tmp_path / "last") == [2, 3]
    assert small_run.Run(tmp_path).state.restore()
    assert capsys.readouterr().err.count("warning:") == 1


def test_a_damaged_one_is_replaced_when_training_comes_to_its_step(tmp_path, capsys):
    small_run.Run(tmp_path).save_steps(1, 2)
    _flip(tmp_path / "last/step-00000002/state.index")
    run, other = small_run.Run(tmp_path), small_run.Run(tmp_path)
    assert run.state.restore()
    run.save_steps(2)
    assert other.state.restore() and other.values() == run.values()


def test_all_damaged_is_an_error_and_no_new_beginning(tmp_path, capsys):
    run = small_run.Run(tmp_path)
    run.save_steps(1, 2)
    for path in (tmp_path / "last").glob("*/state.index"):
        _flip(path)
    with pytest.raises(errors.UserError, match="last can be read: all 2 are damaged"):
        run.state.restore()
    with pytest.raises(errors.UserError, match="all 2 are damaged"):
        checkpoints.restore_weights(run.model, tmp_path / "last")
    assert "index does not match its checksum" in capsys.readouterr().err


def test_nothing_is_restored_by_halves(tmp_path, capsys):
    run = small_run.Run(tmp_path)
    run.save_steps(1)
    before = run.values()
    run.save_steps(2)
    run.state.restore()
    data = tmp_path / "last/step-00000002/state.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[-1] ^= 1  # of the last tensor alone
    data.write_bytes(content)
    run.fill(7)
    assert run.state.restore() and run.values() == before


def test_one_removed_while_it_is_read_is_not_told_as_damaged(
    tmp_path, monkeypatch, capsys
):
    run = small_run.Run(tmp_path, keep=1)
    run.save_steps(1)
    opened = bundle.Bundle

    def late(folder):
        if folder.name == "step-00000001":
            run.save_steps(2)
        return opened(folder)

    monkeypatch.setattr(bundle, "Bundle", late)
    assert checkpoints.restore_weights(run.model, tmp_path / "last") == 2
    assert not capsys.readouterr().err


def test_the_newest_state_may_be_among_the_best(tmp_path):
    run = small_run.Run(tmp_path)
    run.save_steps(1)
    run.state.step.assign(2)
    run.state.save_best()  # killed before save()
    other = small_run.Run(tmp_path)
    run.state.wait()
    assert other.state.restore() and int(other.state.step) == 2
