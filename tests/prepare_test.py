"""python -m tfm.prepare, as users run it; and Beam makes the same store."""

import importlib.util
import json
import pathlib
import random
import subprocess
import sys

import pytest

from tests.data.corpora import corpus_preparation_test

ROOT = pathlib.Path(__file__).parents[1]
EXPERIMENT = '''"""A corpus of lines."""
from tfm import data, inputs, models, tasks
from tfm.experiment import Experiment


def experiment():
    return Experiment(
        data=data.Corpus(
            train="src/*.jsonl",
            validation="held_out.txt",
            shard_characters=3000,
            max_characters=200,
            bad_rows="skip",
        ),
        inputs=inputs.Text(method="bpe", vocab_size=400, special_tokens=("[EOS]",)),
        model=models.LSTM(embedding_width=8, width=8),
        task=tasks.CausalLM(documents="joined"),
    )
'''
WORDS = ("the", "film", "was", "a", "story", "of", "two", "naïve", "cafe\u0301")


@pytest.fixture
def folder(tmp_path):
    """Three files of lines with duplicates, long lines and bad rows."""
    draw = random.Random(0)
    (tmp_path / "exp.py").write_text(EXPERIMENT, "utf-8")
    (tmp_path / "src").mkdir()
    held_out = []
    for number in range(3):
        rows = []
        for i in range(150):
            size = draw.randint(1, 2) if i % 7 == 0 else draw.randint(3, 60)
            text = " ".join(draw.choices(WORDS, k=size)) + "\x07" * (i % 50 == 0)
            rows.append(json.dumps({"text": text}))
            if i % 40 == 0:
                held_out.append(text)
                rows.append("{bad")
        (tmp_path / "src" / f"{number}.jsonl").write_text("\n".join(rows))
    (tmp_path / "held_out.txt").write_text("\n".join(held_out), "utf-8")
    return tmp_path


def run(folder, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tfm.prepare", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_it_prepares_tells_what_to_do_next_and_finds_it_done(folder):
    done = run(folder, "--experiment=exp.py", "--data.workers=1")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    first, *lines = done.stdout.splitlines()
    assert first == "Preparing   stores/exp"
    assert lines[0] == "validation source held_out.txt: 12 lines as documents"
    assert lines[2] == "train source src/*.jsonl: 462 rows as documents"
    assert lines[3].startswith("dropped of train: ")
    reasons = lines[3].removeprefix("dropped of train: ")
    assert "in a held-out source, 12 bad rows (not valid JSON)" in reasons
    assert "long, tokenized in pieces" in lines[4]
    assert f"Left out    of train source src/*.jsonl: {reasons}" in lines[-4:]
    assert lines[-1] == (
        "Train       python -m tfm.train --experiment=exp.py --data.workers=1 "
        "--data.store=stores/exp"
    )
    before = corpus_preparation_test.contents(folder / "stores" / "exp")
    again = run(folder, "--experiment=exp.py", "--verify")
    assert "Unchanged   stores/exp" in again.stdout
    assert "Verified    stores/exp: all checksums are right" in again.stdout
    assert corpus_preparation_test.contents(folder / "stores" / "exp") == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--experiment=exp.py", "--data.bad_rows=stop"], "0.jsonl:2: not valid JSON"),
        (["--experiment=exp.py", "--data.train=none.txt"], "There is no file none.txt"),
        (
            ["--experiment=exp.py", "--", "--runner=x"],
            "give --beam too. Got --runner=x",
        ),
        (["--experiment=auto"], "data.LabeledText is prepared by training itself"),
        (["--store=x"], "Give --experiment=NAME"),
    ],
)
def test_a_mistake_is_one_line(folder, arguments, message):
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr


HAS_BEAM = importlib.util.find_spec("apache_beam") is not None


@pytest.mark.skipif(not HAS_BEAM, reason="apache-beam is not installed")
@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--data.deduplicate=false",),
        ("--data.validation=", "--data.max_documents=150"),
        ("--data.validation=", "--data.document=file", "--data.train=held_out.txt"),
    ],
)
def test_beam_makes_the_same_store(folder, flags):
    ours = run(folder, "--experiment=exp.py", "--store=ours", *flags)
    assert ours.returncode == 0, ours.stderr
    theirs = run(
        folder, "--experiment=exp.py", "--store=theirs", "--beam", *flags,
        "--", "--runner=DirectRunner",
    )  # fmt: skip
    assert theirs.returncode == 0, theirs.stderr
    expected = corpus_preparation_test.contents(folder / "ours")
    assert len(expected) > (10 if "--data.document=file" in flags else 30)
    assert corpus_preparation_test.contents(folder / "theirs") == expected


@pytest.mark.skipif(not HAS_BEAM, reason="apache-beam is not installed")
def test_beam_tells_of_a_bad_row_in_one_line(folder):
    done = run(folder, "--experiment=exp.py", "--data.bad_rows=stop", "--beam")
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: src/0.jsonl:2: not valid JSON")


@pytest.mark.skipif(HAS_BEAM, reason="apache-beam is installed")
def test_without_beam_its_remedy_is_told(folder):
    done = run(folder, "--experiment=exp.py", "--beam")
    assert done.returncode == 2
    assert done.stderr.endswith("not installed: pip install apache-beam\n")
