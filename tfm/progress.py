"""Progress of a command: one live line on a terminal, plain lines in a log.

    with progress.phase("Predicting", lambda: tally.rows, unit="rows"):
        ...

Phases lie within each other, and the innermost is shown. A thread asks it four times a
second how far it is, so that what is watched has nothing to do for it.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator

from tfm import console
from tfm import displays

_SECONDS = 0.25  # between two looks
_KEPT = 0.9  # of what was measured, after another second or one longer update


class Rate:
    """Seconds that a unit takes: an exponential moving average over about 10 seconds.

    The first update is left out: what it measures compiles, or opens files. Before the
    averages are full they are means, so that steady work has its rate at once.
    """

    def __init__(self):
        self._seconds = self._units = 0.0
        self._is_first = True

    def add(self, units: float, seconds: float) -> None:
        """Takes an update: so many units were done in so many seconds."""
        if self._is_first:
            self._is_first = False
            return
        kept = _KEPT ** min(max(seconds, 0.0), 1.0)
        self._seconds = kept * self._seconds + seconds
        self._units = kept * self._units + units

    @property
    def seconds(self) -> float | None:
        """Seconds a unit; None before there is a second update."""
        return self._seconds / self._units if self._units else None


class Phase:
    """A part of a command, such as its training; made by `phase`.

    Args:
      name: what is done, as "Predicting".
      done: says how much is done; None: it cannot be told.
      total: of what is done; None: it is not known.
      unit: of what is done, as "rows"; "": `done` is a share of `total`.
      share: says which part of the work is done, where that is known without `total`.
      details: says more, for the end of the line.
      left: says the seconds that are left, as `done` was told last; None: they are
        measured.
    """

    def __init__(
        self,
        name: str,
        done: Callable[[], float] | None = None,
        total: float | None = None,
        unit: str = "",
        *,
        share: Callable[[], float | None] | None = None,
        details: Callable[[], str] = str,
        left: Callable[[], float | None] | None = None,
    ):
        self.name = name
        self._done = done
        self._total = total
        self._unit = unit
        self._share = share or self._share_of_total
        self._details = details
        self._left = left
        self._counts, self._shares = Rate(), Rate()
        self.started = self._looked = time.monotonic()
        self._count = self._part = 0.0
        self._is_begun = False

    def look(self) -> None:
        """Measures how fast it is."""
        now, count = time.monotonic(), self._done() if self._done else 0.0
        part = self._share() or 0.0
        if not self._is_begun:  # a command that goes on has done some before
            self._count, self._part, self._is_begun = count, part, True
        if count != self._count or part != self._part:
            self._counts.add(count - self._count, now - self._looked)
            self._shares.add(part - self._part, now - self._looked)
            self._count, self._part, self._looked = count, part, now

    def line(self) -> displays.Line:
        """The line to show now."""
        share, left = self._share(), self._seconds_left()
        parts = []
        if left is not None:
            parts.append(f"ETA {duration(left)}")
        if self._unit and self._done:
            total = f"/{self._total:,.0f}" if self._total else ""
            parts.append(f"{self._count:,.0f}{total} {self._unit}")
            if self._counts.seconds:
                speed = 1 / self._counts.seconds
                digits = 1 if speed < 100 else 0
                parts.append(f"{speed:,.{digits}f} {self._unit}/s")
        if details := self._details():
            parts.append(details)
        if left is None and share is None:
            parts.append(duration(time.monotonic() - self.started))
        return displays.Line(self.name, share, tuple(parts))

    @property
    def is_measured(self) -> bool:
        """Whether it is known which part is done."""
        return self._share() is not None

    def _share_of_total(self) -> float | None:
        return self._count / self._total if self._total else None

    def _seconds_left(self) -> float | None:
        if self._left:
            return self._left()
        part, each = self._share(), self._shares.seconds
        if part is None or each is None or each < 0:
            return None
        since = time.monotonic() - self._looked
        return max((1 - part) * each - since, 0.0)


class _Shown:
    """The phases of this process, and where they are shown."""

    def __init__(self):
        self.is_on = True
        self._phases: list[Phase] = []
        self._display: displays.Display | None = None
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._turn = threading.RLock()

    def push(self, phase: Phase) -> None:
        with self._turn:
            self._phases.append(phase)
            if self._thread is None:
                self._display = displays.found()
                self._ended = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._ended,), daemon=True
                )
                self._thread.start()

    def pop(self, phase: Phase, is_whole: bool) -> None:
        with self._turn:
            if is_whole and phase is self._phases[-1] and phase.is_measured:
                self.draw(is_last=True)
            self._phases.remove(phase)
            if self._phases:
                return
            thread, self._thread = self._thread, None
            self._ended.set()
        thread.join()
        self._display.close(time.monotonic() - phase.started, is_whole)

    def draw(self, is_last: bool = False) -> None:
        """Shows the innermost phase as it is now."""
        with self._turn:
            if self._phases:
                now = self._phases[-1]
                now.look()
                self._display.show(now.line, now.started, is_last)

    def _run(self, ended: threading.Event) -> None:
        if hasattr(signal, "pthread_sigmask"):  # Ctrl-C is the main thread's
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while not ended.wait(_SECONDS):
            self.draw()


_shown = _Shown()


@contextlib.contextmanager
def phase(*args, **settings) -> Iterator[None]:
    """Shows a phase while it lasts; see Phase. Nothing where the command is quiet."""
    if not _shown.is_on or console.is_quiet():
        yield
        return
    made = Phase(*args, **settings)
    _shown.push(made)
    is_whole = False
    try:
        yield
        is_whole = True
    finally:
        _shown.pop(made, is_whole)


def draw() -> None:
    """Shows the present phase at once."""
    _shown.draw()


def speaks(does: bool) -> None:
    """Says whether this process shows progress: of a job's, only the first does."""
    _shown.is_on = does


def duration(seconds: float) -> str:
    """`1:42` or `2:03:10`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"
