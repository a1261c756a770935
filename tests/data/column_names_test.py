"""Columns of the text and the label, found where they are not named, and told."""

import csv
import json

import pytest

from tfm import data
from tfm import errors
from tfm.data import column_names
from tfm.data.readers import notes
from tfm.data.readers import sources

LONG = "a long and winding text about the number {} of many others"


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch):
    monkeypatch.setattr(notes, "_told", set())


def _write(path, columns, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return str(path)


def _find(spec, text="", label="", needed=True):
    reading = sources.Reading(text=text, label=label)
    return column_names.found(spec, reading, needed)


@pytest.mark.parametrize(
    ("columns", "row", "expected"),
    [
        (("text", "label"), (LONG, "{2}"), ("text", "label")),
        (("id", "Review", "stars"), ("{}", LONG, "{5}"), ("Review", "stars")),
        (("what", "kind"), (LONG, "{2}"), ("what", "kind")),
        (("kind", "id", "what"), ("{2}", "{}", LONG), ("what", "kind")),
        (("title", "body", "topic"), ("t{}", LONG, "{3}"), ("body", "topic")),
        (
            ("target", "ids", "user", "text"),
            ("{2}", "{}", "u{}", LONG),
            ("text", "target"),
        ),
        (
            ("sentiment", "confidence", "text"),
            ("{3}", "0.{}", LONG),
            ("text", "sentiment"),
        ),
        (("a", "b"), ("{2}", LONG), ("b", "a")),
    ],
)
def test_columns_are_found_by_name_or_by_what_they_hold(
    tmp_path, columns, row, expected, capsys
):
    rows = []
    for i in range(60):
        cells = [cell.replace("{}", str(i)) for cell in row]
        for classes in (2, 3, 5):
            cells = [c.replace(f"{{{classes}}}", f"c{i % classes}") for c in cells]
        rows.append(cells)
    spec = _write(tmp_path / "a.csv", columns, rows)
    assert _find(spec) == expected
    said = capsys.readouterr().err
    for what, name in zip(("text", "label"), expected, strict=True):
        told = f"{spec}: the {what} is the column {name!r}, "
        assert (told in said) == (what != name)


def test_what_is_named_stays_and_serves_to_find_the_other(tmp_path):
    rows = [(f"t{i}", LONG.format(i), i % 2, i % 3) for i in range(40)]
    spec = _write(tmp_path / "a.csv", ("text", "body", "x", "z"), rows)
    assert _find(spec, text="body", label="z") == ("body", "z")
    assert _find(spec, label="z") == ("text", "z")
    rule = "several columns that may be the label: x, z. Name one with --data.label"
    with pytest.raises(errors.UserError, match=rule):
        _find(spec)
    assert _find(spec, needed=False) == ("text", "")


def test_what_cannot_be_found_is_told(tmp_path):
    numbers = _write(tmp_path / "a.csv", ("x", "y"), [(i, i % 2) for i in range(30)])
    with pytest.raises(errors.UserError, match="has no column of text. It has: x, y"):
        _find(numbers)
    rows = [(LONG.format(i), f"w{i}") for i in range(30)]
    alone = _write(tmp_path / "b.csv", ("text", "id"), rows)
    with pytest.raises(errors.UserError, match="no column that looks like a label"):
        _find(alone)
    (tmp_path / "c.txt").write_text("a text\nanother\n")
    with pytest.raises(
        errors.UserError, match="has texts and no labels. To learn from"
    ):
        _find(str(tmp_path / "c.txt"))
    assert _find("tfds:anything") == ("text", "label")


def test_folders_plain_text_and_json(tmp_path):
    for label in ("good", "bad"):
        (tmp_path / "classes" / label).mkdir(parents=True)
        (tmp_path / "classes" / label / "1.txt").write_text("a text")
    assert _find(str(tmp_path / "classes")) == ("text", "label")
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    assert _find(str(tmp_path / "a.txt"), needed=False) == ("text", "")
    lines = [json.dumps({"t": LONG.format(i), "k": i % 2}) for i in range(30)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert _find(str(tmp_path / "a.jsonl")) == ("t", "k")


def test_a_run_keeps_what_was_found(tmp_path):
    rows = [(LONG.format(i), f"c{i % 2}") for i in range(60)]
    spec = _write(tmp_path / "a.csv", ("what", "kind"), rows)
    config = data.LabeledText(train=spec)
    looked = config.look()
    assert (looked.text, looked.label) == ("what", "kind")
    first = config.prepare(tmp_path / "prepared")  # by itself too
    again = looked.prepare(tmp_path / "prepared")
    assert first.records.fingerprint == again.records.fingerprint
    assert config.prepare(tmp_path / "prepared").records.label_names == ("c0", "c1")
    with pytest.raises(errors.UserError, match="text='what', not text='kind'"):
        data.LabeledText(train=spec, text="kind").prepare(tmp_path / "prepared")
    (read, *_) = config.rows(spec, {})
    assert read.row == {"text": LONG.format(0)}


def test_a_file_without_a_header_line_is_told(tmp_path):
    rows = [("pos" if i % 2 else "neg", LONG.format(i)) for i in range(40)]
    spec = _write(tmp_path / "a.csv", rows[0], rows[1:])
    rule = "has no header line, it seems: 'neg' .* --data.header=label,text"
    with pytest.raises(errors.UserError, match=rule):
        _find(spec)


def test_dates_are_no_labels(tmp_path):
    rows = [(f"2020-01-{i % 5 + 1:02}", LONG.format(i), i % 2) for i in range(60)]
    spec = _write(tmp_path / "a.csv", ("day", "what", "good"), rows)
    assert _find(spec) == ("what", "good")
