"""Counts of rows for the last lines, and rows of standard input."""

import io
import types

import pytest

from tfm import interfaces
from tfm.run import text_rows

GOOD = interfaces.Read({"text": "a"}, {})
BAD = GOOD._replace(problem="no text")


def test_the_last_lines_count_what_was_made_and_what_not(capsys):
    tally = text_rows.Tally()
    tally.add([GOOD, BAD, GOOD])
    tally.add([GOOD])
    tally.say("texts", "out.csv", each=2)
    said = capsys.readouterr()
    assert said.out == "6 texts written to out.csv\n"
    assert said.err == "note: 1 of 4 rows have no text; the reason stands in each\n"


def test_rows_that_were_done_before_count(capsys):
    tally = text_rows.Tally(1000, left_out=2)
    tally.add([GOOD, BAD])
    tally.say("predictions", "out.csv")
    said = capsys.readouterr()
    told = "999 predictions written to out.csv; 1,000 rows were done before\n"
    assert said.out == told
    assert said.err.startswith("note: 3 of 1,002 rows have no prediction;")


def test_nothing_is_told_of_rows_that_were_printed(capsys):
    tally = text_rows.Tally()
    tally.add([GOOD])
    tally.say("texts", "")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("size", [1, 2, 10])
def test_standard_input_has_a_row_for_each_line(monkeypatch, size):
    stream = io.BufferedReader(io.BytesIO(b"a \xff\r\n\n  \nlast"))
    standard = types.SimpleNamespace(buffer=stream, isatty=lambda: False)
    monkeypatch.setattr("sys.stdin", standard)
    parts = list(text_rows.standard_input(size, "text"))
    assert max(map(len, parts)) <= size
    reads = [read for part in parts for read in part]
    assert [read.row["text"] for read in reads] == ["a \ufffd", "", "  ", "last"]
    assert [read.problem for read in reads] == ["", "no text", "no text", ""]


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("caf\u00e9", "caf\u00e9"),
        ("caf\udcc3\udca9", "caf\u00e9"),  # where the locale is ASCII
        ("caf\udce9", "caf\ufffd"),
        ("a \ud800", "a \ud800"),
    ],
)
def test_texts_of_the_command_line_are_utf8(argument, text):
    (read,) = text_rows.of_texts([argument], "review")
    assert read.row == {"review": text}
