"""The examples in docs/ run as they stand."""

import json
import pathlib
import re
import shutil
import sqlite3
import sys

import numpy as np
import pytest
import tensorflow as tf

import tfm
from tests.support import commands
from tests.support import reviews
from tfm import config
from tfm import train as command
from tfm.checkpoints import checkpoints

DOCS = pathlib.Path(__file__).parents[1] / "docs"


def _blocks(page: str) -> list[str]:
    """The Python blocks of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_train_step_of_the_page_trains(tmp_path, monkeypatch):
    (code,) = _blocks("concepts/train_steps.md")
    (tmp_path / "lookahead.py").write_text(code)
    source = reviews.write_csv(tmp_path / "reviews.csv", 120)
    flags = [
        f"--experiment={tmp_path / 'lookahead.py'}",
        f"--run_dir={tmp_path / 'run'}",
        f"--data.train={source}",
        "--data.text=review",
        "--data.label=stars",
        "--data.where=",
        "--data.rename=",
        "--inputs.vocab_size=60",
        "--inputs.max_length=10",
        "--model.width=4",
        "--model.embedding_width=4",
        "--train.steps=7",
        "--train.batch_size=8",
        "--train_step.every=3",
    ]
    assert commands.train(*flags) == 0
    saved = json.loads((tmp_path / "run/config.json").read_text())["config"]
    assert saved["train_step"]["every"] == 3
    last = checkpoints.read(tmp_path / "run/checkpoints/last", 7)
    names = sorted(name for name in last if name.startswith("weights/"))
    slow = sorted(name for name in last if name.startswith("extra/slow/"))
    apart = [np.abs(last[s] - last[n]).max() for s, n in zip(slow, names, strict=True)]
    assert len(slow) > 4 and max(apart) > 0  # one update further than the step back


def _run(main, monkeypatch, *flags):
    """A command by its flags; it must end well."""
    monkeypatch.setattr(sys, "argv", ["train", *map(str, flags)])
    with pytest.raises(SystemExit) as ended:
        config.run(main, command.Options, command.base_experiment)
    assert not ended.value.code


@pytest.mark.parametrize("name", ["data_source", "own_input", "own_model", "own_task"])
def test_an_example_of_a_part_of_one_s_own_trains_and_predicts(
    name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(DOCS / "examples" / f"{name}.py", tmp_path / f"{name}.py")
    reviews.write_csv(tmp_path / "reviews.csv", 240)
    text = (tmp_path / "reviews.csv").read_text().replace("review,stars", "text,label")
    if name == "own_input":  # marks tell the classes, as words do for the others
        text = text.replace(",bad", " !!!!,bad").replace(",good", " 12,good")
    (tmp_path / "reviews.csv").write_text(text)
    with sqlite3.connect(tmp_path / "reviews.db") as database:
        database.execute("CREATE TABLE reviews (text, label)")
        rows = [line.rsplit(",", 1) for line in text.splitlines()[1:]]
        database.executemany("INSERT INTO reviews VALUES (?, ?)", rows)
    flags = (f"--experiment={name}.py", "--run_dir=run", "--train.batch_size=8")
    _run(command.main, monkeypatch, *flags)
    scores = json.loads((tmp_path / "run/metrics.json").read_text())
    assert scores["validation"]["accuracy"] > 0.8
    said = tfm.load("run").predict(["the film was superb 12", "a dull film !!!!"])
    assert [one["label"] for one in said] == ["good", "bad"]
    if name == "own_task":  # which says how its predictions are made in a graph
        tfm.load("run").export("exported")
        exported = tf.saved_model.load("exported").signatures["serving_default"]
        texts = tf.constant(["the film was superb 12", "a dull film !!!!"])
        assert exported(text=texts)["label"].numpy().tolist() == [b"good", b"bad"]


PAGES = sorted([*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(DOCS.parent)))
def test_links_and_includes_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    made = {DOCS / "reference/commands.md", DOCS / "reference/experiments.md"}
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)", text):
        if not target.startswith("http"):
            there = (page.parent / target).resolve()
            assert there.exists() or there in made, target
    assert not re.search("^--8(?!<-- )", text, re.MULTILINE), "an include is spoilt"
    for included in re.findall(r'--8<-- "([^"]+)"', text):
        assert (DOCS.parent / included).is_file(), included


def test_every_page_is_in_the_navigation():
    listed = set(re.findall(r"[\w/]+\.md", (DOCS.parent / "mkdocs.yml").read_text()))
    made = {"reference/commands.md", "reference/experiments.md"}
    there = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    assert listed == there | made
