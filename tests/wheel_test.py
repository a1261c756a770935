"""The wheel, installed, trains the default experiment far from the checkout."""

import email
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

import tfm

ROOT = pathlib.Path(__file__).parents[1]
pytestmark = pytest.mark.slow  # needs .ci/requirements.txt


def test_it_holds_every_module_and_experiment_and_nothing_global(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (("tfm", "tfm"), ("experiments", "tfm/experiments")):
        for path in (ROOT / folder).rglob("*.py"):
            expected = f"{inside}/{path.relative_to(ROOT / folder).as_posix()}"
            assert expected in names
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tfm"}


def test_it_asks_for_no_tensorflow_but_in_its_extras(wheel):
    archive = zipfile.ZipFile(wheel)
    name = next(n for n in archive.namelist() if n.endswith("/METADATA"))
    lines = archive.read(name).decode().splitlines()
    needs = [line for line in lines if line.startswith("Requires-Dist:")]
    heavy = ("tensorflow>", "tensorflow<", "tensorflow[", "tensorflow-t", "keras-nlp")
    for line in needs:
        if line.split()[1].startswith(heavy):
            assert "extra ==" in line, line


def test_an_index_would_take_it(wheel):
    pytest.importorskip("twine", reason="pip install -r .ci/requirements.txt")
    (sources,) = wheel.parent.glob("*.tar.gz")
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", wheel, sources],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASSED") == 2
    archive = zipfile.ZipFile(wheel)
    name = next(n for n in archive.namelist() if n.endswith("/METADATA"))
    metadata = email.message_from_bytes(archive.read(name))
    assert metadata["Name"] == "tfm-train" and metadata["Version"] == tfm.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["License-File"] == "LICENSE" and metadata["Keywords"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().strip() == (ROOT / "README.md").read_text().strip()
    minors = {
        line.rpartition(" ")[2]
        for line in metadata.get_all("Classifier")
        if line.startswith("Programming Language :: Python :: 3.")
    }
    assert minors == {"3.11", "3.12"} and metadata["Requires-Python"] == ">=3.11"


CLEAN = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}


def test_a_script_of_a_users_own_runs_from_the_wheel(installed, tmp_path):
    shutil.copyfile(ROOT / "tests/support/api_script.py", tmp_path / "script.py")
    done = subprocess.run(
        [installed, "script.py", "run"],
        cwd=tmp_path,
        env=CLEAN,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("all is well\n")
    listed = subprocess.run(
        [installed.with_name("tfm")],
        env=CLEAN,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "  train      Trains an experiment\n" in listed.stdout


def test_it_trains_from_an_empty_folder(installed, tmp_path):
    packages = next(installed.parents[1].glob("lib/python*")) / "site-packages"
    empty = tmp_path / "empty"
    empty.mkdir()
    clean = CLEAN
    train = [installed, "-m", "tfm.train", "--experiment=text_cls", "--train.steps=2"]
    done = subprocess.run(
        [*train, "--data.max_examples=200"],
        cwd=empty,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Finished at step 2" in done.stdout
    assert (empty / "runs/text_cls/metrics.json").is_file()
    where = subprocess.run(
        [installed, "-c", "import tfm; print(tfm.__file__)"],
        cwd=empty,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(packages))
