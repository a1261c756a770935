"""Mistakes in sources are told before TensorFlow is imported; flags of a new file."""

import csv
import json
import os
import pathlib
import resource
import subprocess
import sys

import pytest

from tests.support import reviews
from tfm import errors
from tfm import evaluate
from tfm import predict
from tfm.run import folder as run_folder
from tfm.run import look
from tfm.run import reading

ROOT = pathlib.Path(__file__).parents[2]


def _told(*arguments, cwd=ROOT):
    """CPU seconds, and the last line on standard error of a command that fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "tfm", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 2, done.stderr
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, done.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("files")
    reviews.write_csv(folder / "good.csv", 80)
    body = (folder / "good.csv").read_text()
    (folder / "latin.csv").write_bytes(
        body.replace("film", "caf\u00e9").encode("cp1252")
    )
    (folder / "labels.csv").write_text(body.replace(",bad", ",odd"))
    (folder / "a.txt").write_text("a text\n")
    (folder / "glove.txt").write_text("the 0.5 1 -2\nfilm 1 2 3\n")
    return folder


TRAIN = ("train", "--data.text=review", "--data.label=stars")
VECTORS = ("--experiment=text_cls", "--data.where=", "--adapt.word_vectors=glove.txt")
MISTAKES = {
    "train: path": ((*TRAIN, "--data.train=none.csv"), "There is no file none.csv"),
    "train: column": (
        (*TRAIN, "--data.train=good.csv", "--data.text=reviw"),
        "good.csv has no column 'reviw'. It has: review, stars. Did you mean 'review'?",
    ),
    "train: label": (
        (*TRAIN, "--data.train=good.csv", "--data.labels=good,odd"),
        "good.csv:2: unknown label: 'bad'",
    ),
    "train: encoding": (
        (*TRAIN, "--data.train=latin.csv"),
        "text is not valid utf-8. It looks like cp1252 ('caf\u00e9')",
    ),
    "train: test": (
        (*TRAIN, "--data.train=good.csv", "--data.test=none.csv"),
        "There is no file none.csv",
    ),
    "train: rows of other data": (
        ("train", "--experiment=text_cls", "--data.train=good.csv"),
        "with source=imdb alone: --data.where= takes all",
    ),
    "train: a preset's folder": (
        (
            *("train", "--experiment=finetune", "--data.train=good.csv"),
            "--model.preset=/no/such",
        ),
        "There is no folder /no/such. Got preset=/no/such.",
    ),
    "train: a folder that is no preset": (
        (
            *("train", "--experiment=finetune", "--data.train=good.csv"),
            "--model.preset=/proc",
        ),
        "A preset is a folder with config.json, which /proc lacks. Got preset=/proc.",
    ),
    "train: none given": (
        ("train", "--experiment=finetune"),
        "There is no file YOUR_FILE.csv",
    ),
    "train: package of the inputs": (
        (
            *("train", "--experiment=linear_probe", "--data.train=good.csv"),
            "--inputs.preset=package:not_there/model",
        ),
        "which is not installed: pip install --no-deps not-there",
    ),
    "train: package": (
        (
            *("train", "--experiment=finetune", "--data.train=good.csv"),
            "--model.preset=package:not_there/model",
        ),
        "which is not installed: pip install --no-deps not-there",
    ),
    "train: word vectors": (
        (*TRAIN, "--data.train=good.csv", *VECTORS),
        "word_vectors have 3 numbers a word, model.embedding_width is 64. Set --",
    ),
    "prepare": (
        ("prepare", "--experiment=lstm_lm", "--data.train=none.txt"),
        "There is no file none.txt",
    ),
    "predict: path": (
        ("predict", "--run_dir={run}", "--input=none.csv"),
        "no file none",
    ),
    "predict: column": (
        ("predict", "--run_dir={run}", "--input=good.csv", "--data.text=x"),
        "good.csv has no column 'x'",
    ),
    "predict: flag": (
        ("predict", "--run_dir={run}", "--text=a", "--data.encoding=cp1252"),
        "--data.encoding goes with --input=FILE.",
    ),
    "evaluate: path": (
        ("evaluate", "--run_dir={run}", "--data=none.csv"),
        "no file none",
    ),
    "evaluate: label": (
        ("evaluate", "--run_dir={run}", "--data=labels.csv"),
        "labels.csv:2: unknown label: 'odd'",
    ),
    "evaluate: run": (("evaluate", "--run_dir=none"), "There is no run folder none."),
    "generate: run": (("generate", "--run_dir=none"), "There is no run folder none."),
    "merge: run": (
        ("merge", "--run_dir=none", "--output=x"),
        "There is no run folder none.",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_a_fraction_of_a_second(name, files, run):
    arguments, rule = MISTAKES[name]
    arguments = [argument.format(run=run) for argument in arguments]
    seconds, last = _told(*arguments, cwd=files)
    assert rule in last and last.startswith("error: ")
    assert seconds < 1  # TensorFlow alone takes three


def test_a_file_in_another_encoding_with_other_columns(run, files, tmp_path, capsys):
    source = tmp_path / "new.csv"
    rows = [
        ("body", "kind"),
        ("a superb caf\u00e9", "good"),
        ("a dull caf\u00e9", "bad"),
    ]
    with source.open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter="|").writerows(rows)
    flags = {"data.text": "body", "data.label": "kind", "data.encoding": "cp1252"}
    options = predict.Options(run_dir=str(run), input=str(source), json=True)
    experiment = reading.base_experiment(options)
    from tfm.config import fields

    experiment = fields.override(experiment, flags)
    predict.main(options, experiment, flags)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["predicted_label"] for row in found] == ["good", "bad"]
    assert found[0]["body"] == "a superb caf\u00e9"
    options = evaluate.Options(run_dir=str(run), data=str(source))
    evaluate.main(options, experiment, flags)
    assert "2 examples" in capsys.readouterr().out


def test_a_look_finds_columns_and_a_run_keeps_its_own(run, tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv", 80)
    made = reviews.experiment(source)
    import dataclasses

    unnamed = dataclasses.replace(
        made, data=dataclasses.replace(made.data, text="", label="")
    )
    looked = look.at(unnamed, run_folder.RunFolder(tmp_path / "none")).data
    assert (looked.text, looked.label) == ("review", "stars")
    gone = dataclasses.replace(
        unnamed, data=dataclasses.replace(unnamed.data, train="gone.csv")
    )
    kept = look.at(gone, run_folder.RunFolder(run)).data
    assert (kept.text, kept.label) == ("review", "stars")
    with pytest.raises(errors.UserError, match="There is no file gone.csv"):
        look.at(gone)


def test_one_of_several_processes_leaves_it_to_the_chief(monkeypatch, tmp_path):
    made = reviews.experiment(tmp_path / "gone.csv")
    monkeypatch.setenv("TF_CONFIG", "{}")
    assert look.ahead(made) is made
    with pytest.raises(errors.UserError, match="There is no file"):
        look.by_chief(made)
    monkeypatch.delenv("TF_CONFIG")
    assert look.by_chief(made) is made
    with pytest.raises(errors.UserError, match="There is no file"):
        look.ahead(made)
