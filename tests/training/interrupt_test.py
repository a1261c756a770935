"""Signals as requests: the first, the second, and those that are for others."""

import os
import pty
import signal
import subprocess
import sys

import pytest

from tfm.training import interrupt


@pytest.fixture(autouse=True)
def _handlers():
    """Those of before, whatever a test does."""
    before = {number: signal.getsignal(number) for number in (1, 2, 15)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (signal.SIGINT, "interrupted"),
        (signal.SIGTERM, "terminated"),
        (signal.SIGHUP, "terminated"),
    ],
)
def test_the_first_is_a_request_and_the_second_ends(number, outcome):
    before = signal.getsignal(number)
    with interrupt.Interrupt() as asked:
        assert asked.requested is None
        os.kill(os.getpid(), number)
        assert asked.requested == number and asked.outcome == outcome
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        assert asked.outcome == outcome
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGHUP])
def test_a_closed_terminal_is_never_a_second_one(first):
    with interrupt.Interrupt() as asked:
        for number in (first, signal.SIGHUP, signal.SIGHUP):
            os.kill(os.getpid(), number)
        assert asked.requested == first
    with interrupt.AtOnce() as asked:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), first)
        os.kill(os.getpid(), signal.SIGHUP)  # while it ends
        assert asked.requested == first


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_at_once_ends_at_the_first_and_remembers_it(number):
    with pytest.raises(KeyboardInterrupt), interrupt.AtOnce() as asked:
        os.kill(os.getpid(), number)
    assert asked.outcome == "terminated"


@pytest.mark.parametrize("kind", [interrupt.Interrupt, interrupt.AtOnce])
def test_what_was_ignored_stays_so_but_for_sigterm(kind):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        with kind() as asked:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGHUP)  # as under nohup
            assert asked.requested is None
            os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:
        assert kind is interrupt.AtOnce
    assert asked.requested == signal.SIGTERM
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        assert signal.getsignal(number) is signal.SIG_IGN


# a process whose terminal goes; what it writes then must not fail
CLOSED = """
import fcntl, pathlib, sys, termios, time
from tfm.training import interrupt

fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # it leads the terminal's session, as a shell does
with interrupt.Interrupt() as asked:
    print("ready", flush=True)
    while asked.requested is None:
        time.sleep(0.01)
    print("Terminated", flush=True)
    print("a warning", file=sys.stderr, flush=True)
    pathlib.Path(sys.argv[1]).write_text(asked.outcome)
"""


def test_output_to_a_closed_terminal_goes_nowhere(tmp_path):
    saved = tmp_path / "saved"
    terminal, line = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", CLOSED, str(saved)],
        stdin=line,
        stdout=line,
        stderr=line,
        start_new_session=True,
    )
    os.close(line)
    os.read(terminal, 5)
    os.close(terminal)
    assert child.wait(60) == 0
    assert saved.read_text() == "terminated"


def test_what_the_suite_starts_can_be_interrupted():
    """However the suite itself was started; see conftest.py."""
    child = subprocess.Popen(["sleep", "60"])
    child.send_signal(signal.SIGINT)
    assert child.wait() == -signal.SIGINT
