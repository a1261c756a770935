"""Preemption (SIGTERM) and Ctrl-C: finish the step, save, then stop; or at once."""

import signal


class Interrupt:
    """While it is entered, the first signal sets `requested`; a second one ends.

    Where Ctrl-C was ignored before, as a shell without job control has it for what it
    starts in the background, it stays so: it is meant for others. SIGTERM never is.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self):
        self.requested: signal.Signals | None = None
        self._before = {}

    @property
    def outcome(self) -> str:
        """The name of the end that a run then comes to."""
        return "interrupted" if self.requested == signal.SIGINT else "terminated"

    def __enter__(self):
        for number in self.SIGNALS:
            before = signal.getsignal(number)
            if number == signal.SIGINT and before is signal.SIG_IGN:
                continue
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _on_signal(self, number, _):
        if self.requested is not None:
            raise KeyboardInterrupt
        self.requested = signal.Signals(number)


class AtOnce(Interrupt):
    """As Interrupt, for where there is nothing to save: the first signal ends too.

    It raises KeyboardInterrupt, of which code on its way may make something else;
    so `requested` tells what an exception comes from.
    """

    def _on_signal(self, number, _):
        self.requested = self.requested or signal.Signals(number)
        raise KeyboardInterrupt
