"""The folder of an export is whole or not there; what lies in the way stays."""

import shutil
import types

import pytest
import tensorflow as tf

from tfm import errors
from tfm import export
from tfm import exporting
from tfm.exporting import exported
from tfm.exporting import folder as export_folder


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_there_stays_as_it_is(tmp_path, kind):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.txt").write_text("mine")
    output = {"file": tmp_path / "mine" / "model.txt", "folder": tmp_path / "mine"}
    output |= {"link": tmp_path / "link"}
    output["link"].symlink_to(tmp_path / "mine")
    with pytest.raises(errors.UserError, match="is not empty|is no folder") as told:
        export.main(export.Options(run_dir="runs/none", output=str(output[kind])))
    assert "\n" not in str(told.value)
    assert (tmp_path / "mine" / "model.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(
        ["link", "mine", "model.txt"]
    )


@pytest.fixture
def untraced(monkeypatch):
    """Exports of nothing."""
    made = types.SimpleNamespace(signatures=dict, module=None)
    monkeypatch.setattr(exported, "Exported", lambda run, _: made)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("there", [False, True])
def test_an_export_that_is_cut_short_leaves_nothing(
    untraced, tmp_path, monkeypatch, error, there
):
    def half(made, folder, **_):
        (tmp_path / folder / "saved_model.pb").write_text("half")
        raise error

    output = tmp_path / "model"
    if there:
        output.mkdir()
    monkeypatch.setattr(tf.saved_model, "save", half)
    with pytest.raises(error):
        exporting.export(None, output)
    assert [*tmp_path.rglob("*")] == ([output] if there else [])


def test_a_full_disk_is_one_line(untraced, tmp_path, monkeypatch):
    def full(made, folder, **_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(errors.UserError, match="cannot be written: No space left"):
        exporting.export(None, tmp_path / "model")
    assert not [*tmp_path.iterdir()]


def test_mistakes_are_told_before_anything_is_loaded(tmp_path):
    with pytest.raises(errors.UserError, match="Give --output=DIR"):
        export.main(export.Options(run_dir="runs/none"))
    with pytest.raises(errors.UserError, match="There is no run folder"):
        export.main(
            export.Options(run_dir=str(tmp_path / "no"), output=str(tmp_path / "model"))
        )
    assert not [*tmp_path.iterdir()]


def test_an_empty_folder_may_be_there(tmp_path):
    assert exporting.check(tmp_path) == tmp_path
    assert export_folder.check(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert not [*tmp_path.iterdir()]
    shutil.rmtree(tmp_path)
