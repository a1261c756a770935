"""The notebooks in experiments/notebooks: pairs, installation, and a run of each."""

import ast
import functools
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from tests.support import kernels

FOLDER = pathlib.Path(__file__).parents[1] / "experiments/notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
FEW = {  # parameters of a quick run
    "own_data": {"NUM_ROWS": 200},
    "text_cls": {"STEPS": 4, "NUM_EXAMPLES": 200},
    "pretrain_and_finetune": {
        "STEPS": 3,
        "DOCUMENTS": 300,
        "LABELLED": 60,
        "EXAMPLES": 300,
        "FINE_TUNING_STEPS": 3,
    },
    "generate": {"STEPS": 6, "NUM_ROWS": 60},
    "translate": {"STEPS": 3, "NUM_ROWS": 200},
    "images": {"NUM_PICTURES": 30, "SIZE": 16, "EPOCHS": 1},
    "compare": {"NUM_ROWS": 200, "SEEDS": (0, 1), "STEPS": 3},
}
CLASSIFIERS = ("own_data", "text_cls")
pytestmark = pytest.mark.slow  # needs .ci/requirements.txt


@pytest.fixture(scope="module")
def convert():
    spec = importlib.util.spec_from_file_location("convert", FOLDER / "convert.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _read(name: str):
    import nbformat

    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def _code(name: str, beginning: str) -> str:
    """The first code cell with a line that begins so."""
    sources = (cell.source for cell in _read(name).cells if cell.cell_type == "code")
    return next(s for s in sources if re.search(f"^{beginning}", s, re.MULTILINE))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_what_jupytext_makes_of_its_script(convert, name):
    update = "python experiments/notebooks/convert.py"
    script, made = convert.script(name), convert.notebook(name)
    assert (FOLDER / f"{name}.py").read_text(encoding="utf-8") == script, update
    assert (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8") == made, update


def test_all_scripts_have_notebooks(convert):
    assert sorted(convert.NAMES) == NAMES == sorted(FEW)
    scripts = {path.stem for path in FOLDER.glob("*.py")}
    assert scripts == {*NAMES, "convert"}


@pytest.mark.parametrize("name", NAMES)
def test_links_and_installation_follow_the_repository(convert, monkeypatch, name):
    monkeypatch.setattr(convert, "REPOSITORY", "https://github.com/some-one/tfm.train")
    first, *_, last = re.findall(r"\S*github\S*", convert.notebook(name))
    colab = "https://colab.research.google.com/github/some-one/tfm.train/blob/main"
    assert f"({colab}/experiments/notebooks/{name}.ipynb)" in first
    assert "git+https://github.com/some-one/tfm.train" in last
    assert "OWNER" not in convert.notebook(name)


@pytest.mark.parametrize(
    ("there", "gpu", "devices", "asked", "tpu_name"),
    [
        ({"tfm", "tensorflow"}, True, "", None, None),
        ({"tensorflow"}, False, "", "tfm-train", None),
        ({"tensorflow"}, True, "", "tfm-train", None),
        ({"tensorflow", "libtpu"}, False, "accel*", "tfm-train", "local"),
        ({"tensorflow", "tfm", "libtpu"}, False, "vfio/[0-9]*", None, "local"),
        ({"tensorflow"}, True, "vfio/[0-9]*", "tfm-train", None),
        (set(), False, "accel*", "tfm-train[tpu]", None),
        (set(), True, "", "tfm-train[gpu]", None),
        (set(), False, "", "tfm-train[cpu]", None),
    ],
)
def test_no_second_tensorflow_is_installed(
    monkeypatch, there, gpu, devices, asked, tpu_name
):
    cells = {_code(name, "def is_there") for name in NAMES}
    (cell,) = cells  # the same in each
    started = []
    monkeypatch.delenv("TPU_NAME", raising=False)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: True if name in there else None
    )
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/it" if gpu else None)
    monkeypatch.setattr(
        pathlib.Path, "glob", lambda _, p: iter(["it"] if p == devices else [])
    )
    monkeypatch.setattr(subprocess, "run", lambda args, check: started.append(args))
    exec(compile(cell, "cell", "exec"), {})
    pip = [sys.executable, "-m", "pip", "install", "-q"]
    expected = [] if asked is None else [pip, pip]
    assert [args[:5] for args in started] == expected
    if asked is not None:
        assert started[0][5].partition(" @ ")[0] == asked
        assert started[1][5] == "--no-deps"
    assert os.environ.get("TPU_NAME") == tpu_name


@pytest.fixture(scope="module")
def executed(installed, tmp_path_factory):
    """A function from a notebook's name to its code cells, executed once."""

    @functools.cache
    def execute(name):
        notebook = _read(name)
        _set(notebook, FEW[name] | {"TENSORBOARD": False})
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # as a user's
            folder = tmp_path_factory.mktemp(name)
            kernels.execute(notebook, installed, folder, monkeypatch)
        return [cell for cell in notebook.cells if cell.cell_type == "code"]

    return execute


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_without_a_warning_and_has_a_picture(executed, name):
    cells = executed(name)
    for cell in cells:
        streams = [o for o in cell.outputs if o.output_type == "stream"]
        # on standard error are TensorFlow's notes and Python's warnings
        assert not [o.text for o in streams if o.name == "stderr"]
        assert not [o.text for o in streams if "Traceback" in o.text]
    assert len(_all(cells, "image/png")) == 1


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_it_predicts_and_scores(executed, name):
    cells = executed(name)
    predicted, table = (_result(cell) for cell in cells[-2:])
    assert re.search(r"'label': '(negative|positive)',\s+'probabilities'", predicted)
    assert re.search(r"prediction\n.*(negative|positive)\n", table)
    scores = _result(next(c for c in cells if c.source.startswith("scores = ")))
    assert re.search(r"test +reference\n", scores) and "accuracy" in scores


@pytest.mark.parametrize("name", sorted({*NAMES} - {*CLASSIFIERS}))
def test_the_report_is_in_the_notebook(executed, name):
    (page,) = _all(executed(name), "text/html", "<iframe srcdoc=")
    assert "Report on" in page and "&lt;svg" in page


def test_pretraining_is_told_beside_no_pretraining(executed):
    cells = executed("pretrain_and_finetune")
    assert "fine_tuned" in str(_all(cells, "text/plain", "from_scratch"))
    assert _all(cells, "text/plain", "'masks'")
    assert re.search("'label': '(negative|positive)'", _result(cells[-1]))


def test_generation_writes_at_each_temperature(executed):
    cells = executed("generate")
    printed = "".join(
        o.text for c in cells for o in c.outputs if o.output_type == "stream"
    )
    for temperature in (0.4, 0.8, 1.2):
        assert f"{temperature}: This film" in printed
    assert len(ast.literal_eval(_result(cells[-1]))) == 2


def test_translations_stand_beside_their_references(executed):
    cells = executed("translate")
    (table,) = _all(cells, "text/plain", "written")
    assert "target" in table and "text" in table
    assert len(ast.literal_eval(_result(cells[-1]))) == 3


def test_pictures_are_told_apart_by_their_paths(executed):
    cells = executed("images")
    (table,) = _all(cells, "text/plain", "shapes/circle")
    assert re.search("(circle|triangle|square|hexagon)$", table.splitlines()[-1])
    assert "'probabilities'" in _result(cells[-1])


def test_runs_are_compared_by_mean_and_spread(executed):
    cells = executed("compare")
    (table,) = _all(cells, "text/plain", "std")
    for name in ("text_cls_ngrams", "text_cls_cnn", "text_cls_stacked"):
        assert name in table
    assert re.search("'label': '(negative|positive)'", _result(cells[-1]))


def _all(cells, kind: str, part: str = "") -> list[str]:
    """The outputs of a kind with such a text in them."""
    found = [
        o.data[kind] for c in cells for o in c.outputs if kind in o.get("data", {})
    ]
    return [text for text in found if part in text]


def _set(notebook, values: dict) -> None:
    """Sets parameters in the cell that is tagged so."""
    (cell,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())]
    for name, value in values.items():
        cell.source, found = re.subn(
            rf"^{name} = .*", f"{name} = {value!r}", cell.source, flags=re.MULTILINE
        )
        assert found == 1, name


def _result(cell) -> str:
    (output,) = [o for o in cell.outputs if o.output_type == "execute_result"]
    return output.data["text/plain"]
