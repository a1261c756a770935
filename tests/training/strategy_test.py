"""The same update for any number of replicas, micro-batches and processes."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
# Sums are taken in another order, which changes the last bits of float32 (6e-8). SGD
# keeps that; an optimizer that divides by a gradient's own size makes the rounding
# of a gradient near zero as large as a fraction of an update.
TOLERANCE = {"sgd": 5e-6, "adamw": 2e-4, "adafactor": 2e-4}
ALL = [f"{r}-{m}" for r in (1, 2, 4) for m in (1, 2, 4)]
# TFM_ALL_WAYS=1 compares all nine ways for each optimizer and model: ten minutes
WHOLE = bool(os.environ.get("TFM_ALL_WAYS"))
WAYS = {
    ("adamw", "lstm"): ALL if WHOLE else ["1-1", "1-4", "2-2", "4-1"],
    ("adamw", "transformer"): ALL if WHOLE else ["1-1", "2-1"],
    ("sgd", "lstm"): ALL if WHOLE else ["1-1", "4-1"],
    ("sgd", "transformer"): ALL if WHOLE else ["1-1", "1-2"],
    ("adafactor", "lstm"): ALL if WHOLE else ["1-1", "2-1"],
    ("adafactor", "transformer"): ALL if WHOLE else ["1-1", "1-4"],
}


def _run(out: pathlib.Path, cases: list[str], **environment: str) -> dict:
    command = [sys.executable, "-m", "tests.training.invariance", str(out), *cases]
    subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
        capture_output=True,
        timeout=1200,
    )
    return dict(np.load(out))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, np.ndarray]:
    cases = [f"{way}-{o}-{model}" for (o, model), ways in WAYS.items() for way in ways]
    found = {}
    for replicas in "124":
        out = tmp_path_factory.mktemp("invariance") / "out.npz"
        found |= _run(out, [case for case in cases if case[0] == replicas])
    return found


@pytest.mark.parametrize("model", ["lstm", "transformer"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "adafactor"])
def test_losses_and_weights_do_not_depend_on_the_division(outcomes, optimizer, model):
    alone = outcomes[f"1-1-{optimizer}-{model}"]
    assert np.isfinite(alone).all()
    for way in WAYS[optimizer, model]:
        difference = _difference(outcomes[f"{way}-{optimizer}-{model}"], alone)
        assert difference <= TOLERANCE[optimizer], (way, difference)


@pytest.mark.parametrize("broken", ["mean", "clip"])
def test_the_comparison_sees_a_broken_safeguard(tmp_path, broken):
    cases = ["1-1-sgd-lstm", "2-1-sgd-lstm"]
    alone, two = (
        _run(tmp_path / "out.npz", [case], BREAK=broken)[case] for case in cases
    )
    difference = _difference(two, alone)
    assert difference > 100 * TOLERANCE["sgd"]


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest one, of values above 1 as a share of them."""
    return float(np.max(np.abs(found - expected) / np.maximum(np.abs(expected), 1.0)))


def test_two_processes_equal_one(tmp_path, outcomes):
    cases = ["2-1-adamw-lstm", "2-2-adamw-lstm"]
    module = [sys.executable, "-m", "tests.training.invariance"]
    command = [*module, str(tmp_path / "out.npz"), *cases]
    start = (
        "import sys; from tfm import launch; sys.exit(launch.launch(sys.argv[1:], 2))"
    )
    done = subprocess.run(
        [sys.executable, "-c", start, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = dict(np.load(tmp_path / "out.npz"))
    for case in cases:
        alone = outcomes[f"1-1-{case[4:]}"]
        assert _difference(found[case], alone) <= TOLERANCE["adamw"]
