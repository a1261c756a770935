"""Every shipped experiment trains a few steps through its command, and predicts."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
NAMES = sorted(path.stem for path in (ROOT / "experiments").glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_and_predicts(name, tmp_path):
    def run(module, *arguments):
        done = subprocess.run(
            [sys.executable, "-m", f"tfm.{module}", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert not done.stderr, done.stderr
        return done.stdout

    shown = run(
        "train",
        f"--experiment={name}",
        "--train.steps=3",
        "--data.max_examples=300",
        "--train.batch_size=8",
    )
    run_dir = f"runs/{name}"
    assert f"python -m tfm.predict --run_dir={run_dir}" in shown
    scores = json.loads((tmp_path / run_dir / "metrics.json").read_text())
    assert 0 <= scores["test"]["accuracy"] <= 1
    assert scores["test"]["step"] == 3
    found = json.loads(run("predict", f"--run_dir={run_dir}", "--json", "--text=fine"))
    assert sum(found["probabilities"].values()) == pytest.approx(1.0)
