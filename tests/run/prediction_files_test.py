"""Predictions of any kind, written as lines, JSON and CSV."""

import csv
import json

import pytest

from tfm import errors
from tfm import interfaces
from tfm.run import prediction_files

READ = interfaces.Read({"text": "a film"}, {"review": "a film", "label": "mine"})
LABEL = {"label": ["good", "short"], "probabilities": {"good": 0.75, "bad": 0.5}}
MASKS = {
    "text": "a fine film",
    "masks": [[{"token": "fine", "probability": 0.5}], [{"token": "a", "p": 0.25}]],
}
VALUE = {"value": 2.5, "spans": [[0, 4, "name"]], "nothing": None}


def _written(path, *pairs, reserved=("text", "label")):
    with prediction_files.created(path, reserved) as write:
        for read, prediction in pairs:
            write(read, prediction)
    return path.read_text(encoding="utf-8")


def test_json_keeps_the_input_and_hides_no_column_of_it(tmp_path):
    text = _written(tmp_path / "out.jsonl", (READ, LABEL), (READ, MASKS))
    first, second = map(json.loads, text.splitlines())
    assert first == {
        "review": "a film",
        "label": "mine",
        "predicted_label": ["good", "short"],
        "probabilities": {"good": 0.75, "bad": 0.5},
    }
    assert second["predicted_text"] == "a fine film" and second["label"] == "mine"
    assert second["masks"] == MASKS["masks"]


def test_csv_has_a_column_for_each_value(tmp_path):
    text = _written(tmp_path / "out.csv", (READ, LABEL))
    (row,) = csv.DictReader(text.splitlines())
    assert row == {
        "review": "a film",
        "label": "mine",
        "predicted_label": "good,short",
        "probability_good": "0.750000",
        "probability_bad": "0.500000",
        "problem": "",
    }


def test_a_row_that_cannot_be_predicted_keeps_its_place_and_says_why(tmp_path, capsys):
    bad = READ._replace(problem="no text")
    pairs = ((bad, {}), (READ, LABEL), (bad, {}))
    rows = list(csv.DictReader(_written(tmp_path / "out.csv", *pairs).splitlines()))
    assert [row["problem"] for row in rows] == ["no text", "", "no text"]
    assert [row["predicted_label"] for row in rows] == ["", "good,short", ""]
    assert [row["review"] for row in rows] == ["a film"] * 3
    rows = [*map(json.loads, _written(tmp_path / "o.jsonl", *pairs).splitlines())]
    assert rows[0] == {"review": "a film", "label": "mine", "problem": "no text"}
    assert "problem" not in rows[1]
    (row,) = csv.DictReader(_written(tmp_path / "b.csv", (bad, {})).splitlines())
    assert row == {"review": "a film", "label": "mine", "problem": "no text"}
    with prediction_files.lines(["text"]) as write:
        write(bad, {})
    assert capsys.readouterr().out == "(no text)\ta film\n"


def test_no_column_of_the_users_is_doubled_or_overwritten(tmp_path):
    shown = {
        "label": "mine",
        "predicted_label": "theirs",
        "probability_good": "x",
        "problem": "old",
    }
    read = interfaces.Read({"text": "a"}, shown)
    text = _written(tmp_path / "out.csv", (read, LABEL))
    header = text.splitlines()[0].split(",")
    assert len(set(header)) == len(header)
    (row,) = csv.DictReader(text.splitlines())
    assert {name: row[name] for name in shown} == shown
    assert row["predicted_predicted_label"] == "good,short"
    assert row["predicted_probability_good"] == "0.750000"
    (row,) = map(json.loads, _written(tmp_path / "o.jsonl", (read, LABEL)).splitlines())
    assert {name: row[name] for name in shown} == shown


def test_csv_holds_no_formula_and_leaves_numbers(tmp_path):
    values = {"a": "=1+1", "b": "-5", "c": "+x", "d": "@x", "e": "plain", "f": "-1e3"}
    read = interfaces.Read({"text": "a"}, values)
    (row,) = csv.DictReader(_written(tmp_path / "o.csv", (read, VALUE)).splitlines())
    found = [row[name] for name in values]
    assert found == ["'=1+1", "-5", "'+x", "'@x", "plain", "-1e3"]


def test_bytes_that_are_not_valid_come_out_as_they_came(tmp_path, capsys):
    who = b"Zo\xeb".decode("utf-8", "surrogateescape")
    read = interfaces.Read({"text": "a"}, {"who": who})
    with prediction_files.created(tmp_path / "o.csv", ()) as write:
        write(read, VALUE)
    assert b"Zo\xeb" in (tmp_path / "o.csv").read_bytes()
    with prediction_files.json_lines() as write:
        write(read, {"value": 1.0})
    assert json.loads(capsys.readouterr().out)["who"] == "Zo\ufffd"


def test_a_text_is_one_line_of_a_terminal(capsys):
    read = interfaces.Read({"text": "a\nb\tc\x1b[31m\u2028d caf\u00e9"}, {})
    with prediction_files.lines(["text"]) as write:
        write(read, {"value": 2.5})
    said = capsys.readouterr().out
    assert said == "2.5000\ta\\nb\\tc\\x1b[31m\\u2028d caf\u00e9\n"


def test_csv_takes_what_has_no_cell_of_its_own_as_json(tmp_path):
    text = _written(tmp_path / "out.csv", (READ, VALUE), (READ, MASKS | VALUE))
    first, second = csv.DictReader(text.splitlines())
    assert first["value"] == "2.500000" and first["nothing"] == ""
    assert json.loads(first["spans"]) == [[0, 4, "name"]]
    assert first.keys() == second.keys()


def test_lines_show_values_and_then_what_was_read(capsys):
    with prediction_files.lines(["text"]) as write:
        write(READ, LABEL)
        write(READ, MASKS)
        write(READ, {"value": 2.5})
        write(interfaces.Read({"text": b"png"}, {}), {"value": 2.5})
    assert capsys.readouterr().out.splitlines() == [
        "good,short\tgood=0.7500 bad=0.5000\ta film",
        "a fine film\tfine=0.5000\ta=0.2500\ta film",
        "2.5000\ta film",
        "2.5000",
    ]


def test_json_writes_bytes_of_the_input_as_text(capsys):
    with prediction_files.json_lines() as write:
        write(interfaces.Read({}, {"raw": b"caf\xc3\xa9"}), {"value": 1})
    assert json.loads(capsys.readouterr().out) == {"raw": "café", "value": 1}


def test_a_file_is_there_when_all_is_written_or_not_at_all(tmp_path):
    path = tmp_path / "out.csv"
    with pytest.raises(ZeroDivisionError), prediction_files.created(path, ()) as write:
        write(READ, LABEL)
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())
    blocked = tmp_path / "no" / "out.csv"
    with (
        pytest.raises(errors.UserError, match="cannot be written: No such file"),
        prediction_files.created(blocked, ()),
    ):
        pass
