"""Set-up of every test; for those that ask, a finished run and an installed wheel."""

import os
import pathlib
import random
import shutil
import signal
import site
import subprocess
import sys
import tempfile
import venv

# A shell without job control starts what goes to the background with Ctrl-C ignored,
# and so would be all processes that tests start: they send it. Those get the default.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup has ignored
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# where tfm keeps which code it trained with, and rows: nothing of a test stays
_STATE = tempfile.TemporaryDirectory(prefix="tfm_tests_state_")
os.environ["XDG_STATE_HOME"] = os.environ["XDG_CACHE_HOME"] = _STATE.name

import pytest  # noqa: E402

from tests.support import reviews  # noqa: E402

_ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="module", autouse=True)
def _seeded() -> None:
    """What Keras draws without a seed is the same whatever module was tested before."""
    random.seed(0)


@pytest.fixture(autouse=True)
def _notes_are_told_again(monkeypatch):
    """Each test is told what a process is told once."""
    monkeypatch.setattr("tfm.data.readers.notes._told", set())


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> pathlib.Path:
    """A finished run on 240 reviews."""
    base = tmp_path_factory.mktemp("base")
    source = reviews.write_csv(base / "reviews.csv")
    assert (
        reviews.start(reviews.experiment(source), base / "run", "text_cls")
        == "finished"
    )
    return base / "run"


@pytest.fixture(scope="module")
def browser():
    """A browser without a window; the test is skipped where there is none."""
    from tests.support import browsers

    made = browsers.start()
    yield made
    made.driver.quit()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> pathlib.Path:
    """Built from a copy of the sources, so that the checkout stays as it is."""
    base = tmp_path_factory.mktemp("wheel")
    for name in ("tfm", "experiments"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(_ROOT / name, base / "source" / name, ignore=skip)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(_ROOT / name, base / "source" / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "-o", base, base / "source"],
        check=True,
        capture_output=True,
    )
    return next(base.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory) -> pathlib.Path:
    """The interpreter of an environment where tfm is installed from the wheel."""
    base = tmp_path_factory.mktemp("installed")
    venv.create(base / "venv", with_pip=True)
    python = base / "venv" / "bin" / "python"
    # the libraries are this environment's, but for tfm where it is installed from here
    packages = next((base / "venv" / "lib").glob("python*")) / "site-packages"
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()))
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel],
        check=True,
    )
    return python
