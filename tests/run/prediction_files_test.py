"""Predictions of any kind, written as lines, JSON and CSV."""

import csv
import gzip
import io
import json

import pyarrow.parquet
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
    assert row["predicted_label_2"] == "good,short"
    assert row["probability_good_2"] == "0.750000"
    (row,) = map(json.loads, _written(tmp_path / "o.jsonl", (read, LABEL)).splitlines())
    assert {name: row[name] for name in shown} == shown


def test_csv_holds_no_formula_and_leaves_numbers(tmp_path):
    values = {"a": "=1+1", "b": "-5", "c": "+x", "d": "@x", "e": "plain", "f": "-1e3"}
    read = interfaces.Read({"text": "a"}, values)
    (row,) = csv.DictReader(_written(tmp_path / "o.csv", (read, VALUE)).splitlines())
    found = [row[name] for name in values]
    assert found == ["'=1+1", "-5", "'+x", "'@x", "plain", "-1e3"]


def test_files_are_utf8_whatever_the_input_holds(tmp_path, capsys):
    who = b"Zo\xeb \xff".decode("utf-8", "surrogateescape")
    shown = {"who": who, "half": "a \ud800 b", "pair": "\U0001f600"}
    read = interfaces.Read({"text": "a"}, shown, "in.csv:7")
    for name in ("o.csv", "o.tsv.gz", "o.jsonl"):
        with prediction_files.created(tmp_path / name, ()) as write:
            write(read, VALUE)
            write(read, VALUE)
    text = (tmp_path / "o.csv").read_text(encoding="utf-8")
    assert text.splitlines()[1].startswith("Zo\ufffd \ufffd,a \ufffd b,\U0001f600,")
    packed = gzip.decompress((tmp_path / "o.tsv.gz").read_bytes()).decode("utf-8")
    assert packed.splitlines()[1].split("\t")[:2] == ["Zo\ufffd \ufffd", "a \ufffd b"]
    (row, _) = map(json.loads, (tmp_path / "o.jsonl").read_text("utf-8").splitlines())
    assert row["who"] == "Zo\ufffd \ufffd"
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "in.csv:7" in line] == [
        f"note: in.csv:7: column {name!r} is not all valid text in its encoding; what "
        "is not is written as U+FFFD."
        for name in ("who", "half")
    ]
    with prediction_files.json_lines() as write:
        write(read, {"value": 1.0})
    assert json.loads(capsys.readouterr().out)["who"] == "Zo\ufffd \ufffd"


def test_json_is_valid_in_an_encoding_that_lacks_characters(monkeypatch):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252", errors="backslashreplace")
    monkeypatch.setattr("sys.stdout", stream)
    shown = {"a": "\u65e5 \U0001f600 caf\u00e9", "b": "\udcff"}
    with prediction_files.json_lines() as write:
        write(interfaces.Read({}, shown), {"value": 1.0})
        write(interfaces.Read({}, {"a": "caf\u00e9"}), {})
    first, second = raw.getvalue().decode("cp1252").splitlines()
    assert json.loads(first) == {**shown, "b": "\ufffd", "value": 1.0}
    assert second == '{"a": "caf\u00e9"}'


def test_names_differ_by_more_than_upper_case_and_are_told(tmp_path, capsys):
    read = interfaces.Read({}, {"Generated": "mine", "FINISHED": 1})
    text = _written(tmp_path / "o.csv", (read, {"generated": "a", "finished": "eos"}))
    header = text.splitlines()[0]
    assert header == "Generated,FINISHED,generated_2,finished_2,problem"
    told = capsys.readouterr().err
    assert "a column 'Generated'; what tfm writes is 'generated_2'" in told
    classes = {"probabilities": {"good": 0.5, "Good": 0.5}}
    text = _written(tmp_path / "c.csv", (interfaces.Read({}, {"x": 1}), classes))
    assert text.splitlines()[0] == "x,probability_good,probability_Good,problem"


def test_one_name_for_all_rows_of_json_whose_columns_are_known(tmp_path):
    reads = [interfaces.Read({}, {"id": 1}), interfaces.Read({}, {"generated": "mine"})]
    path = tmp_path / "o.jsonl"
    with prediction_files.created(path, (), ["id", "generated"]) as write:
        for read in reads:
            write(read, {"generated": "new"})
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"id": 1, "generated_2": "new"},
        {"generated": "mine", "generated_2": "new"},
    ]


def test_a_column_of_a_later_row_hides_nothing_and_is_not_hidden(tmp_path, capsys):
    late = interfaces.Read({}, {"id": 2, "value": "mine", "late": 3})
    pairs = ((interfaces.Read({}, {"id": 1}), {"value": 1.5}), (late, {"value": 2.5}))
    rows = [*map(json.loads, _written(tmp_path / "o.jsonl", *pairs).splitlines())]
    assert rows == [
        {"id": 1, "value": 1.5},
        {"id": 2, "value": "mine", "late": 3, "value_2": 2.5},
    ]
    rows = [*csv.DictReader(_written(tmp_path / "o.csv", *pairs).splitlines())]
    assert [row["value"] for row in rows] == ["1.500000", "2.500000"]
    assert "are left out of a table, and kept in .jsonl: late, value" in (
        capsys.readouterr().err
    )


def test_cells_of_the_input_are_json_where_they_are_no_text(tmp_path):
    read = interfaces.Read({}, {"a": ["x", 1], "b": None, "c": float("nan")})
    (row,) = csv.DictReader(_written(tmp_path / "o.csv", (read, {})).splitlines())
    assert (json.loads(row["a"]), row["b"]) == (["x", 1], "")
    line = _written(tmp_path / "o.jsonl", (read, {}))
    assert json.loads(line, parse_constant=pytest.fail) == {
        "a": ["x", 1],
        "b": None,
        "c": None,
    }


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


def test_parquet_has_columns_of_the_values_types(tmp_path):
    path = tmp_path / "o.parquet"
    shown = [{"id": 1, "mixed": 5}, {"id": 2, "mixed": "a"}, {"id": 3, "late": "x"}]
    with prediction_files.created(path, (), ["id", "mixed"]) as write:
        for number, row in enumerate(shown):
            read = interfaces.Read({}, row, problem="no text" if number == 1 else "")
            write(read, {} if read.problem else LABEL)
    table = pyarrow.parquet.read_table(path)
    assert table.num_rows == 3
    assert table["id"].to_pylist() == [1, 2, 3]
    assert table["mixed"].to_pylist() == ["5", "a", None]
    assert table["late"].to_pylist() == [None, None, "x"]
    assert table["probabilities"].to_pylist()[0] == {"good": 0.75, "bad": 0.5}
    assert table["problem"].to_pylist() == [None, "no text", None]
    assert [file.name for file in tmp_path.iterdir()] == ["o.parquet"]


@pytest.mark.parametrize("name", ["o.txt", "o.gz", "o.parquet.gz", "o.csv.zip", "o"])
def test_other_endings_are_refused(tmp_path, name):
    with pytest.raises(errors.UserError, match=r"--output must end in .*Got .*o"):
        prediction_files.check(str(tmp_path / name))


def test_a_folder_is_no_output(tmp_path):
    (tmp_path / "o.csv").mkdir()
    with pytest.raises(errors.UserError, match=r"o.csv is a folder\. Give a file\."):
        prediction_files.check(str(tmp_path / "o.csv"))
