"""Predictions for texts, files and standard input, and what is refused."""

import csv
import io
import json

import pytest

from tfm import errors
from tfm import predict
from tfm.run import trained


def test_predict_texts_and_a_file_agree(run, tmp_path, capsys):
    texts = ["a superb story", "the film was tedious", ""]
    direct = trained.load(str(run)).predict(texts)
    assert [found["label"] for found in direct[:2]] == ["good", "bad"]
    predict.main(predict.Options(run_dir=str(run), text=texts))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("good\tbad=0.") and lines[0].endswith("\ta superb story")

    source = tmp_path / "in.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "review"], *enumerate(texts[:2])])
    for name in ("out.csv", "out.jsonl"):
        output = tmp_path / name
        predict.main(
            predict.Options(run_dir=str(run), input=str(source), output=str(output))
        )
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["predicted_label"] for row in rows] == ["good", "bad"]
    assert [row["id"] for row in rows] == ["0", "1"]
    written = (tmp_path / "out.jsonl").read_text().splitlines()
    objects = [json.loads(row) for row in written]
    for row, found, expected in zip(rows, objects, direct, strict=False):
        assert found["probabilities"] == pytest.approx(expected["probabilities"], 1e-4)
        assert float(row["probability_good"]) == pytest.approx(
            expected["probabilities"]["good"], abs=1e-5
        )


def test_predict_prints_a_file_whose_text_has_another_name(run, tmp_path, capsys):
    source = tmp_path / "in.csv"
    source.write_text("label,review\nmine,a superb story\n")
    predict.main(predict.Options(run_dir=str(run), input=str(source)))
    line = capsys.readouterr().out.rstrip("\n").split("\t")
    assert (line[0], line[2]) == ("good", "a superb story")
    predict.main(predict.Options(run_dir=str(run), input=str(source), json=True))
    found = json.loads(capsys.readouterr().out)
    assert (found["label"], found["predicted_label"]) == ("mine", "good")


def test_rows_of_json_with_other_keys_stay_in_their_columns(run, tmp_path):
    source, output = tmp_path / "in.jsonl", tmp_path / "out.csv"
    source.write_text(
        '{"id": 1, "review": "dull"}\n{"review": "superb", "more": 2, "id": 3}\n'
    )
    predict.main(
        predict.Options(run_dir=str(run), input=str(source), output=str(output))
    )
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["1", "3"]
    assert [row["predicted_label"] for row in rows] == ["bad", "good"]


def test_predict_reads_standard_input_line_by_line(run, monkeypatch, capsys):
    class Standard:
        buffer = io.BufferedReader(io.BytesIO(b"a superb film\r\n\ndull \xff film"))
        isatty = staticmethod(lambda: False)

    monkeypatch.setattr("sys.stdin", Standard)
    predict.main(predict.Options(run_dir=str(run), json=True))
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["text"] for row in found] == ["a superb film", "", "dull � film"]
    assert (found[0]["label"], found[2]["label"]) == ("good", "bad")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": ["x"], "input": "y.csv"}, "Give --text or --input, not both."),
        ({"output": "y.csv"}, "--output goes with --input."),
        (
            {"input": "x.csv", "output": "y.txt"},
            "--output must end in .csv",
        ),
        ({"input": "x.csv", "output": "no/y.csv"}, "There is no folder no for"),
        ({"input": "nothing.csv"}, "nothing.csv"),
        ({"batch_size": 0}, "--batch_size takes 1 or more. Got 0."),
    ],
)
def test_predicts_mistakes_are_told(run, fields, message):
    with pytest.raises(errors.UserError, match=message):
        predict.main(predict.Options(run_dir=str(run), **fields))


def test_output_does_not_overwrite_the_input_or_the_runs_data(run, tmp_path):
    source = tmp_path / "new.csv"
    source.write_text("review\na superb film\n")
    options = predict.Options(
        run_dir=str(run), input=str(source), output=str(tmp_path / "." / "new.csv")
    )
    with pytest.raises(
        errors.UserError, match="would overwrite .*new.csv. Give another"
    ):
        predict.main(options)
    trained_on = run.parent / "reviews.csv"
    options = predict.Options(
        run_dir=str(run), input=str(source), output=str(trained_on)
    )
    with pytest.raises(errors.UserError, match="would overwrite .*reviews.csv"):
        predict.main(options)


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_an_interrupted_output_has_each_row_once(
    run, tmp_path, monkeypatch, capsys, name
):
    source = tmp_path / "in.csv"
    source.write_text('review,probability_good\n"",x\na dull film,y\nsuperb,z\n')
    fields = {"run_dir": str(run), "input": str(source), "batch_size": 1}
    predict.main(predict.Options(**fields, output=str(tmp_path / f"whole_{name}")))
    real, calls = trained.Trained.predict, []

    def interrupted(self, rows, batch_size):
        calls.append(rows)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, rows, batch_size)

    options = predict.Options(**fields, output=str(tmp_path / name))
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(trained.Trained, "predict", interrupted)
        predict.main(options)
    assert "note: 2 rows are kept in" in capsys.readouterr().err
    predict.main(options)
    said = capsys.readouterr()
    assert "2 predictions written to" in said.out
    assert "note: 1 of 3 rows have no prediction" in said.err
    found = (tmp_path / name).read_text()
    assert found == (tmp_path / f"whole_{name}").read_text()
    assert len(found.splitlines()) == 3 + name.endswith(".csv")


def test_columns_named_as_what_is_predicted_stay(run, tmp_path, capsys):
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    mine = {
        "review": "superb",
        "label": "a",
        "Predicted_label": "b",
        "probability_good": "c",
        "probability_bad": "d",
        "problem": "e",
    }
    source.write_text(f"{','.join(mine)}\n{','.join(mine.values())}\n")
    fields = {"run_dir": str(run), "input": str(source)}
    predict.main(predict.Options(**fields, output=str(output)))
    with output.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert {name: row[name] for name in mine} == mine
    assert row["predicted_label_2"] == "good"
    assert float(row["probability_good_2"]) > float(row["probability_bad_2"])
    assert row["problem_2"] == "" and len(row) == 10
    assert "'Predicted_label'; what tfm writes is 'predicted_label_2'" in (
        capsys.readouterr().err
    )


def test_rows_that_the_task_refuses_keep_their_place(
    run, tmp_path, monkeypatch, capsys
):
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    texts = ["superb" if number not in (3, 30) else "odd" for number in range(40)]
    source.write_text("review\n" + "\n".join(texts) + "\n")
    real, calls = trained.Trained.predict, []

    def refusing(self, rows, batch_size):
        calls.append(len(rows))
        if any(row["text"] == "odd" for row in rows):
            raise errors.RowError("It is odd.")
        return real(self, rows, batch_size)

    monkeypatch.setattr(trained.Trained, "predict", refusing)
    fields = {"run_dir": str(run), "input": str(source), "output": str(output)}
    predict.main(predict.Options(**fields))
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["review"] for row in rows] == texts
    assert [n for n, row in enumerate(rows) if row["problem"]] == [3, 30]
    assert {row["problem"] for row in rows} == {"", "It is odd."}
    assert all(row["predicted_label"] == "good" for row in rows if not row["problem"])
    assert len(calls) < 30  # it looks for them by halves
    assert "note: 2 of 40 rows have no prediction" in capsys.readouterr().err
    with pytest.raises(errors.RowError, match="It is odd"):
        predict.main(predict.Options(run_dir=str(run), text=["superb", "odd"]))


def test_an_interrupted_output_goes_on_with_the_same_input_alone(
    run, tmp_path, monkeypatch
):
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("review\nsuperb\ndull\n")
    fields = {"run_dir": str(run), "input": str(source), "output": str(output)}
    options = predict.Options(**fields, batch_size=1)
    real = trained.Trained.predict

    def interrupted(self, rows, batch_size):
        if rows[0]["text"] == "dull":
            raise KeyboardInterrupt
        return real(self, rows, batch_size)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(trained.Trained, "predict", interrupted)
        predict.main(options)
    source.write_text("review\nanother\ndull\n")
    with pytest.raises(errors.UserError, match=r"holds 1 rows of other settings"):
        predict.main(options)
    source.write_text("review\nsuperb\ndull\n")  # as it was, at another time
    predict.main(predict.Options(**fields, batch_size=2))
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["predicted_label"] for row in rows] == ["good", "bad"]
