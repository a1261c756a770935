"""Every benchmark starts from a clone, where tfm is not installed."""

import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "benchmarks"
OTHERS = {"char_gpt_pytorch"}  # has an environment of its own
SCRIPTS = sorted(
    path.name
    for path in FOLDER.glob("*.py")
    if '__name__ == "__main__"' in path.read_text() and path.stem not in OTHERS
)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_it_says_what_it_does(name, tmp_path):
    done = subprocess.run(
        [sys.executable, "-P", str(FOLDER / name), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert name in done.stdout
