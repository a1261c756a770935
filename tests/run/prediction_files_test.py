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
    }


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
