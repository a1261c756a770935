"""Spreadsheets: cells as their CSV has them, sheets by name."""

import datetime

import pytest

from tfm import errors
from tfm.data.readers import notes
from tfm.data.readers import sources
from tfm.data.readers import spreadsheets

pytestmark = pytest.mark.slow  # needs .ci/requirements.txt


def _rows(path, **settings):
    reading = sources.Reading(**{"label": "label"} | settings)
    rows = list(sources.read(str(path), reading))
    return [(row.line, *row.values.values()) for row in rows]


@pytest.fixture
def book(tmp_path, monkeypatch):
    import openpyxl

    monkeypatch.setattr(notes, "_told", set())
    made = openpyxl.Workbook()
    made.active.title = "about"
    made.active.append(["only a title"])
    sheet = made.create_sheet("data")
    for row in [
        [],
        ["label", " text ", "when"],
        [1, "a caf\u00e9", datetime.date(2020, 1, 2)],
        [2.5, "two\nlines", None],
        [],
        [True, 2012, datetime.datetime(2020, 1, 2, 3, 4)],
        [None, None, "x"],
    ]:
        sheet.append(row)
    made.create_sheet("other").append(["text", "label"])
    made["other"].append(["b", "c"])
    made.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def test_cells_are_as_in_the_csv_of_the_sheet(book, capsys):
    assert _rows(book, also=("when",)) == [
        (3, "a caf\u00e9", "1", "2020-01-02"),
        (4, "two\nlines", "2.5", ""),
        (6, "2012", "TRUE", "2020-01-02 03:04:00"),
        (7, "", "", "x"),
    ]
    assert capsys.readouterr().err == (
        f"note: {book} has the sheets about, data, other; data is read. Another one is "
        "a.xlsx#NAME.\n"
    )
    assert _rows(f"{book}#other") == [(2, "b", "c")]
    assert _rows(f"{book}#other", header=("text", "label"))[0] == (1, "text", "label")
    with pytest.raises(
        errors.UserError, match="has no sheet 'x'. It has: about, data, other"
    ):
        _rows(f"{book}#x")
    with pytest.raises(errors.UserError, match="has no column 'body'. It has: label"):
        _rows(book, text="body")


def test_an_old_file_and_what_is_none(tmp_path):
    import xlwt

    old = xlwt.Workbook()
    sheet = old.add_sheet("a")
    for line, row in enumerate([("text", "label"), ("a", 1), ("b", 2)]):
        for place, cell in enumerate(row):
            sheet.write(line, place, cell)
    old.save(str(tmp_path / "a.xls"))
    assert _rows(tmp_path / "a.xls") == [(2, "a", "1"), (3, "b", "2")]
    (tmp_path / "b.xlsx").write_text("text,label\na,1\n")
    with pytest.raises(errors.UserError, match="b.xlsx is no whole spreadsheet: "):
        _rows(tmp_path / "b.xlsx")


def test_without_the_library_its_name_is_told(book, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "python_calamine", None)
    rule = "is a spreadsheet, which needs python-calamine: pip install python-calamine"
    with pytest.raises(errors.UserError, match=rule):
        list(spreadsheets.read(book, ("text",)))
