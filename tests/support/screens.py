"""A terminal for a command, and the screen that a person would see."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from rich import cells

_CODE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")
SECONDS = 240  # that a command may take, on a machine that is busy


class Screen:
    """Rows of characters, as a terminal without a scroll limit has them.

    It knows the codes that tfm writes, and raises for any other. What does not fit in
    a row wraps to the next one.

    Attributes:
      rows: without the spaces at their ends.
      wrapped: rows that were begun because the one before was full.
    """

    def __init__(self, width: int):
        self._width = width
        self._rows = [[]]
        self._row = self._column = 0
        self.wrapped = 0

    @property
    def rows(self) -> list[str]:
        return ["".join(row).rstrip() for row in self._rows]

    def feed(self, text: str) -> None:
        place = 0
        while place < len(text):
            if code := _CODE.match(text, place):
                self._obey(code[2], int(code[1].split(";")[0] or 0))
                place = code.end()
                continue
            self._write(text[place])
            place += 1

    def _obey(self, code: str, number: int) -> None:
        if code == "K":
            del self._rows[self._row][self._column :]
        elif code == "A":
            self._row = max(self._row - (number or 1), 0)
        elif code == "J":
            del self._rows[self._row + 1 :]
            del self._rows[self._row][self._column :]
        elif code != "m":
            raise AssertionError(f"unknown code {code!r}")

    def _write(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._next_row()
        elif character == "\t":
            self._column = min((self._column // 8 + 1) * 8, self._width - 1)
        else:
            assert character.isprintable(), repr(character)
            size = cells.cell_len(character)
            if self._column + size > self._width:
                self.wrapped += 1
                self._next_row()
                self._column = 0
            row = self._rows[self._row]
            row += " " * (self._column - len(row))
            row[self._column : self._column + size] = [character, ""][:size]
            self._column += size

    def _next_row(self) -> None:
        self._row += 1
        if self._row == len(self._rows):
            self._rows.append([])


def run(command, width: int = 100, separate_output: bool = False, **settings):
    """Runs a command on a terminal; its status, all that it wrote there, its output.

    Args:
      command: as of subprocess.
      width: columns of the terminal; 0: it does not tell.
      separate_output: standard output goes to a pipe, not to the terminal.
      **settings: of subprocess.Popen.
    """
    terminal, line = pty.openpty()
    resize(line, width)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if separate_output else line,
        stderr=line,
        start_new_session=True,
        **settings,
    )
    os.close(line)
    written, output, end = b"", b"", time.monotonic() + SECONDS
    open_ = {terminal, *([process.stdout.fileno()] if separate_output else [])}
    while open_:
        assert time.monotonic() < end, written.decode()
        for number in select.select(list(open_), [], [], 0.1)[0]:
            chunk = _read(number)
            if not chunk:
                open_.remove(number)
            elif number == terminal:
                written += chunk
            else:
                output += chunk
    os.close(terminal)
    if separate_output:
        process.stdout.close()
    return process.wait(), written.decode(), output.decode()


def resize(terminal: int, width: int) -> None:
    """Gives a terminal another width."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))


def _read(number: int) -> bytes:
    try:
        return os.read(number, 2**16)
    except OSError:  # the other end of a terminal was closed
        return b""
