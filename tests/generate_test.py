"""The command: what it prints and writes, and what is refused."""

import csv
import gzip
import json

import pytest

from tests.support import reviews
from tfm import data
from tfm import errors
from tfm import generate
from tfm import generation
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment

QUICK = {"max_new_tokens": 6, "jit": False}


@pytest.fixture(scope="module")
def lm(tmp_path_factory):
    """A run of an LSTM on a few lines of text."""
    base = tmp_path_factory.mktemp("lm")
    lines = (" ".join(reviews.FILLER[i:] + reviews.GOOD[: i % 3]) for i in range(9))
    (base / "corpus.txt").write_text("\n".join(lines) + "\n")
    e = Experiment(
        data=data.Corpus(
            train=str(base / "corpus.txt"),
            validation_fraction=0.3,
            workers=1,
        ),
        inputs=inputs.Text(
            method="character", vocab_size=60, max_length=8, special_tokens=("[EOS]",)
        ),
        model=models.LSTM(embedding_width=8, width=8),
        task=tasks.CausalLM(documents="joined"),
        optimizer=training.Optimizer(learning_rate=0.03),
        train=training.Train(steps=4, batch_size=4, best_metric="loss"),
    )
    assert reviews.start(e, base / "run", "text_cls") == "finished"
    return base / "run"


def test_one_prompt_many_and_a_file_agree(lm, tmp_path, capsys):
    def run(**fields):
        generate.main(generate.Options(run_dir=str(lm), **QUICK | fields))
        return capsys.readouterr()

    first = run(prompt=["the film"])
    assert first.out.startswith("the film") and first.out.endswith("\n")
    second = run(prompt=["a story"])
    both = run(prompt=["the film", "a story"])
    assert both.out == f"{first.out}{'-' * 20}\n{second.out}"
    found = json.loads(run(prompt=["the film"], json=True).out)
    assert found["prompt"] + found["generated"] + "\n" == first.out

    source = tmp_path / "in.csv"
    source.write_text("id,text\n1,the film\n2,a story\n")
    for name in ("out.csv", "out.jsonl"):
        shown = run(input=str(source), output=str(tmp_path / name), num_samples=2)
        assert shown.out.startswith("4 texts written to")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["1", "1", "2", "2"]
    assert rows[0]["text"] + rows[0]["generated"] + "\n" == first.out
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["generated"] for line in lines] == [
        row["generated"] for row in rows
    ]


def test_what_the_vocabulary_lacks_is_told(lm, capsys):
    options = generate.Options(run_dir=str(lm), prompt=["the Öl ö"], **QUICK)
    generate.main(options)
    shown = capsys.readouterr()
    told = "Not in the vocabulary, so read as unknown: 'Öl', 'ö' (33 % of the prompt's "
    note = f"note: {told}characters).\n"
    command = f"python -m tfm.generate --run_dir={lm} --input=FILE --output=FILE.csv"
    assert shown.err == f"Loading     {lm}\n{note}Generate     {command}\n"
    assert shown.out.startswith("the Öl ö")


def _rows(path):
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_that_is_no_prompt_keeps_its_place_and_says_why(lm, tmp_path, capsys):
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    texts = ["the film", None, 5, ["a"], "  \n", "a story", "", {"role": "user"}]
    lines = (json.dumps({"id": n, "text": text}) for n, text in enumerate(texts))
    source.write_text("\n".join(lines) + "\n")
    fields = {"run_dir": str(lm), "input": str(source), **QUICK}
    generate.main(generate.Options(**fields, output=str(output)))
    said = capsys.readouterr()
    rows = _rows(output)
    assert [row["id"] for row in rows] == [*range(8)]
    assert [row["text"] for row in rows] == texts
    assert [row.get("problem", "") for row in rows] == [
        "",
        "no text",
        "text is not a string: 5",
        "text is not a string: ['a']",
        "no text",
        "",
        "no text",
        "text is not a string: {'role': 'user'}",
    ]
    assert [n for n, row in enumerate(rows) if "generated" in row] == [0, 5]
    assert said.out == f"2 texts written to {output}\n"
    assert "note: 6 of 8 rows have no text; the reason stands in each\n" in said.err
    options = generate.Options(
        **fields, output=str(tmp_path / "out.csv"), num_samples=2
    )
    generate.main(options)
    assert capsys.readouterr().out.startswith("4 texts written to")
    found = _rows(tmp_path / "out.csv")
    assert [row["id"] for row in found] == [str(n) for n in range(8) for _ in range(2)]
    assert [row["problem"] for row in found[2:4]] == ["no text"] * 2
    assert found[0]["generated"] == rows[0]["generated"] != found[1]["generated"]


def test_a_blank_line_is_a_row(lm, tmp_path, capsys):
    source, output = tmp_path / "in.txt", tmp_path / "out.tsv"
    source.write_text("the film\n\na story\n")
    fields = {"run_dir": str(lm), "input": str(source), **QUICK}
    generate.main(generate.Options(**fields, output=str(output)))
    lines = output.read_text().splitlines()
    assert lines[0] == "text\tgenerated\tfinished\tnum_tokens\tnote\tproblem"
    assert [line.split("\t")[0] for line in lines[1:]] == ["the film", "", "a story"]
    assert lines[2].endswith("no text")
    capsys.readouterr()
    generate.main(generate.Options(**fields))
    shown = capsys.readouterr().out.split("-" * 20 + "\n")
    assert shown[1] == "(no text)\n" and shown[2].startswith("a story")


def test_a_users_columns_stay_and_the_free_name_is_told(lm, tmp_path, capsys):
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    mine = {"text": "the film", "generated": "mine", "Finished": "x", "problem": "old"}
    source.write_text(f"{','.join(mine)}\n{','.join(mine.values())}\n")
    fields = {"run_dir": str(lm), "input": str(source), **QUICK}
    generate.main(generate.Options(**fields, output=str(output)))
    told = capsys.readouterr().err
    (row,) = _rows(output)
    header = output.read_text().splitlines()[0].split(",")
    assert len(set(header)) == len(header) == 9
    assert {name: row[name] for name in mine} == mine
    assert len(row["generated_2"]) == 6 and row["finished_2"] == "length"
    for name, free in (("generated", "generated_2"), ("Finished", "finished_2")):
        line = f"note: The input has a column {name!r}; what tfm writes is {free!r}.\n"
        assert line in told
    generate.main(generate.Options(**fields, json=True))
    (found,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (found["generated"], found["generated_2"]) == ("mine", row["generated_2"])


def test_a_note_on_prompts_of_a_file_is_told_once_and_stands_in_each_row(
    lm, tmp_path, capsys
):
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    texts = ["the film", "the \u00d6", "a \u65e5", "\u00e4 story"]
    source.write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    options = generate.Options(
        run_dir=str(lm), input=str(source), output=str(output), num_samples=2, **QUICK
    )
    generate.main(options)
    told = [line for line in capsys.readouterr().err.splitlines() if "note" in line]
    assert len(told) == 2
    assert told[0].startswith(f"note: {source}:2: Not in the vocabulary, so read as")
    assert told[1] == (
        "note: 3 of 4 prompts hold characters that the vocabulary does not know"
    )
    noted = [row["note"] for row in _rows(output)[::2]]
    assert [bool(note) for note in noted] == [False, True, True, True]
    assert "'\u65e5'" in noted[2]


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv.gz", "out.parquet"])
def test_an_interrupted_output_goes_on_with_the_next_rows(
    lm, tmp_path, capsys, monkeypatch, name
):
    source = tmp_path / "in.txt"
    source.write_text("the film\n\nthe film\na story\nthe film\nthe film\n")
    monkeypatch.setattr(generate, "_BATCHES", 1)  # two prompts at a time
    fields = {"run_dir": str(lm), "input": str(source), "num_samples": 2, **QUICK}
    fields["batch_size"] = 4
    generate.main(generate.Options(**fields, output=str(tmp_path / f"whole_{name}")))
    whole = (tmp_path / f"whole_{name}").read_bytes()
    real, calls = generation.Generator.generate, []

    def interrupted(self, prompts, **others):
        calls.append(prompts)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, prompts, **others)

    options = generate.Options(**fields, output=str(tmp_path / name))
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(generation.Generator, "generate", interrupted)
        generate.main(options)
    assert "note: 4 rows are kept in" in capsys.readouterr().err
    assert not (tmp_path / name).exists()
    generate.main(options)
    assert "10 texts written to" in (said := capsys.readouterr()).out
    assert "4 rows were done before" in said.out
    assert "1 of 6 rows have no text" in said.err
    packed = name.endswith(".gz")
    found, whole = (
        gzip.decompress(data) if packed else data
        for data in ((tmp_path / name).read_bytes(), whole)
    )
    assert found == whole


def test_a_prompt_that_comes_again_has_other_texts_however_far_behind(
    lm, tmp_path, monkeypatch
):
    source = tmp_path / "in.txt"
    source.write_text("the film\n" * 5)
    found = []
    for batches in (1, 4):
        monkeypatch.setattr(generate, "_BATCHES", batches)
        output = tmp_path / f"{batches}.csv"
        fields = {"run_dir": str(lm), "input": str(source), "output": str(output)}
        generate.main(generate.Options(**fields, **QUICK, batch_size=2))
        found.append([row["generated"] for row in _rows(output)])
    assert found[0] == found[1] and len(set(found[0])) == 5


def test_codes_for_a_terminal_are_not_obeyed(lm, capsys):
    prompt = "the \x1b[31m\x9b\u202e film"
    visible = "the \\x1b[31m\\x9b\\u202e film"
    fields = {"run_dir": str(lm), **QUICK}
    generate.main(generate.Options(prompt=[prompt], **fields))  # streams
    said = capsys.readouterr()
    assert said.out.startswith(visible) and "\x1b" not in said.out + said.err
    generate.main(generate.Options(prompt=[prompt, "a\nb"], **fields))
    said = capsys.readouterr()
    assert visible in said.out and "a\nb" in said.out and "\x1b" not in said.out


def test_settings_that_change_nothing_are_told_once(lm, capsys):
    options = generate.Options(
        run_dir=str(lm),
        prompt=["the film", "a story"],
        stop=["ZZ"],
        **QUICK | {"temperature": 0, "top_k": 5},
    )
    generate.main(options)
    assert capsys.readouterr().err.splitlines()[1:-1] == [
        "note: stop='ZZ' never comes: the vocabulary cannot spell it.",
        "note: top_k has no effect: with temperature=0 it is always the likeliest "
        "token.",
    ]


def test_an_output_that_is_there_is_told_and_replaced(lm, tmp_path, capsys):
    source, output = tmp_path / "in.txt", tmp_path / "out.csv"
    source.write_text("the film\n")
    output.write_text("old")
    fields = {"run_dir": str(lm), "input": str(source), "output": str(output)}
    generate.main(generate.Options(**fields, **QUICK))
    told = f"note: {output} is there, and replaced when all is written.\n"
    assert told in capsys.readouterr().err
    assert len(_rows(output)) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"prompt": ["x"], "input": "y"}, "Give --prompt or --input, not both."),
        ({"prompt": ["x"], "output": "y.csv"}, "--output goes with --input."),
        (
            {"input": "x", "output": "y.txt"},
            "--output must end in .csv",
        ),
        ({"input": "-"}, "--input takes a file. Without --input and --output"),
        ({"run_dir": "nothing"}, "nothing"),
        ({"run_dir": ""}, "Give --run_dir=DIR"),
        ({"batch_size": 0}, "--batch_size takes 1 or more. Got 0."),
    ],
)
def test_mistakes_are_told(lm, fields, message):
    with pytest.raises(errors.UserError, match=message):
        generate.main(generate.Options(**{"run_dir": str(lm)} | fields))


def test_a_classifier_says_what_to_use(run):
    with pytest.raises(errors.UserError, match="Use python -m tfm.predict"):
        generate.main(generate.Options(run_dir=str(run), prompt=["x"]))
