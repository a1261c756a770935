"""Preemption (SIGTERM), Ctrl-C, a closed terminal: save, then stop; or at once."""

import os
import signal
import stat
import threading


class StoppedError(Exception):
    """An evaluation that was left because the training is to end."""


class Interrupt:
    """While it is entered, the first signal sets `requested`; a second one ends.

    SIGHUP, which a terminal sends when it is closed, is as SIGTERM, but never a second
    one: the shell may send it again. Where Ctrl-C or SIGHUP was ignored before, as a
    shell without job control and nohup have it, it stays so: it is meant for others.
    SIGTERM never is.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self):
        self.requested: signal.Signals | None = None
        self._before = {}

    @property
    def outcome(self) -> str:
        """The name of the end that a run then comes to."""
        return "interrupted" if self.requested == signal.SIGINT else "terminated"

    def __enter__(self):
        if threading.current_thread() is not threading.main_thread():
            return self  # Python has signals in the main thread alone
        for number in self.SIGNALS:
            before = signal.getsignal(number)
            if number != signal.SIGTERM and before is signal.SIG_IGN:
                continue
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _on_signal(self, number, _):
        if number == signal.SIGHUP:
            _leave_closed_terminal()
        if self.requested is None:
            self.requested = signal.Signals(number)
        elif number != signal.SIGHUP:
            raise KeyboardInterrupt


class AtOnce(Interrupt):
    """As Interrupt, for where there is nothing to save: the first signal ends too.

    It raises KeyboardInterrupt, of which code on its way may make something else;
    so `requested` tells what an exception comes from.
    """

    def _on_signal(self, number, _):
        is_first = self.requested is None
        super()._on_signal(number, _)
        if is_first:
            raise KeyboardInterrupt


def _leave_closed_terminal() -> None:
    """Sends output to nowhere where writing it would fail."""
    for number in (1, 2):  # standard output and error
        is_device = stat.S_ISCHR(os.fstat(number).st_mode)
        if is_device and not os.isatty(number):  # closed, or nowhere already
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
