"""Auto: what it finds in data, what it chooses by it, and the file that it writes."""

import csv
import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import pytest

from tests.support import reviews
from tfm import auto
from tfm import config
from tfm import data
from tfm import errors
from tfm import inputs
from tfm import models
from tfm import training
from tfm.auto import choice as choices
from tfm.auto import encoders
from tfm.auto import facts
from tfm.auto import source

ROOT = pathlib.Path(__file__).parents[2]


def _write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return data.LabeledText(train=str(path), text="text", label="label")


def _experiment(config_):
    return dataclasses.replace(config.load_experiment("auto"), data=config_)


def test_facts_of_a_file(tmp_path):
    rows = [(f"a text of {i} words <br />", "often") for i in range(90)]
    rows += [("one two three four five six seven eight " * 5, "seldom")] * 9
    found = facts.of(_write(tmp_path / "a.csv", [*rows, ("x", "once")]))
    assert (found.texts, found.classes) == (100, {"often": 90, "seldom": 9, "once": 1})
    assert found.tags == pytest.approx(0.9)
    assert (found.median_words, found.long_words) == (7, 40)
    assert found.unspaced == 0 and not found.multi_label
    # 89 of 7 words, x, "a" with it; the 9 long ones as they are
    assert found.mean_words == pytest.approx((90 * 7 + 9 * 40 + 1) / 100)
    assert found.english == pytest.approx(90 / (90 * 7 + 9 * 40 + 1))


def test_unbalanced_classes_are_told_and_judged_by_macro_f1(tmp_path, monkeypatch):
    even = _experiment(
        _write(tmp_path / "a.csv", [(f"x {i}", i % 2) for i in range(40)])
    )
    rows = [(f"x {i}", int(i % 5 == 0)) for i in range(40)]
    odd = _experiment(_write(tmp_path / "b.csv", rows))
    told = [
        any("f1_macro tells more" in line for line in auto.choose(e, {}).lines)
        for e in (even, odd)
    ]
    assert told == [False, True]
    monkeypatch.setattr(choices, "_STACKED_BYTES", 10)
    metrics = [auto.choose(e, {}).experiment.train.best_metric for e in (even, odd)]
    assert metrics == ["accuracy", "f1_macro"]


def test_the_choice_by_the_facts(tmp_path, monkeypatch):
    plain = _write(tmp_path / "a.csv", [(f"a text {i}", i % 2) for i in range(50)])
    made = auto.choose(_experiment(plain), {})
    assert isinstance(made.experiment.model, models.Stacked)
    assert made.experiment.inputs == inputs.Stacked()
    assert made.experiment.data.validation_fraction == 0.1
    assert any("models.Stacked: linear classifiers" in line for line in made.lines)
    unspaced = [
        ("\u8fd9\u90e8\u7535\u5f71" + chr(0x4E00 + i), i % 2) for i in range(50)
    ]
    chosen = auto.choose(_experiment(_write(tmp_path / "b.csv", unspaced)), {})
    assert chosen.experiment.inputs.words == ()
    assert chosen.experiment.inputs.parts == ("characters",)
    tags = [(f"a text {i}<br/>", i % 2) for i in range(50)]
    chosen = auto.choose(_experiment(_write(tmp_path / "c.csv", tags)), {})
    assert chosen.experiment.inputs.strip_html
    monkeypatch.setattr(choices, "_STACKED_BYTES", 10)
    assert isinstance(
        auto.choose(_experiment(plain), {}).experiment.model, models.NgramBag
    )


def _english(path, count, words=20):
    text = ["the", "film", "is", "of", "no", "interest", "to", "me", "and", "long"]
    rows = [(" ".join(([f"{i}", *text] * words)[:words]), i % 2) for i in range(count)]
    return _experiment(_write(path, rows))


def test_an_installed_encoder_is_a_part_where_it_fits(tmp_path, monkeypatch):
    experiment = _english(tmp_path / "a.csv", 300)
    monkeypatch.setattr(encoders, "is_installed", lambda: False)
    made = auto.choose(experiment, {})
    assert made.experiment.inputs.preset == ""
    assert f"is better: {encoders.INSTALL}" in made.lines[-1]
    monkeypatch.setattr(encoders, "is_installed", lambda: True)
    made = auto.choose(experiment, {})
    assert made.experiment.inputs.parts == ("ngrams", "words", "characters", "vectors")
    assert made.experiment.inputs.preset == encoders.PRESET
    assert not any(encoders.INSTALL in line for line in made.lines)
    other = [(f"ein Film von {i} ohne Belang", i % 2) for i in range(50)]
    german = _experiment(_write(tmp_path / "b.csv", other))
    assert auto.choose(german, {}).experiment.inputs.preset == ""
    monkeypatch.setattr(encoders, "_SECONDS", 0.1)  # too many texts for the time
    assert auto.choose(experiment, {}).experiment.inputs.preset == ""


def test_what_an_encoder_takes_goes_by_the_tokens_that_it_reads(tmp_path):
    short, long, longest = (
        encoders.seconds(facts.of(_english(tmp_path / f"{n}.csv", 50, n).data))
        for n in (20, 40, 4000)
    )
    assert long == pytest.approx(2 * short)
    tokens = 50 * encoders.LENGTH
    assert longest * encoders._speed() == pytest.approx(tokens)


def test_what_the_user_set_stays_and_other_parts_are_refused(tmp_path):
    plain = _write(tmp_path / "a.csv", [(f"a text {i}", i % 2) for i in range(50)])
    experiment = dataclasses.replace(
        _experiment(dataclasses.replace(plain, validation_fraction=0.3)),
        train=training.Train(steps=7, seed=3),
    )
    changed = {"train.steps": 7, "train.seed": 3, "data.validation_fraction": 0.3}
    chosen = auto.choose(experiment, changed).experiment
    assert (chosen.train.steps, chosen.train.seed) == (7, 3)
    longer = dataclasses.replace(
        experiment, train=training.Train(epochs=9, min_steps=7)
    )
    chosen_9 = auto.choose(longer, {"train.epochs": 9, "train.min_steps": 7}).experiment
    assert (chosen_9.train.epochs, chosen_9.train.steps) == (9, None)
    assert chosen_9.train.min_steps == 7
    assert chosen.train.batch_size == 128 and chosen.data.validation_fraction == 0.3
    with pytest.raises(errors.UserError, match="auto chooses the model by the data"):
        auto.choose(experiment, {"model.dropout": 0.3})


def test_the_file_makes_the_same_experiment(tmp_path):
    plain = _write(tmp_path / "a \u00e4\"'.csv", [(f"x {i}", i % 2) for i in range(50)])
    chosen = auto.choose(_experiment(plain), {}).experiment
    adapted = dataclasses.replace(
        chosen, data=dataclasses.replace(plain, labels=("0", "1"), header=("text",))
    )
    for number, made in enumerate((chosen, adapted)):
        path = tmp_path / f"made_{number}.py"
        path.write_text(source.of(made, "A first line."), encoding="utf-8")
        assert config.load_experiment(str(path)) == made
        lines = path.read_text(encoding="utf-8").splitlines()
        long = [line for line in lines if len(line) > 88 and str(tmp_path) not in line]
        assert not long


def _run(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "tfm", "train", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_file_alone_is_enough(tmp_path):
    reviews.write_csv(tmp_path / "my reviews.csv", 240)
    done = _run(tmp_path, "--data.train=my reviews.csv", "--train.steps=100")
    assert done.returncode == 0, done.stderr
    assert "Chosen      models.Stacked" in done.stdout
    run = tmp_path / "runs/my_reviews"
    scores = json.loads((run / "metrics.json").read_text())
    assert scores["test"]["accuracy"] > 0.9
    made = config.load_experiment(str(run / "experiment.py"))
    assert made.train.steps == 100 and made.data.text == "review"
    # it goes on as it was chosen, without looking again
    (tmp_path / "my reviews.csv").unlink()
    again = _run(tmp_path, "--data.train=my reviews.csv", "--train.steps=150")
    assert again.returncode == 0, again.stderr
    assert "Finished at step 150" in again.stdout and "Chosen" not in again.stdout
    wrong = _run(tmp_path, "--data.train=none.csv")
    assert wrong.stderr == "error: There is no file none.csv.\n"


def test_several_processes_are_given_its_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{}")
    reviews.write_csv(tmp_path / "a.csv", 40)
    done = _run(tmp_path, "--data.train=a.csv")
    assert done.returncode == 2 and "auto chooses in one process" in done.stderr
