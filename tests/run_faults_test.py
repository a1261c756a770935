"""Runs that are killed, stopped, left alone or out of room, and go on from there."""

import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest

from tests.support import events
from tests.support import reviews
from tests.support import small_run
from tests.support import steady
from tfm import errors
from tfm import launch
from tfm import train
from tfm.checkpoints import bundle
from tfm.checkpoints import directory
from tfm.run import folder as run_folder

ROOT = pathlib.Path(__file__).parents[1]
SECONDS = 240  # that a process may take at the most, on a machine that is busy
# Sums of two replicas are the same in either order; but the compiled functions of a
# resumed run may round otherwise, and AdamW enlarges that.
TOLERANCE = 1e-5


def _train(source, run, steps, options, environment) -> None:
    os.environ.update(environment)
    options = train.Options(experiment="text_cls", run_dir=str(run), **options)
    sys.exit(train.main(options, steady.experiment(source, steps), {}))


def _start(source, run, steps: int, environment=None, **options):
    """A process that trains; it has no need to import TensorFlow."""
    arguments = (source, run, steps, options, environment or {})
    process = small_run.PROCESSES.Process(target=_train, args=arguments)
    process.start()
    return process


def _status(process) -> int:
    process.join(SECONDS)
    if process.exitcode is None:
        process.kill()
        pytest.fail("it did not end")
    return process.exitcode


def _until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def _last_step(run: pathlib.Path) -> int:
    return run_folder.RunFolder(run).last_step() or 0


def _state(run: pathlib.Path, step: int) -> dict[str, np.ndarray]:
    """All that the checkpoint of the step holds."""
    opened = bundle.Bundle(directory.step_folder(run / "checkpoints/last", step))
    return opened.read(opened.specs)


def _losses(run: pathlib.Path) -> list[tuple[int, float]]:
    """Each loss that was logged, with its step, as the event files have them."""
    return [
        (step, value)
        for step, tag, value in events.scalars(run / "events/train")
        if tag == "loss/loss"
    ]


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> pathlib.Path:
    return reviews.write_csv(tmp_path_factory.mktemp("source") / "reviews.csv")


@pytest.mark.filterwarnings("ignore")  # TensorFlow's reader of events is deprecated
def test_killed_again_and_again_it_goes_on_to_the_bit(source, tmp_path):
    rng = random.Random(3)
    run = tmp_path / "killed"
    reached = 0
    for _ in range(3):
        aim = reached + rng.randint(4, 16)
        process = _start(source, run, steady.ENDLESS)
        _until(lambda: _last_step(run) >= aim or not process.is_alive())  # noqa: B023
        time.sleep(rng.uniform(0.0, 0.1))
        process.kill()
        assert _status(process) == -signal.SIGKILL
        assert _last_step(run) >= aim > reached
        reached = _last_step(run)
    steps = reached + 23
    assert _status(_start(source, run, steps)) == 0
    whole = tmp_path / "whole"
    assert _status(_start(source, whole, steps)) == 0

    expected = _losses(whole)
    assert [step for step, _ in expected] == list(range(1, steps + 1))
    assert len({loss for _, loss in expected}) > 0.9 * steps  # they tell steps apart
    assert _losses(run) == expected  # each step once, in order
    ours, theirs = _state(run, steps), _state(whole, steps)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        np.testing.assert_array_equal(ours[name], value, err_msg=name)


def test_killed_on_two_replicas_it_goes_on(source, tmp_path):
    two = {"strategy": "mirrored", "logical_devices": 2}
    run = tmp_path / "killed"
    process = _start(source, run, steady.ENDLESS, deterministic=True, **two)
    _until(lambda: _last_step(run) >= 10 or not process.is_alive())
    process.kill()
    assert _status(process) == -signal.SIGKILL
    steps = _last_step(run) + 12
    assert _status(_start(source, run, steps, deterministic=True, **two)) == 0
    whole = {}
    for name, deterministic in (("to the bit", True), ("to rounding", False)):
        folder = tmp_path / name
        process = _start(source, folder, steps, deterministic=deterministic, **two)
        assert _status(process) == 0
        whole[name] = _state(folder, steps)
    ours = _state(run, steps)
    assert ours.keys() == whole["to the bit"].keys()
    for name, value in whole["to the bit"].items():
        np.testing.assert_array_equal(ours[name], value, err_msg=name)
    _check_close(ours, whole["to rounding"])


def _check_close(ours, theirs) -> None:
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        np.testing.assert_allclose(
            ours[name], value, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name
        )


def _start_two(source, run, steps: int) -> list:
    """Two workers without a launcher."""
    environments = launch._environments(2, [])
    return [
        _start(source, run, steps, {"TF_CONFIG": environment["TF_CONFIG"]})
        for environment in environments
    ]


def test_when_one_worker_is_killed_the_other_ends_and_both_go_on(source, tmp_path):
    run = tmp_path / "killed"
    chief, other = _start_two(source, run, steady.ENDLESS)
    try:
        _until(lambda: _last_step(run) >= 10 or not chief.is_alive())
        other.kill()
        assert _status(chief) == errors.PEER_LOST
    finally:
        chief.kill()
        other.kill()
    steps = _last_step(run) + 12
    for folder in (run, tmp_path / "whole"):
        assert [_status(p) for p in _start_two(source, folder, steps)] == [0, 0]
    _check_close(_state(run, steps), _state(tmp_path / "whole", steps))


# An experiment that waits at a place, so that what happens there can be seen.
WAITING = """
import os, pathlib, time
from tests.support import steady
from tfm.distribution import quiet_start


def for_ever(*_):
    pathlib.Path(__file__).with_name("waits").touch()
    time.sleep(600)


if os.environ.get("WAIT") == "import":
    quiet_start.import_tensorflow = for_ever
if os.environ.get("WAIT") == "data":
    quiet_start.import_tensorflow()
    from tfm.run import assembly

    assembly.prepare = for_ever


def experiment():
    return steady.experiment(pathlib.Path({source!r}))
"""


class Command:
    """python -m tfm.train at work; `run` is its run folder."""

    def __init__(
        self,
        source,
        folder: pathlib.Path,
        *flags: str,
        preexec_fn: Callable[[], object] | None = None,
        **environment: str,
    ):
        self.run = folder / "run"
        self._waits = folder / "waits"
        self._waits.unlink(missing_ok=True)
        file = folder / "small.py"
        file.write_text(WAITING.format(source=str(source)))
        flags = (f"--experiment={file}", f"--run_dir={self.run}", *flags)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tfm.train", *flags],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=preexec_fn,
            text=True,
        )

    def until(self, condition: Callable[[], object]) -> None:
        _until(lambda: condition() or self.process.poll() is not None)

    def until_it_waits(self) -> None:
        self.until(self._waits.exists)

    def end(self, status: int) -> list[str]:
        """Its lines but that it starts, after it ended so and without a traceback."""
        try:
            said = self.process.communicate(timeout=SECONDS)[0]
        finally:
            self.process.kill()
            self.process.wait()
        assert self.process.returncode == status, said
        assert "Traceback" not in said
        progress = ("Starting ", "Preparing ")
        return [line for line in said.splitlines() if not line.startswith(progress)]


@pytest.mark.parametrize(
    ("number", "status", "outcome"),
    [(signal.SIGTERM, 42, "Terminated"), (signal.SIGINT, 130, "Interrupted")],
)
def test_a_signal_before_the_first_step_ends_it_at_once(
    source, tmp_path, number, status, outcome
):
    command = Command(source, tmp_path, WAIT="import")
    command.until_it_waits()
    command.process.send_signal(number)
    nothing = f"{outcome}; there is nothing to save yet."
    assert command.end(status) == [nothing]

    command = Command(source, tmp_path, WAIT="data")
    command.until_it_waits()
    command.process.send_signal(number)
    go_on = f"Go on with  python -m tfm.train --run_dir={command.run}"
    assert command.end(status) == [f"Run folder  {command.run}", nothing, go_on]
    assert {path.name for path in command.run.iterdir()} == {
        "tfm.json",
        "config.json",
        "code",
    }


def _ignore_ctrl_c() -> None:
    """As a shell without job control has it for what it starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def test_in_the_background_ctrl_c_is_ignored_and_sigterm_ends_it(source, tmp_path):
    command = Command(source, tmp_path, WAIT="import", preexec_fn=_ignore_ctrl_c)
    command.until_it_waits()
    command.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert command.process.poll() is None
    command.process.send_signal(signal.SIGTERM)
    assert command.end(42) == ["Terminated; there is nothing to save yet."]


def test_when_the_chief_is_killed_while_it_reads_data_the_other_ends(source, tmp_path):
    chief, other = (
        Command(source, tmp_path, WAIT=wait, TF_CONFIG=environment["TF_CONFIG"])
        for wait, environment in zip(
            ("data", ""), launch._environments(2, []), strict=True
        )
    )
    try:
        chief.until_it_waits()
        chief.process.kill()
        assert other.end(errors.PEER_LOST)[-1] == (
            "error: Another process of this job ended or cannot be reached; "
            "there is nothing to save yet. Run all again to go on."
        )
    finally:
        other.process.kill()
        chief.end(-signal.SIGKILL)


# files of so many bytes are written to the end: those that the loop has open are longer
ROOM = 4096
TOO_LARGE = "cannot be written: File too large"


def _take_room(command: Command) -> None:
    """Files cannot grow any more, as on a full disk."""
    resource.prlimit(command.process.pid, resource.RLIMIT_FSIZE, (ROOM, ROOM))


def test_without_room_for_checkpoints_the_last_one_stays_and_it_goes_on(
    source, tmp_path
):
    command = Command(source, tmp_path, f"--train.log_every={steady.ENDLESS}")
    command.until(lambda: _last_step(command.run) >= 10)
    _take_room(command)
    last = command.end(errors.USER_MISTAKE)[-1]
    step = _last_step(command.run)
    assert last.startswith(f"error: The checkpoint {command.run}/checkpoints/last/step")
    assert last.endswith(f"{TOO_LARGE}. The last good one there: step {step:,}.")
    before = _state(command.run, step)
    assert before["state/step"] == step

    steps = step + 7
    more = (f"--train.steps={steps}", "--train.log_every=1")
    said = Command(source, tmp_path, *more).end(0)
    assert f"Restored    step {step:,} of {steps:,}" in said
    assert _state(command.run, steps)["state/step"] == steps


def test_without_room_for_events_it_ends_in_one_line(source, tmp_path):
    command = Command(source, tmp_path, "--train.checkpoint_every=none")
    command.until(lambda: any(command.run.glob("events/train/*")))
    _take_room(command)
    last = command.end(errors.USER_MISTAKE)[-1]
    file = next(command.run.glob("events/train/*"))
    nothing = "there is nothing to save yet"
    assert last == f"error: {file} {TOO_LARGE}; {nothing}."
