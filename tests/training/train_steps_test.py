"""Each train step: the same update however the batch is divided; exact resume."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
NAMES = ("mean", "global", "multi", "sam", "sam_global", "sam_multi", "teacher")
NAMES += ("teacher_sam",)
# replicas-micro_batches; all of them in .ci/run
SOME = ("1-1", "2-2")
OTHERS = ("1-2", "2-1", "4-1", "4-2")
# Sums are taken in another order. SGD without dropout: float32's rounding alone.
TOLERANCE = 2e-6


def _run(out: pathlib.Path, cases: list[str], *launcher: str) -> dict[str, np.ndarray]:
    module = [sys.executable, "-m", "tests.support.step_cases", str(out)]
    done = subprocess.run(
        [*launcher, *module, *cases],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(np.load(out))


def _outcomes(folder: pathlib.Path, cases: list[str]) -> dict[str, np.ndarray]:
    found = {}
    for replicas in ("12c", "4"):  # a process cannot have collectives of several sizes
        mine = [case for case in cases if case[0] in replicas]
        if mine:
            found |= _run(folder / f"{replicas}.npz", mine)
    return found


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, np.ndarray]:
    """By CASE/WHAT; see tests/support/step_cases.py."""
    cases = [f"{way}-{name}" for way in SOME for name in (*NAMES, "batch_norm")]
    cases += [f"{way}-naive" for way in ("1-1", "2-1", "1-2")]
    cases += ["1-1-synchronized", "2-1-synchronized", "2-1-batch_norm", "collectives"]
    return _outcomes(tmp_path_factory.mktemp("steps"), cases)


@pytest.fixture(scope="module")
def all_outcomes(tmp_path_factory) -> dict[str, np.ndarray]:
    names = (*NAMES, "batch_norm", "batch_norm_sam")
    cases = [f"{way}-{name}" for way in (*SOME, *OTHERS) for name in names]
    return _outcomes(tmp_path_factory.mktemp("steps"), cases)


def _apart(found: dict, case: str, expected: dict, other: str, *what: str) -> float:
    """The largest difference, of values above 1 as a share of them."""
    largest = 0.0
    for part in what:
        ours, theirs = found[f"{case}/{part}"], expected[f"{other}/{part}"]
        assert ours.shape == theirs.shape
        apart = np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1.0)
        largest = max(largest, float(np.max(apart, initial=0.0)))
    return largest


def _check_division(found: dict, name: str, ways) -> None:
    alone = f"1-1-{name}"
    assert np.isfinite(found[f"{alone}/weights"]).all()
    for way in ways:
        case = f"{way}-{name}"
        apart = _apart(found, case, found, alone, "logged", "weights", "kept")
        assert apart <= TOLERANCE, (case, apart)


@pytest.mark.parametrize("name", NAMES)
def test_the_update_does_not_depend_on_the_division(outcomes, name):
    _check_division(outcomes, name, SOME)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_update_does_not_depend_on_any_division(all_outcomes, name):
    _check_division(all_outcomes, name, OTHERS)


def test_each_step_trains_otherwise_than_the_mean_loss(outcomes):
    mean, contrast = outcomes["1-1-mean/weights"], outcomes["1-1-global/weights"]
    for name in ("sam", "teacher", "teacher_sam"):
        assert np.abs(outcomes[f"1-1-{name}/weights"] - mean).max() > 1e-3
    moved = np.abs(outcomes["1-1-sam_global/weights"] - contrast).max()
    assert moved > 1e-3


def test_negatives_of_the_own_part_alone_are_noticed(outcomes):
    for case in ("2-1-naive", "1-2-naive"):
        assert _apart(outcomes, case, outcomes, "1-1-naive", "weights") > 1e-2
    # one part has all negatives: there is nothing between the two
    same = _apart(outcomes, "1-1-naive", outcomes, "1-1-global", "weights")
    assert same <= TOLERANCE


def _two_processes(out: pathlib.Path, cases: list[str]) -> dict[str, np.ndarray]:
    start = (
        "import sys; from tfm import launch; sys.exit(launch.launch(sys.argv[1:], 2))"
    )
    return _run(out, cases, sys.executable, "-c", start)


@pytest.mark.slow
def test_two_processes_make_the_update_of_one(outcomes, tmp_path):
    cases = [f"2-2-{name}" for name in NAMES]
    found = _two_processes(tmp_path / "out.npz", [*cases, "2-1-batch_norm"])
    for case in cases:
        alone = f"1-1-{case.split('-')[2]}"
        apart = _apart(found, case, outcomes, alone, "logged", "weights", "kept")
        assert apart <= TOLERANCE, (case, apart)
    case, same = "2-1-batch_norm", ("logged", "weights", "statistics")
    assert _apart(found, case, outcomes, case, *same) <= TOLERANCE


def test_a_gradient_crosses_the_replicas_once(outcomes):
    from tests.support import step_cases

    counts = dict(zip(step_cases.CASES, outcomes["collectives"], strict=True))
    # of two replicas one each: the stop request and the token count ride along
    assert counts["mean"] == counts["teacher"] == counts["batch_norm"] == 2
    assert counts["sam"] == counts["multi"] == 4  # two passes; the weights first


def test_running_statistics_are_nearly_those_of_one_part(outcomes):
    """Apart by what the weights are, which see the gradients of each part by itself."""
    alone, parts = (outcomes[f"{way}-batch_norm/statistics"] for way in SOME)
    assert 1e-4 < np.abs(parts - alone).max() <= 0.05
    assert np.abs(outcomes["2-1-batch_norm/statistics"] - alone).max() <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", ["batch_norm", "batch_norm_sam"])
def test_four_parts_are_four_parts_however_they_come_to_be(all_outcomes, name):
    alone = all_outcomes[f"1-1-{name}/statistics"]
    for way in ("1-2", "2-1", "2-2", "4-1", "4-2"):
        found = all_outcomes[f"{way}-{name}/statistics"]
        allowed = 0.1 if way == "4-2" else 0.05  # whose parts have two examples each
        assert np.abs(found - alone).max() <= allowed, way
    case, same = f"4-1-{name}", ("logged", "weights", "statistics")
    apart = _apart(all_outcomes, case, all_outcomes, f"2-2-{name}", *same)
    assert apart <= TOLERANCE


def test_statistics_over_all_replicas_keep_the_promise(outcomes):
    case, alone = "2-1-synchronized", "1-1-synchronized"
    same = ("logged", "weights", "statistics")
    assert _apart(outcomes, case, outcomes, alone, *same) <= 1e-5


@pytest.mark.parametrize("name", [*NAMES, "batch_norm"])
def test_a_resumed_training_is_the_same_to_the_bit(name, tmp_path):
    import tensorflow as tf

    from tests.support import step_cases
    from tfm.checkpoints import checkpoints
    from tfm.distribution import job as jobs

    job, half = jobs.Job("one"), step_cases.STEPS // 2

    def trained(*parts: int) -> dict[str, np.ndarray]:
        """All that a checkpoint has after `parts` steps, each made by a new trainer."""
        folder, done = tmp_path / str(len(parts)), 0
        for steps in parts:
            model, optimizer, run = step_cases.make(job, 2, name)
            with checkpoints.Checkpoints(
                folder, model, optimizer, keep=1, extra=run.step.variables
            ) as state:
                assert state.restore() == bool(done)
                data = {n: x[done:] for n, x in step_cases.batches().items()}
                run(iter(tf.data.Dataset.from_tensor_slices(data)), steps)
                done += steps
                state.step.assign(done)
                state.save()
        return {n: v.numpy() for n, v in state._variables.items()}

    whole, resumed = trained(step_cases.STEPS), trained(half, half)
    assert len(whole) == len(resumed) > 10
    for (n, expected), found in zip(whole.items(), resumed.values(), strict=True):
        np.testing.assert_array_equal(found, expected, n)
