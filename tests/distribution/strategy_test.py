"""The same update for any number of replicas, micro-batches and processes."""

import os
import pathlib
import subprocess
import sys
import typing

import numpy as np
import pytest

from tfm import errors
from tfm import train
from tfm.distribution import strategy

ROOT = pathlib.Path(__file__).parents[2]
# Sums are taken in another order, which changes the last bits of float32 (6e-8). SGD
# keeps that; an optimizer that divides by a gradient's own size makes the rounding
# of a gradient near zero as large as a fraction of an update.
# Attention carries it further, and products of other sizes are other kernels: by the
# processor, up to 1.1e-5 was seen.
ATTENTION = {("sgd", "transformer"): 2e-5}
TOLERANCE = {"sgd": 5e-6} | dict.fromkeys(("adamw", "adafactor", "lamb", "muon"), 2e-4)
ALL = [f"{r}-{m}" for r in (1, 2, 4) for m in (1, 2, 4)]
# The way and the model matter most under SGD, which is compared most closely; of an
# optimizer whose state is more than an entry's own, one way is enough.
WAYS = {
    ("sgd", "lstm"): ["1-1", "1-4", "2-2", "4-1"],
    ("sgd", "transformer"): ["1-1", "2-2"],
    ("sgd", "words"): ["1-1", "2-1"],
    ("adamw", "words"): ["1-1", "2-2"],
    ("adafactor", "words"): ["1-1", "2-2"],
    ("lamb", "words"): ["1-1", "2-2"],
    ("muon", "words"): ["1-1", "2-2"],
    ("lion", "transformer"): ["1-1", "2-2"],
}
if os.environ.get("TFM_ALL_WAYS"):  # six minutes of CPU
    for optimizer in ("sgd", "adamw", "adafactor"):
        WAYS |= {(optimizer, "lstm"): ALL, (optimizer, "transformer"): ALL}
BREAKS = ("mean", "reduce")
DROPOUT = ["masks", "2-1-sgd-dropout", "2-1-sgd-dropout:again"]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, np.ndarray]:
    cases = [f"{way}-{o}-{model}" for (o, model), ways in WAYS.items() for way in ways]
    cases += [f"{r}-1-sgd-words-{broken}" for r in (1, 2) for broken in BREAKS]
    cases += DROPOUT
    found = {}
    for replicas in ("12m", "4"):  # a process cannot have collectives of several sizes
        out = tmp_path_factory.mktemp("invariance") / "out.npz"
        module = ["-m", "tests.support.invariance", str(out)]
        subprocess.run(
            [sys.executable, *module, *(case for case in cases if case[0] in replicas)],
            cwd=ROOT,
            check=True,
            capture_output=True,
            timeout=3600,
        )
        found |= np.load(out)
    return found


@pytest.mark.parametrize(("optimizer", "model"), [o for o in WAYS if o[0] != "lion"])
def test_losses_and_weights_do_not_depend_on_the_division(outcomes, optimizer, model):
    alone = outcomes[f"1-1-{optimizer}-{model}"]
    assert np.isfinite(alone).all()
    for way in WAYS[optimizer, model]:
        difference = _difference(outcomes[f"{way}-{optimizer}-{model}"], alone)
        allowed = ATTENTION.get((optimizer, model), TOLERANCE[optimizer])
        assert difference <= allowed, (way, difference)


def test_lion_differs_only_in_weights_that_no_gradient_moves(outcomes):
    # It steps by the sign of the gradient, and so by the sign of the rounding where the
    # gradient is zero but for that: in attention's key biases, on which no output
    # depends. All else is equal, the losses and gradient norms too.
    alone, two = (outcomes[f"{way}-lion-transformer"] for way in ("1-1", "2-2"))
    assert _difference(two[:40], alone[:40]) <= TOLERANCE["sgd"]
    moved = np.abs(two - alone)[40:]
    assert np.sum(moved > TOLERANCE["sgd"]) <= 8  # the key biases
    assert moved.max() <= 20 * 2 * 0.001  # 20 steps in opposite directions


@pytest.mark.parametrize("broken", BREAKS)
def test_the_comparison_sees_a_broken_safeguard(outcomes, broken):
    alone, two = (outcomes[f"{r}-1-sgd-words-{broken}"] for r in (1, 2))
    assert _difference(two, alone) > 100 * TOLERANCE["sgd"]


def test_replicas_drop_different_entries_and_a_run_drops_the_same_again(outcomes):
    (first, second), (same, as_well) = outcomes["masks"] > 0
    assert 0.4 < first.mean() < 0.6 and 0.4 < second.mean() < 0.6
    assert 0.4 < np.mean(first == second) < 0.6
    np.testing.assert_array_equal(same, as_well)  # what Keras alone would do
    run, again = (outcomes[case] for case in DROPOUT[1:])
    np.testing.assert_array_equal(run, again)
    assert _difference(run, outcomes["2-1-sgd-words"]) > 0.01


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest one, of values above 1 as a share of them."""
    return float(np.max(np.abs(found - expected) / np.maximum(np.abs(expected), 1.0)))


def test_two_processes_equal_one_and_drop_what_two_replicas_drop(tmp_path, outcomes):
    expected = {
        "2-2-sgd-lstm": outcomes["1-1-sgd-lstm"],
        "2-1-sgd-dropout": outcomes["2-1-sgd-dropout"],
    }
    module = [sys.executable, "-m", "tests.support.invariance"]
    command = [*module, str(tmp_path / "out.npz"), *expected]
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
    found = np.load(tmp_path / "out.npz")
    for case, values in expected.items():
        optimizer = case.split("-")[2]
        assert _difference(found[case], values) <= TOLERANCE[optimizer], case


@pytest.fixture(scope="module")
def several_fits(tmp_path_factory) -> dict[str, dict[str, np.ndarray]]:
    """Of two processes, what each of their runs came to."""
    found = {}
    for cases in (("wide", "narrow"), ("narrow",)):
        out = tmp_path_factory.mktemp("fits") / "out.npz"
        subprocess.run(
            [sys.executable, "-m", "tests.support.several_fits", str(out), *cases],
            cwd=ROOT,
            check=True,
            capture_output=True,
            timeout=900,
        )
        found[" ".join(cases)] = dict(np.load(out))
    return found


@pytest.mark.slow
def test_a_process_trains_several_runs_as_if_each_were_alone(several_fits):
    several, alone = several_fits["wide narrow"], several_fits["narrow"]
    np.testing.assert_array_equal(several["1-narrow"], alone["0-narrow"])
    assert np.isfinite(several["0-wide"]).all()
    assert several["0-wide"].size > several["1-narrow"].size


@pytest.mark.slow
def test_another_strategy_in_the_same_process_is_refused(several_fits):
    assert several_fits["narrow"]["told"].tolist() == [
        "A process can have one distributed strategy. This one has mirrored on CPU:0, "
        "CPU:1; got tpu. Start another process.",
        "logical_devices must be given before TensorFlow is used, and stays in a "
        "process. Got 3 where there are 2.",
    ]


def _command_line(*flags: str) -> subprocess.CompletedProcess:
    """tfm.train, which says at its end whether TensorFlow was imported."""
    code = (
        "import runpy, sys\n"
        "try: runpy.run_module('tfm.train', None, '__main__', alter_sys=True)\n"
        "finally: print('tensorflow' in sys.modules, file=sys.stderr)"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "parameter_server",
            "--strategy=parameter_server is left out on purpose: its asynchronous "
            "updates cannot give the result of one device. Use multi_worker.",
        ),
        (
            "miror",
            "--strategy takes one of auto, one, mirrored, multi_worker, tpu (did you "
            "mean mirrored?). Got 'miror'.",
        ),
    ],
)
def test_what_is_no_strategy_is_refused_before_tensorflow_is_there(name, reason):
    done = _command_line("--experiment=text_cls", f"--strategy={name}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {reason}\nFalse\n"
    with pytest.raises(errors.UserError, match="strategy must be auto, one, mirrored"):
        strategy.choose(name)


def test_help_names_every_strategy_and_no_parameter_server():
    said = _command_line("--help").stdout
    choices = " | ".join(typing.get_args(train.Strategy))
    assert choices in " ".join(said.split()) and "parameter_server" not in said
