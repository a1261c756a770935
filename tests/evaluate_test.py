"""The command on files: rows by --where, what is kept of each example."""

import csv
import json
import pathlib

import numpy as np
import pytest
from pyarrow import parquet

from tests.support import reviews
from tfm import errors
from tfm import evaluate
from tfm.run import assembly
from tfm.run import folder as run_folder
from tfm.run import trained


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Reviews of two sites; of one all labels are wrong."""
    plain = reviews.write_csv(tmp_path_factory.mktemp("sites") / "reviews.csv", 60, 7)
    path = plain.with_name("sites.csv")
    other = {"bad": "good", "good": "bad"}
    with plain.open() as file, path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["review", "stars", "site"])
        for number, row in enumerate(csv.DictReader(file)):
            upside_down = number % 3 == 0
            stars = other[row["stars"]] if upside_down else row["stars"]
            writer.writerow([row["review"], stars, "down" if upside_down else "up"])
    return path


def _scores(run, **fields):
    evaluate.main(evaluate.Options(run_dir=str(run), **fields))
    return json.loads((run / "metrics.json").read_text())


def test_where_takes_some_rows_of_the_file(run, source, capsys):
    name = str(source)
    assert _scores(run, data=name, where="site=up")[name]["accuracy"] > 0.9
    assert "40 examples" in capsys.readouterr().out
    assert _scores(run, data=name, where="site=down")[name]["accuracy"] < 0.1
    assert "20 examples" in capsys.readouterr().out
    assert 0.5 < _scores(run, data=name)[name]["accuracy"] < 0.8
    assert "60 examples" in capsys.readouterr().out
    with pytest.raises(errors.UserError, match="has no row with site=left. Its values"):
        _scores(run, data=name, where="site=left")
    with pytest.raises(errors.UserError, match="--where goes with --data=FILE"):
        _scores(run, where="site=up")


def test_what_is_kept_of_each_example_gives_its_scores(run, source):
    scores = _scores(run)["test"]
    kept = parquet.read_table(run / "evaluation/test.parquet").to_pydict()
    split = trained.load(str(run)).split("test")
    assert kept["row"] == list(range(len(split)))
    logits, labels = np.array(kept["logits"]), np.array(kept["label"])
    assert (logits.argmax(1) == labels).mean() == pytest.approx(scores["accuracy"])
    assert len(set(kept["source"])) == len(split)  # no text is there twice


def test_equal_rows_have_equal_hashes(run, source):
    _scores(run, data=str(source))
    first = parquet.read_table(run / "evaluation/sites.csv.parquet")
    _scores(run, data=str(source), where="site=up")
    second = parquet.read_table(run / "evaluation/sites.csv.parquet")
    assert len(second) == 40
    assert set(second["source"].to_pylist()) < set(first["source"].to_pylist())


def test_the_places_of_a_batch_are_those_of_its_epoch(run):
    """Each epoch has an order of its own, so batch N of the next one has others."""
    folder = run_folder.RunFolder(run)
    e = folder.experiment()
    prepared = assembly.prepare(e, folder)
    size = len(prepared.training_examples)
    assert size % e.train.batch_size == 0
    batches = size // e.train.batch_size
    for number in (0, batches, 2 * batches + 1):
        batch = next(iter(prepared.training_batches(number)))
        rows = prepared.splits["train"].rows(batch["row"].numpy())
        tokens = prepared.preprocessor.encode(rows)["tokens"]
        for row, expected in zip(batch["tokens"].numpy(), tokens, strict=True):
            np.testing.assert_array_equal(row[row > 0], expected)
        origins = prepared.batch_origins(number)
        lines = pathlib.Path(e.data.train).read_text().splitlines()
        for row, origin in zip(rows, origins, strict=True):
            file, _, line = origin.rpartition(":")
            assert file == e.data.train
            assert lines[int(line) - 1] == f"{row['text']},{row['label']}"
    first, second = (prepared.batch_origins(n) for n in (0, batches))
    assert first != second
