"""Kinds of work that tfm does not have, each in a file beside the project.

The files in tests/kinds are written as a user would write them: own classes of data,
columns, inputs, model, task and objective, with nothing inherited or registered. They
train, resume after a kill, evaluate and predict by the commands, unchanged.
"""

import csv
import json
import pathlib
import random
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from tests.support import commands
from tests.support import events
from tests.support import reviews
from tfm import evaluate
from tfm import predict
from tfm.checkpoints import checkpoints
from tfm.checkpoints import directory

# of a score that chance leaves at 0 to 0.5
LEARNT = {"pictures": 0.8, "values": 0.8, "tags": 0.8, "pairs": 0.5}
LEARNT |= {"teacher": 0.8, "contrast": 0.5}
KINDS = pathlib.Path(__file__).with_name("kinds")
ROOT = KINDS.parents[1]


def _pictures(folder: pathlib.Path) -> tuple[str, str, set]:
    """Bright in the left and right half, or in the upper and lower one."""
    rng = np.random.default_rng(0)
    folder = folder / "pictures"
    for label in ("columns", "rows"):
        (folder / label).mkdir(parents=True)
        for number in range(40):
            pixels = rng.integers(0, 60, (8, 8, 1)).astype(np.uint8)
            line = rng.integers(1, 7)
            area = (slice(None), line) if label == "columns" else line
            pixels[area] += 190
            png = tf.io.encode_png(pixels).numpy()
            (folder / label / f"{number}.png").write_bytes(png)
    return str(folder), "accuracy", {"file", "predicted_label", "probabilities"}


def _values(folder: pathlib.Path) -> tuple[str, str, set]:
    rng = random.Random(0)
    rows = [
        (x, y, 2 * x - y) for x, y in ((rng.random(), rng.random()) for _ in "x" * 200)
    ]
    _write(folder / "values.csv", ("x", "y", "value"), rows)
    return str(folder / "values.csv"), "r2", {"x", "y", "value", "predicted_value"}


def _tags(folder: pathlib.Path) -> tuple[str, str, set]:
    words = {"anna": "name", "ben": "name", "paris": "place", "rome": "place"}
    words |= dict.fromkeys(("sees", "likes", "in", "and"), "other")
    rng = random.Random(0)
    path = folder / "tags.jsonl"
    with path.open("w") as file:
        for _ in range(200):
            row = rng.choices(list(words), k=rng.randint(2, 8))
            body = {"words": row, "tags": [words[word] for word in row]}
            file.write(json.dumps(body) + "\n")
    return str(path), "accuracy", {"words", "tags", "predicted_tags"}


def _pairs(folder: pathlib.Path) -> tuple[str, str, set]:
    rng = random.Random(0)
    texts = ["".join(rng.choices("abcde", k=rng.randint(2, 5))) for _ in range(2000)]
    rows = [(text, text[::-1]) for text in dict.fromkeys(texts)]
    _write(folder / "pairs.csv", ("source", "target"), rows)
    return str(folder / "pairs.csv"), "exact", {"source", "target", "predicted_target"}


def _reviews(folder: pathlib.Path) -> tuple[str, str, set]:
    path = reviews.write_csv(folder / "reviews.csv")
    path.write_text(path.read_text().replace("review,stars", "text,label", 1))
    columns = {"text", "label", "predicted_label", "probabilities"}
    return str(path), "accuracy", columns


def _points(folder: pathlib.Path) -> tuple[str, str, set]:
    rng = random.Random(0)
    points = [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(300)]
    rows = [(x, y, 3 * y, 5 - x) for x, y in points]
    _write(folder / "points.csv", "xyuv", rows)
    return str(folder / "points.csv"), "recall", {*"xyuv", "likeness"}


def _write(path, header, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


MAKE = {
    "pictures": _pictures,
    "values": _values,
    "tags": _tags,
    "pairs": _pairs,
    "teacher": _reviews,
    "contrast": _points,
}


@pytest.fixture(scope="module", params=MAKE)
def kind(request, tmp_path_factory):
    """Name, source, best metric, columns of predictions, and a finished run."""
    base = tmp_path_factory.mktemp(request.param)
    source, metric, columns = MAKE[request.param](
        base / "data" if request.param == "pictures" else base
    )
    run = base / "run"
    assert _train(request.param, source, run) == 0
    return request.param, source, metric, columns, run


def _arguments(name, source, run, *more):
    return [
        f"--experiment={KINDS / name}.py",
        f"--data.train={source}",
        f"--run_dir={run}",
        *more,
    ]


def _train(*arguments) -> int:
    return commands.train(*_arguments(*arguments))


def test_it_learns_and_is_evaluated(kind, capsys):
    name, source, metric, _, run = kind
    scores = json.loads((run / "metrics.json").read_text())
    assert scores["validation"][metric] > LEARNT[name]
    assert scores["test"][metric] > LEARNT[name]
    evaluate.main(evaluate.Options(run_dir=str(run)))
    again = json.loads((run / "metrics.json").read_text())["test"]
    assert again == pytest.approx(scores["test"], rel=1e-4)
    evaluate.main(evaluate.Options(run_dir=str(run), data=source))
    whole = json.loads((run / "metrics.json").read_text())[source]
    assert whole[metric] > LEARNT[name]
    assert metric in capsys.readouterr().out
    if name == "teacher":  # what a user's own train step logs, and keeps
        tags = {tag for _, tag, _ in events.scalars(run / "events/train")}
        logged = ("loss/loss", "metrics/apart", "optimization/gradient_norm")
        assert tags >= {*logged, "optimization/learning_rate"}
        last = run / "checkpoints/last"
        kept = checkpoints.read(last, max(checkpoints.steps(last)))
        assert sum(n.startswith("extra/average/") for n in kept) > 4


def test_it_predicts_each_row_of_a_file(kind, tmp_path):
    name, source, metric, columns, run = kind
    output = tmp_path / "out.jsonl"
    options = predict.Options(run_dir=str(run), input=source, output=str(output))
    predict.main(options)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert {key for row in rows for key in row} == columns
    if name == "pairs":
        right = [row["predicted_target"] == row["source"][::-1] for row in rows]
    elif name == "values":
        right = [
            abs(row["predicted_value"] - float(row["value"])) < 0.3 for row in rows
        ]
    elif name == "tags":
        right = [row["predicted_tags"] == row["tags"] for row in rows]
    elif name == "contrast":
        right = [row["likeness"] > 0.9 for row in rows]
    elif name == "teacher":
        right = [row["predicted_label"] == row["label"] for row in rows]
    else:
        labels = [path.parent.name for path in sorted(pathlib.Path(source).glob("*/*"))]
        right = [r["predicted_label"] == x for r, x in zip(rows, labels, strict=True)]
    assert np.mean(right) > LEARNT[name]


@pytest.mark.slow
def test_after_a_kill_it_ends_with_the_same_weights(kind, tmp_path):
    name, source, _, _, run = kind
    often = "--train.checkpoint_every=5"
    process = subprocess.Popen(
        [sys.executable, "-m", "tfm.train"]
        + _arguments(name, source, tmp_path / "cut", often),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    last = tmp_path / "cut/checkpoints/last"
    while process.poll() is None and not directory.step_folder(last, 5).exists():
        time.sleep(0.005)
    process.kill()
    process.wait()
    (killed_at, *_) = reversed(checkpoints.steps(last))
    final = max(checkpoints.steps(run / "checkpoints/last"))
    assert killed_at < final
    assert _train(name, source, tmp_path / "cut", often) == 0
    ours = checkpoints.read_weights(last, final)
    theirs = checkpoints.read_weights(run / "checkpoints/last", final)
    assert ours.keys() == theirs.keys()
    for path, value in theirs.items():
        np.testing.assert_array_equal(ours[path], value, err_msg=path)
