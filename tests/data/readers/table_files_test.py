"""Tables of text: the separator is found, and a broken record costs its own row."""

import csv
import io
import random

import pytest

from tfm import errors
from tfm.data.readers import sources
from tfm.data.readers import tables

TEXTS = [
    "a plain text",
    "with, a comma; and a semicolon | a bar",
    'with "quotes" and\na line end',
    "caf\u00e9 \u00bd",
    "",
]


def _table(separator: str, rows, ending: str = "\n", quoting=csv.QUOTE_MINIMAL) -> str:
    file = io.StringIO()
    writer = csv.writer(
        file,
        delimiter=tables.SEPARATORS[separator],
        lineterminator=ending,
        quoting=quoting,
    )
    writer.writerows(rows)
    return file.getvalue()


def _read(path, **options):
    wanted = {"text": "text", "label": "label"} | options
    return [
        (row.line, row.values or row.problem)
        for row in sources.read(str(path), sources.Reading(**wanted))
    ]


@pytest.mark.parametrize("separator", tables.SEPARATORS)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_a_table_is_read_as_it_was_written(
    tmp_path, separator, ending, quoting, capsys
):
    rng = random.Random(0)
    rows = [(rng.choice(TEXTS), str(rng.randint(0, 2))) for _ in range(60)]
    text = _table(separator, [("text", "label"), *rows], ending, quoting)
    (tmp_path / "a.csv").write_bytes(text.encode())
    found = [values for _, values in _read(tmp_path / "a.csv")]
    expected = [{"text": text, "label": label} for text, label in rows]
    assert found == expected
    said = capsys.readouterr().err
    assert said == (
        ""
        if separator == "comma"
        else f"note: {tmp_path}/a.csv: columns are parted by {separator}\n"
    )


def test_the_wanted_columns_decide(tmp_path):
    text = "text;label\none, two, three;a\nfour, five, six;b\n"
    (tmp_path / "a.csv").write_text(text)
    found = [values for _, values in _read(tmp_path / "a.csv")]
    assert [row["text"] for row in found] == ["one, two, three", "four, five, six"]
    # one column of texts with commas is one column
    (tmp_path / "b.csv").write_text("text\none\ntwo; three\n")
    found = [values for _, values in _read(tmp_path / "b.csv", label="")]
    assert [row["text"] for row in found] == ["one", "two; three"]
    header = {"header": ("text", "label")}
    (tmp_path / "c.csv").write_text("one, two|a\nthree|b\n")
    found = [values for _, values in _read(tmp_path / "c.csv", **header)]
    assert [row["label"] for row in found] == ["a", "b"]
    with pytest.raises(errors.UserError, match="has no column 'label'"):
        _read(tmp_path / "a.csv", separator="comma", text="text;label")


@pytest.mark.parametrize("place", [0, 7, 38, 39])
def test_a_quote_that_is_not_closed_costs_one_row(tmp_path, place):
    rows = [(f"text {i}", str(i % 2)) for i in range(40)]
    lines = _table("comma", [("text", "label"), *rows]).splitlines()
    lines[place + 1] = '"' + lines[place + 1]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    found = _read(tmp_path / "a.csv")
    assert [line for line, _ in found] == list(range(2, 42))
    bad = [place for place, (_, what) in enumerate(found) if isinstance(what, str)]
    assert bad == [place]
