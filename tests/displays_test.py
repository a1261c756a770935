"""Displays: a terminal's line is never torn nor wrapped; a log gets plain lines."""

import io
import os
import pty
import select
import sys
import types

import pytest
from rich import cells

from tests.support import screens
from tfm import displays

LINE = displays.Line("Training", 0.3, ("ETA 0:15", "step 120/400", "loss 0.41"))


@pytest.fixture(name="terminal")
def _terminal(monkeypatch):
    """A terminal of 100 columns as standard output and error, and a way to read it."""
    master, slave = pty.openpty()
    screens.resize(slave, 100)
    output = os.fdopen(slave, "w", encoding="utf-8")
    # pytest's own are put back between this and the test
    streams = types.SimpleNamespace(stdout=output, stderr=output)
    monkeypatch.setattr(displays, "sys", streams)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", *displays._REWRAP):
        monkeypatch.delenv(name, raising=False)
    yield types.SimpleNamespace(
        slave=slave, output=output, written=lambda: _written(master)
    )
    output.close()
    os.close(master)


def _written(master: int) -> str:
    """All that is written to a terminal and was not read yet."""
    found = b""
    while select.select([master], [], [], 0.1)[0]:
        found += os.read(master, 2**16)
    return found.decode()


def _rows(written: str, width: int = 100) -> list[str]:
    screen = screens.Screen(width)
    screen.feed(written)
    assert not screen.wrapped
    return screen.rows


def test_the_line_has_a_bar_and_goes_away(terminal):
    output = terminal.output
    shown = displays.found()
    shown.show(lambda: LINE, 0.0)
    written = terminal.written()
    assert _rows(written) == [
        "Training ━━━━━             30 %  ETA 0:15  step 120/400  loss 0.41"
    ]
    assert "\x1b[32m━" in written  # green
    shown.close(1.0, True)
    assert _rows(written + terminal.written()) == [""]
    assert output.write.__self__ is output  # as before


def test_what_is_printed_goes_above_whole(terminal):
    output = terminal.output
    shown = displays.found()
    shown.show(lambda: LINE, 0.0)
    print("step 100  validation  loss 0.25", file=output, flush=True)
    print("a warning", file=output, flush=True)
    shown.show(lambda: LINE, 0.0)
    print("half of ", end="", file=output, flush=True)
    shown.show(lambda: LINE, 0.0)  # not behind a line that has not ended
    print("a line", file=output, flush=True)
    shown.show(lambda: LINE._replace(share=1.0), 0.0)
    rows = _rows(terminal.written())
    assert rows[:-1] == [
        "step 100  validation  loss 0.25",
        "a warning",
        "half of a line",
    ]
    assert rows[-1].startswith("Training ━━━━━━━━━━━━━━━━ 100 %")
    shown.close(1.0, True)


@pytest.mark.parametrize(
    ("name", "value", "colored"),
    [("NO_COLOR", "1", False), ("NO_COLOR", "", True), ("TERM", "vt100", True)],
)
def test_colours_are_left_out_where_they_are_not_wanted(
    terminal, monkeypatch, name, value, colored
):
    monkeypatch.setenv(name, value)
    shown = displays.found()
    shown.show(lambda: LINE, 0.0)
    written = terminal.written()
    assert ("m━" in written) == colored
    assert "━━━━━ " in written
    shown.close(1.0, True)


@pytest.mark.parametrize("width", [1, 2, 7, 20, 40, 61, 80, 0])
def test_the_line_never_wraps(terminal, width):
    screens.resize(terminal.slave, width)
    shown = displays.found()
    wide = LINE._replace(parts=("日本語のファイル.csv" * 8,))
    for line in (LINE, wide, LINE._replace(share=None)):
        shown.show(lambda line=line: line, 0.0)
        (row,) = _rows(terminal.written(), width or 80)
        # a code behind the last column would be obeyed in the next row by some
        assert cells.cell_len(row) < (width or 80) or width == 1
    shown.close(1.0, True)


def test_a_terminal_that_wraps_anew_keeps_no_rest_of_a_line(terminal, monkeypatch):
    shown = displays.found()
    shown.show(lambda: LINE, 0.0)
    terminal.written()
    screens.resize(terminal.slave, 30)
    monkeypatch.setenv("VTE_VERSION", "7600")
    shown.show(lambda: LINE, 0.0)
    assert terminal.written().startswith(
        "\r\x1b[2A\x1b[J"
    )  # its 65 columns are 3 rows now
    shown.close(1.0, True)


def test_names_of_a_user_are_no_markup_and_no_codes(terminal):
    shown = displays.found()
    name = "Evaluating [/] [bold]x[/bold] \x1b[31m\r\n:smile:.csv"
    shown.show(lambda: displays.Line(name, None, ("[/red]",)), 0.0)
    written = terminal.written()
    shown.close(1.0, True)
    assert _rows(written) == [
        r"Evaluating [/] [bold]x[/bold] \x1b[31m\r\n:smile:.csv  [/red]"
    ]


def test_an_encoding_without_the_bar_has_another(terminal):
    output = terminal.output
    output.reconfigure(encoding="ascii", errors="backslashreplace")
    shown = displays.found()
    shown.show(lambda: LINE._replace(parts=("caf\u00e9",)), 0.0)
    assert _rows(terminal.written()) == [r"Training #####-----------  30 %  caf\xe9"]
    shown.close(1.0, True)


def test_a_terminal_that_is_closed_meanwhile_is_no_error(monkeypatch):
    master, slave = pty.openpty()
    output = os.fdopen(slave, "w")
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(sys, "stderr", output)
    shown = displays.found()
    assert isinstance(shown, displays.Terminal)
    os.close(master)
    shown.show(lambda: LINE, 0.0)
    shown.close(1.0, True)
    output.close()


@pytest.mark.parametrize("name", ["dumb", "unknown"])
def test_a_terminal_without_codes_is_a_log(terminal, monkeypatch, name):
    monkeypatch.setenv("TERM", name)
    assert isinstance(displays.found(), displays.Log)


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE", "CLICOLOR_FORCE"])
def test_a_log_gets_a_plain_line_now_and_then(monkeypatch, name):
    output, now = io.StringIO(), [1000.0]
    monkeypatch.setattr(sys, "stderr", output)
    monkeypatch.setattr(displays.time, "monotonic", lambda: now[0])
    monkeypatch.setenv(name, "1")
    shown = displays.found()
    for number in range(13):
        shown.show(lambda n=number: LINE._replace(share=n / 12), 1000.0)
        now[0] += 10.0
    shown.show(lambda: LINE, 1000.0, is_last=True)
    shown.show(lambda: LINE._replace(name="Validating"), now[0] - 1)  # begins anew
    assert output.getvalue().splitlines() == [
        f"Training  {percent} %  ETA 0:15  step 120/400  loss 0.41"
        for percent in (25, 50, 75, 100)
    ]


@pytest.mark.parametrize("stream", ["closed", "none", "broken"])
def test_standard_error_that_is_closed_is_no_error(monkeypatch, stream):
    broken = io.StringIO()
    broken.close()
    if stream == "broken":
        reader, writer = os.pipe()
        os.close(reader)
        broken = os.fdopen(writer, "w", buffering=1)
    monkeypatch.setattr(sys, "stderr", None if stream == "none" else broken)
    monkeypatch.setattr(displays, "PLAIN_SECONDS", 0.0)
    shown = displays.found()
    shown.show(lambda: LINE, 0.0)
    shown.close(1.0, True)
    if stream == "broken":
        with pytest.raises(BrokenPipeError):
            broken.close()


def test_in_a_notebook_one_output_is_replaced_and_ends_as_one_line(monkeypatch):
    """The kernel's classes are made here: their names and methods alone are used."""
    kept, now = [], [0.0]

    class Handle:
        def update(self, data, raw):
            kept[-1] = data["text/plain"]

    def display(data, raw, display_id):
        kept.append(data["text/plain"])
        return Handle()

    stream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})
    streams = types.SimpleNamespace(stdout=stream(), stderr=stream())
    monkeypatch.setattr(displays, "sys", streams)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(display=None))
    made = types.SimpleNamespace(display=display)
    monkeypatch.setattr(sys.modules["IPython"], "display", made)
    monkeypatch.setattr(displays.time, "monotonic", lambda: now[0])
    shown = displays.found()
    for number in range(1000):
        shown.show(lambda n=number: LINE._replace(share=n / 1000), 0.0)
        now[0] += 0.25
    assert kept == ["━" * 16 + " Training  100 %  ETA 0:15  step 120/400  loss 0.41"]
    shown.close(250.0, True)
    assert kept == ["Done in 4:10"]
    streams.stdout = io.StringIO()  # as %%capture has it
    assert isinstance(displays.found(), displays.Log)


def test_a_quick_phase_leaves_no_output_in_a_notebook():
    shown = displays.Notebook(lambda *_, **__: pytest.fail("it was shown"))
    started = displays.time.monotonic()
    shown.show(lambda: LINE, started)
    shown.show(lambda: LINE, started, is_last=True)
    shown.close(0.1, True)
