"""A user's own code: which files it is, and what its imports find."""

import pathlib
import shutil
import sys

import pytest

from tfm import config
from tfm import errors
from tfm.config import loading
from tfm.config import own_code


def _write(folder: pathlib.Path, **files: str) -> pathlib.Path:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "main.py"


def test_the_files_are_those_that_it_reaches(tmp_path):
    main = _write(
        tmp_path,
        main="import json, layers\ndef f():\n    from parts.deep import x\n",
        layers="from parts import deep\nSIZE = 3\n",
        parts__deep="from . import near\nx = near.y\n",
        parts__near="y = 7\n",
        json="raise RuntimeError\n",  # hidden by Python's own
        unused="",
    )
    code = own_code.OwnCode.of(main)
    assert sorted(code.files) == [
        "layers.py",
        "main.py",
        "parts/deep.py",
        "parts/near.py",
    ]


def test_imports_find_the_own_files_and_later_ones_too(tmp_path, monkeypatch):
    main = _write(
        tmp_path,
        main="import layers\nimport parts.deep\n"
        "def late():\n    import only_late\n    return only_late.z\n",
        layers="SIZE = 3\n",
        parts__deep="x = 7\n",
        only_late="z = 9\n",
    )
    before = list(sys.path)
    module = loading.load_module(main)
    assert (module.layers.SIZE, module.parts.deep.x) == (3, 7)
    assert module.late() == 9
    assert sys.path == before and "layers" not in sys.modules
    assert not list(tmp_path.rglob("*.pyc"))


def test_code_that_has_moved_goes_on_importing(tmp_path):
    files = {
        "main": "def late():\n    import only_late\n    return only_late.z\n",
        "only_late": "z = 9\n",
    }
    module = loading.load_module(_write(tmp_path / "project", **files))
    kept = _write(tmp_path / "run/code", **files).parent
    shutil.rmtree(tmp_path / "project")
    contents = {f"{name}.py": text.encode() for name, text in files.items()}
    moved = own_code.OwnCode(kept, "main", contents, kept=True)
    assert moved.module() is module  # the same code
    assert module.late() == 9


def test_two_versions_live_in_one_process(tmp_path):
    modules = []
    for size in (1, 2):
        folder = tmp_path / str(size)
        text = f"SIZE = {size}\n"
        main = _write(folder, main="from layers import SIZE\n", layers=text)
        modules.append(loading.load_module(main))
    assert [module.SIZE for module in modules] == [1, 2]
    main = _write(tmp_path / "1", main="from layers import SIZE\n", layers="SIZE = 8\n")
    assert loading.load_module(main).SIZE == 8  # edited: not the one from before


def test_an_installed_module_hides_a_helper_and_that_is_told(tmp_path, capsys):
    text = "import keras\nmine = hasattr(keras, 'MINE')\n"
    main = _write(tmp_path, main=text, keras="MINE = 1\n")
    assert loading.load_module(main).mine is False
    said = capsys.readouterr().err
    assert said.startswith(f"warning: {tmp_path}/keras.py is hidden by the installed")
    assert said.endswith("keras/__init__.py). Give it another name.\n")
    kept = own_code.OwnCode(tmp_path, "main", {"main.py": b"x"}, kept=True)
    assert kept.owns("keras")  # of a run: on another machine other things are there


def test_a_mistake_in_a_helper_names_the_helper(tmp_path):
    main = _write(tmp_path, main="import layers\n", layers="x = 1\ndef f(:\n")
    with pytest.raises(errors.UserError) as told:
        loading.load_module(main)
    assert str(told.value) == f"{tmp_path}/layers.py:2: invalid syntax."
    (tmp_path / "layers.py").write_bytes(b"x = '\xff'\n")
    with pytest.raises(errors.UserError, match="layers.py"):
        loading.load_module(main)


def test_the_list_survives_what_lies_about(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "experiments"
    _write(folder, good='"""Good: a line."""\n', broken="def f(:\n")
    (folder / "latin.py").write_bytes('"""Größe."""\n'.encode("latin-1"))
    (folder / ".#good.py").symlink_to("nowhere@host:1234")
    (folder / "#good.py#").write_text("")
    (folder / "folder.py").mkdir()
    found = config.shipped_and_own()
    mine = {n: p for n, p in found.items() if p.parent.name == "experiments"}
    names = {n for n, p in mine.items() if p.resolve().is_relative_to(tmp_path)}
    assert names == {"good", "broken", "latin"}
    lines = {name: loading.first_line(found[name]) for name in names}
    assert lines["good"] == "Good: a line."
    assert lines["broken"] == "(line 1: invalid syntax)"
    assert lines["latin"].startswith("(")
