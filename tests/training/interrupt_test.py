"""Signals as requests: the first, the second, and those that are for others."""

import os
import signal
import subprocess

import pytest

from tfm.training import interrupt


@pytest.fixture(autouse=True)
def _handlers():
    """Those of before, whatever a test does."""
    before = {number: signal.getsignal(number) for number in (2, 15)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "outcome"),
    [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")],
)
def test_the_first_is_a_request_and_the_second_ends(number, outcome):
    before = signal.getsignal(number)
    with interrupt.Interrupt() as asked:
        assert asked.requested is None
        os.kill(os.getpid(), number)
        assert asked.requested == number and asked.outcome == outcome
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_at_once_ends_at_the_first_and_remembers_it():
    with pytest.raises(KeyboardInterrupt), interrupt.AtOnce() as asked:
        os.kill(os.getpid(), signal.SIGTERM)
    assert asked.outcome == "terminated"


@pytest.mark.parametrize("kind", [interrupt.Interrupt, interrupt.AtOnce])
def test_a_ctrl_c_that_was_ignored_stays_so_and_sigterm_does_not(kind):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with kind() as asked:
            os.kill(os.getpid(), signal.SIGINT)
            assert asked.requested is None
            os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:
        assert kind is interrupt.AtOnce
    assert asked.requested == signal.SIGTERM
    for number in (signal.SIGINT, signal.SIGTERM):
        assert signal.getsignal(number) is signal.SIG_IGN


def test_what_the_suite_starts_can_be_interrupted():
    """However the suite itself was started; see conftest.py."""
    child = subprocess.Popen(["sleep", "60"])
    child.send_signal(signal.SIGINT)
    assert child.wait() == -signal.SIGINT
