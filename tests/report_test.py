"""The report of a run: its own scores, its mistakes, slices by the source's columns."""

import csv
import dataclasses
import html
import json
import pathlib
import re

import numpy as np
import pytest

import tfm
from tests.support import reviews
from tfm import data
from tfm import errors
from tfm import evaluate
from tfm import models
from tfm import report
from tfm import reporting
from tfm import tasks
from tfm import training
from tfm.run import trained


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> pathlib.Path:
    """A run on reviews of which those from mails have labels at random."""
    folder = tmp_path_factory.mktemp("report")
    reviews.write_csv(folder / "plain.csv", 600)
    rng = np.random.default_rng(0)
    with (folder / "plain.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["channel"] = "mail" if rng.random() < 0.3 else "web"
        if row["channel"] == "mail" and rng.random() < 0.5:
            row["stars"] = "good" if row["stars"] == "bad" else "bad"
    with (folder / "reviews.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    experiment = reviews.experiment(folder / "reviews.csv", epochs=4.0)
    tfm.fit(experiment, folder / "run")
    return folder / "run"


def _written(run, tmp_path, **options) -> str:
    output = tmp_path / "page.html"
    report.main(report.Options(run_dir=str(run), output=str(output), **options))
    return html.unescape(output.read_text(encoding="utf-8"))


def _cells(text: str) -> list[list[str]]:
    """The rows of all tables."""
    return [
        re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
        for row in re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    ]


def test_it_has_the_run_s_scores_its_slices_and_its_mistakes(run, tmp_path, capsys):
    text = _written(run, tmp_path, columns=("channel",), about=str(run / "tfm.json"))
    rows = {tuple(row[:2]): row for row in _cells(text) if len(row) > 2}
    by_metric = {name: row for (name, _), row in rows.items()}
    kept = json.loads((run / "metrics.json").read_text())
    accuracy = by_metric["accuracy"]
    assert accuracy[1] == f"{kept['test']['accuracy']:.4f}"
    low, high = map(float, accuracy[2].split(" to "))
    assert low < kept["test"]["accuracy"] < high
    assert f"{kept['reference']['accuracy']:.4f}" in accuracy[3:]
    assert f"{kept['validation']['accuracy']:.4f}" in accuracy[3:]

    mail = rows["channel", "mail"]
    assert mail[-1] == "◆ apart" and float(mail[5]) < -0.1
    assert "Weaker on:</b> channel mail: accuracy" in text
    assert ("true label", "good") in rows and '"made_by": "tfm"' in text
    loaded = trained.load(str(run))
    scored = loaded.score(loaded.split("test"))
    mistakes = scored.evaluation.figures["mistakes"].rows
    assert mistakes
    for wrong, *_ in mistakes:
        assert wrong in text
    assert len(re.findall("<svg", text)) >= 8
    assert "inputs.vocab_size" in text and "tensorflow" in text

    plots = {path.name for path in (tmp_path / "page_plots").iterdir()}
    assert {"evaluation_roc_curve.png", "training_loss.png"} <= plots
    said = capsys.readouterr().out
    assert f"Report       {tmp_path / 'page.html'}" in said


class _Uncalled:
    """An evaluator that must not be asked."""

    graph = None

    def results(self, *_, **__):
        raise AssertionError("The model was called.")


def _page(loaded, path) -> str:
    reporting.write(loaded, path, resamples=10, plots=False)
    return path.read_text(encoding="utf-8")


def test_what_was_kept_of_each_example_is_read_and_no_model_called(
    run, tmp_path, capsys
):
    loaded = trained.load(str(run))
    kept = run / "evaluation" / "test.parquet"
    before = kept.read_bytes()
    asked = dataclasses.replace(loaded, evaluator=_Uncalled())
    page = _page(asked, tmp_path / "kept.html")
    assert capsys.readouterr().err == ""

    validation = (run / "evaluation" / "validation.parquet").read_bytes()
    for content, why in (
        (None, "is not there"),
        (before[: len(before) // 2], "is damaged"),
        (validation, "is of other data"),
    ):
        kept.unlink()
        if content:
            kept.write_bytes(content)
        assert _page(loaded, tmp_path / "made.html") == page
        told = f"note: The test split is evaluated anew: {kept} {why}.\n"
        assert capsys.readouterr().err == told
        kept.write_bytes(before)

    weight = loaded.model.weights[-1]
    weight.assign(weight + 0.5)
    assert _page(loaded, tmp_path / "other.html") != page
    assert "is of other weights or settings." in capsys.readouterr().err
    assert kept.read_bytes() == before


def test_evaluate_keeps_what_a_report_then_reads(run, tmp_path, capsys):
    evaluate.main(evaluate.Options(run_dir=str(run), split="train"))
    loaded = dataclasses.replace(trained.load(str(run)), evaluator=_Uncalled())
    capsys.readouterr()
    path = tmp_path / "train.html"
    reporting.write(loaded, path, split="train", resamples=0, plots=False)
    assert "train split" in path.read_text() and not capsys.readouterr().err


def test_without_resamples_there_are_no_intervals_and_no_slices(run, tmp_path):
    text = _written(run, tmp_path, resamples=0, split="validation", plots=False)
    assert "Slices</h2>" not in text and " to " not in str(_cells(text)[:12])
    assert "validation split" in text and not (tmp_path / "page_plots").exists()


def test_by_default_it_lies_in_the_run_folder(run):
    report.main(report.Options(run_dir=str(run), resamples=5))
    assert (run / "report.html").is_file() and (run / "report_plots").is_dir()


@pytest.mark.slow
def test_a_language_model_has_its_losses_and_curves(tmp_path):
    lines = [f"{word} film number {i}" for i in range(80) for word in ("dull", "fine")]
    (tmp_path / "texts.txt").write_text("\n".join(lines))
    base = reviews.experiment(tmp_path / "texts.txt")
    experiment = dataclasses.replace(
        base,
        data=data.Corpus(
            train=str(tmp_path / "texts.txt"), validation_fraction=0.2, workers=1
        ),
        task=tasks.CausalLM(),
        model=models.Decoder(num_layers=1, width=8, num_heads=2, feedforward_width=8),
        train=training.Train(
            steps=10, batch_size=8, eval_every=5, best_metric="loss", log_every=5
        ),
    )
    run = tmp_path / "run"
    reviews.start(experiment, run, "char_gpt")
    text = _written(run, tmp_path, resamples=20)
    scores = {row[0]: row for row in _cells(text) if len(row) > 2}
    low, high = map(float, scores["loss"][2].split(" to "))
    assert low <= float(scores["loss"][1]) <= high
    assert "perplexity" in scores and "Most confident" not in text


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"resamples": -1}, "--resamples takes 0 or more. Got -1."),
        ({"output": "page.pdf"}, "--output takes the name of an .html file"),
        ({"batch_size": 0}, "--batch_size takes 1 or more"),
    ],
)
def test_mistakes_in_options(options, rule):
    with pytest.raises(errors.UserError, match=rule):
        report.Options(**options)


def test_mistakes_that_are_found_in_files(run, tmp_path):
    for options, rule in (
        ({"columns": ("chanel",)}, "no column 'chanel'. It has: review, stars, chan"),
        ({"about": "none.txt"}, "--about takes a text file. none.txt: No such file"),
        ({"split": "train", "run_dir": "nowhere"}, "There is no run folder nowhere"),
        ({"output": "no/page.html"}, "There is no folder no for no/page.html"),
    ):
        with pytest.raises(errors.UserError, match=rule):
            report.main(report.Options(**{"run_dir": str(run)} | options))
