"""The command: what it prints and writes, and what is refused."""

import csv
import json

import pytest

from tests.support import reviews
from tfm import data
from tfm import errors
from tfm import generate
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
    note = "note: Not in the vocabulary, so read as unknown: 'Öl', 'ö'\n"
    assert shown.err == f"Loading     {lm}\n{note}"
    assert shown.out.startswith("the Öl ö")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"prompt": ["x"], "input": "y"}, "Give --prompt or --input, not both."),
        ({"prompt": ["x"], "output": "y.csv"}, "--output goes with --input."),
        ({"input": "x", "output": "y.txt"}, "--output must end in .csv or .jsonl."),
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
