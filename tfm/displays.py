"""Places where progress is shown: a terminal's line, a log, a cell of a notebook."""

import contextlib
import io
import os
import sys
import threading
import time
import typing
from collections.abc import Callable

from tfm import console

PLAIN_SECONDS = 30.0  # between two lines of a log
_NOTEBOOK_SECONDS = 0.5  # between two messages to a notebook
_BAR = 16  # columns
_NARROW = 60  # columns of a terminal without room for a bar
_WIDE = 80  # where a terminal does not tell
# terminals that wrap their lines anew when they are made narrower; others cut them off
_REWRAP = [
    "VTE_VERSION",
    "KITTY_WINDOW_ID",
    "KONSOLE_VERSION",
    "WT_SESSION",
    "ALACRITTY_LOG",
    "TERM_PROGRAM",
]


class Line(typing.NamedTuple):
    """A line of progress: all that a phase has to tell.

    Attributes:
      name: what is done.
      share: which part of it, of 1; None: it is not known.
      parts: more, the most important first.
    """

    name: str
    share: float | None
    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """`Predicting  24 %  ETA 0:05  1,200 rows`, without codes of a terminal."""
        parts = (self.name, self.percent, *self.parts)
        return console.visible("  ".join(filter(None, parts)))

    @property
    def percent(self) -> str:
        """`24 %`; "" where it is not known."""
        return "" if self.share is None else f"{100 * min(self.share, 1.0):.0f} %"

    def bar(self, full: str = "━", empty: str = " ") -> str:
        """The share as so many columns; "" where it is not known."""
        if self.share is None:
            return ""
        done = round(_BAR * min(max(self.share, 0.0), 1.0))
        return full * done + empty * (_BAR - done)


class Display(typing.Protocol):
    """A place that shows one phase at a time."""

    def show(
        self, line: Callable[[], Line], started: float, is_last: bool = False
    ) -> None:
        """Shows a line, if it is time for one.

        Args:
          line: makes it.
          started: when its phase began, as time.monotonic() has it.
          is_last: the phase ends.
        """

    def close(self, seconds: float, is_whole: bool) -> None:
        """Ends the display, after so many seconds, when all was done or was not."""


class Log:
    """Plain lines on standard error, for phases that take long."""

    def __init__(self):
        self._told = 0.0

    def show(self, line, started, is_last=False):
        now = time.monotonic()
        if now - max(started, self._told) >= PLAIN_SECONDS and not is_last:
            self._told = now
            with contextlib.suppress(OSError, ValueError):  # closed meanwhile
                print(line().text, file=sys.stderr, flush=True)

    def close(self, seconds, is_whole):
        """Nothing: the last line of a log is the command's."""


class Notebook:
    """One output of a cell that is replaced; what is saved with it is its last text."""

    def __init__(self, display: Callable):
        self._display = display
        self._handle = None
        self._told = 0.0

    def show(self, line, started, is_last=False):
        if time.monotonic() - max(started, self._told) >= _NOTEBOOK_SECONDS:
            self._told = time.monotonic()
            now = line()
            bar = now.bar(empty="╌")
            self._put(" ".join(filter(None, (bar, now.text))))

    def close(self, seconds, is_whole):
        if self._handle:
            minutes, seconds = divmod(round(seconds), 60)
            how = "Done in" if is_whole else "Stopped after"
            self._put(f"{how} {minutes}:{seconds:02}")

    def _put(self, text: str) -> None:
        data = {"text/plain": text}
        if self._handle:
            self._handle.update(data, raw=True)
        else:
            self._handle = self._display(data, raw=True, display_id=True)


class Terminal:
    """The last line of a terminal, which all that is printed meanwhile goes above.

    Args:
      stream: standard error, which is a terminal.
    """

    def __init__(self, stream: typing.TextIO):
        # of its own: TensorFlow's import turns standard error aside
        self._file = os.dup(stream.fileno())
        self._encoding = stream.encoding or "utf-8"
        self._pen = None
        self._drawn = ""
        self._cells = 0  # that it takes
        self._is_free = True  # nothing stands before the cursor in its line
        self._turn = threading.RLock()
        self._streams = [s for s in (sys.stdout, sys.stderr) if _is_terminal(s)]
        for stream in self._streams:
            stream.write = self._above(stream)

    def show(self, line, started, is_last=False):
        with self._turn:
            if not self._is_free or not _in_foreground(self._file):
                return
            width = self._width()
            text, cells = self._painted(line(), width - 1)
            if text != self._drawn or cells != self._cells:
                self._put(f"{self._erasing(width)}{text}\x1b[K")
                self._drawn, self._cells = text, cells

    def close(self, seconds, is_whole):
        with self._turn:
            self._erase()
            for stream in self._streams:
                with contextlib.suppress(AttributeError):
                    del stream.write
            os.close(self._file)

    def _above(self, stream: typing.TextIO) -> Callable[[str], int]:
        """A stream's write that takes the line away first."""
        write, process = stream.write, os.getpid()

        def write_above(text: str) -> int:
            if os.getpid() != process:  # forked, perhaps while a line was drawn
                return write(text)
            with self._turn:
                self._erase()
                self._is_free = text.endswith("\n") if text else self._is_free
                return write(text)

        return write_above

    def _erase(self) -> None:
        if self._cells:
            self._put(f"{self._erasing(self._width())}\x1b[K")
            self._drawn, self._cells = "", 0

    def _erasing(self, width: int) -> str:
        """Codes that lead to where the line begins."""
        rows = max(self._cells - 1, 0) // width
        if rows and any(name in os.environ for name in _REWRAP):
            return f"\r\x1b[{rows}A\x1b[J"
        return "\r"

    def _put(self, codes: str) -> None:
        with contextlib.suppress(OSError):  # closed meanwhile
            os.write(self._file, codes.encode(self._encoding, "backslashreplace"))

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._file).columns or _WIDE
        except OSError:
            return _WIDE

    def _painted(self, line: Line, width: int) -> tuple[str, int]:
        """A line with its bar and colours, cut to so many columns, and its columns."""
        from rich import console as rich_console
        from rich import text as rich_text

        if self._pen is None:
            self._pen = rich_console.Console(
                file=io.StringIO(), force_terminal=True, highlight=False, markup=False
            )
        text = rich_text.Text(console.visible(line.name), no_wrap=True, end="")
        if line.share is not None and width >= _NARROW:
            bar = line.bar() if self._takes("━") else line.bar("#", "-")
            text.append(" ").append(bar, "green")
        if line.percent:
            text.append(f" {line.percent:>5}")
        for part in line.parts:
            text.append(f"  {console.visible(part)}")
        ellipsis = self._takes("…")
        text.truncate(max(width, 1), overflow="ellipsis" if ellipsis else "crop")
        with self._pen.capture() as made:
            self._pen.print(text, end="", soft_wrap=True)
        return made.get(), text.cell_len

    def _takes(self, text: str) -> bool:
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True


def found() -> Display:
    """The display for where standard error goes to."""
    if display := _notebook():
        return Notebook(display)
    if _is_terminal(sys.stderr) and os.environ.get("TERM") not in ("dumb", "unknown"):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return Terminal(sys.stderr)
    return Log()


def _notebook() -> Callable | None:
    """IPython's display, where this is a kernel whose cell shows what is printed."""
    if not type(sys.stdout).__module__.startswith("ipykernel"):
        return None
    from IPython import display

    return display.display


def _is_terminal(stream) -> bool:
    try:
        return stream.isatty() and stream.fileno() >= 0
    except (AttributeError, ValueError, OSError):  # none, or it was closed
        return False


def _in_foreground(file: int) -> bool:
    """Whether this process has the terminal, and not a shell that it runs behind."""
    try:
        return os.tcgetpgrp(file) == os.getpgrp()
    except (AttributeError, OSError):  # it is not the one that controls the process
        return True
