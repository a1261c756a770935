"""Image classification by the commands: train, evaluate, predict, inspect, resume."""

import base64
import csv
import json
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.support import commands
from tests.support import pictures
from tfm import evaluate
from tfm import inspect
from tfm import predict
from tfm import report
from tfm.checkpoints import checkpoints
from tfm.checkpoints import directory
from tfm.run import trained

ROOT = pathlib.Path(__file__).parents[1]
PLAIN = ROOT / "tests/support/plain_tensorflow.py"
SMALL = ["--inputs.size=8", "--model.filters=8,16", "--model.dropout=0"]
SMALL += ["--inputs.augment.mixup=0.1", "--inputs.augment.cutmix=0.5"]
SMALL += ["--inputs.augment.crop=0.9", "--train.batch_size=16", "--train.steps=40"]
SMALL += ["--train.eval_every=20", "--train.checkpoint_every=5"]
SMALL += ["--optimizer.learning_rate=0.02"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return pictures.bars(tmp_path_factory.mktemp("bars") / "bars", count=30)


def _arguments(source, run, *more):
    return [
        "--experiment=image_cls",
        f"--data.train={source}",
        "--data.rename=",
        "--data.validation_fraction=0.2",
        f"--run_dir={run}",
        *SMALL,
        *more,
    ]


def _train(*arguments) -> int:
    return commands.train(*_arguments(*arguments))


@pytest.fixture(scope="module")
def run(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    assert _train(source, folder) == 0
    return folder


def test_it_learns_and_is_evaluated(run, source):
    scores = json.loads((run / "metrics.json").read_text())
    assert scores["test"]["accuracy"] > 0.8
    evaluate.main(evaluate.Options(run_dir=str(run), data=str(source)))
    scores = json.loads((run / "metrics.json").read_text())
    assert scores[str(source)]["accuracy"] > 0.8


def test_it_predicts_folders_files_and_tables(run, source, tmp_path, capsys):
    paths = sorted(source.glob("*/*.png"))
    with (tmp_path / "in.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "note"), *((p, "x") for p in paths)])
    found = {}
    for name, given in (
        ("folder", source),
        ("glob", source / "*" / "*.png"),
        ("csv", tmp_path / "in.csv"),
    ):
        output = tmp_path / f"{name}.jsonl"
        options = {"run_dir": str(run), "output": str(output)}
        predict.main(predict.Options(**options, input=str(given)))
        rows = [json.loads(line) for line in output.read_text().splitlines()]
        column = "path" if name == "csv" else "file"
        assert [row[column] for row in rows] == list(map(str, paths))
        if name == "csv":
            assert {row["note"] for row in rows} == {"x"}
        found[name] = [row.get("predicted_label", row.get("label")) for row in rows]
    assert found["folder"] == found["glob"] == found["csv"]
    right = [a == b.parent.name for a, b in zip(found["csv"], paths, strict=True)]
    assert np.mean(right) > 0.8
    capsys.readouterr()
    predict.main(predict.Options(run_dir=str(run), input=str(paths[0])))
    *_, path = capsys.readouterr().out.strip().split("\t")
    assert path == str(paths[0])


def test_a_broken_picture_keeps_its_place(run, source, tmp_path):
    rows = sorted(source.glob("rows/*.png"))[:3]
    for number, path in enumerate(rows):
        (tmp_path / f"{number}.png").write_bytes(path.read_bytes())
    (tmp_path / "1.png").write_bytes(rows[1].read_bytes()[:50])
    output = tmp_path / "out.csv"
    options = {"run_dir": str(run), "input": str(tmp_path), "output": str(output)}
    predict.main(predict.Options(**options))
    with output.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [bool(row["problem"]) for row in found] == [False, True, False]
    assert found[1]["problem"].startswith("no picture")


def test_a_run_takes_pictures_in_python(run, source):
    path = next(source.glob("rows/*.png"))
    loaded = trained.load(str(run))
    by_path, by_bytes = (loaded.predict(v)[0] for v in (str(path), [path.read_bytes()]))
    assert by_path == by_bytes
    assert by_path["label"] in ("columns", "rows")


@pytest.mark.slow
def test_pictures_are_seen(run, source, tmp_path):
    sheet = tmp_path / "sheet.png"
    inspect.main(
        inspect.Options(run_dir=str(run), output=str(sheet), rows=3),
        trained.run_folder.RunFolder(str(run)).experiment(),
        {},
    )
    assert sheet.read_bytes().startswith(b"\x89PNG")
    page = tmp_path / "page.html"
    report.main(report.Options(run_dir=str(run), output=str(page)))
    assert ("Mistaken pictures" in page.read_text()) == _has_mistakes(run)


@pytest.mark.slow
def test_an_exported_model_predicts_the_same_without_tfm(run, source, tmp_path):
    loaded = trained.load(str(run))
    loaded.export(tmp_path / "exported")
    pictures_ = [path.read_bytes() for path in sorted(source.glob("*/*.png"))[::4]]
    encoded = [{"base64": base64.b64encode(one).decode()} for one in pictures_]
    done = subprocess.run(
        [sys.executable, PLAIN, tmp_path / "exported", "serving_default"],
        input=json.dumps([{"image": encoded}, {"image": encoded[:1]}]),
        capture_output=True,
        text=True,
        check=True,
    )
    expected = loaded.predict(pictures_)
    for found, wanted in zip(
        json.loads(done.stdout)["answers"], (expected, expected[:1]), strict=True
    ):
        assert found["label"] == [one["label"] for one in wanted]
        np.testing.assert_allclose(
            found["probabilities"],
            [[*one["probabilities"].values()] for one in wanted],
            atol=1e-5,
        )


def _has_mistakes(run) -> bool:
    return json.loads((run / "metrics.json").read_text())["test"]["accuracy"] < 1


@pytest.mark.slow
def test_any_division_of_the_batch_gives_the_same_weights(source, tmp_path):
    found = {}
    for devices in (1, 2):
        for micro_batches in (1, 2):
            run = tmp_path / f"{devices}-{micro_batches}"
            more = [f"--train.micro_batches={micro_batches}", "--train.steps=10"]
            if devices > 1:
                more += ["--strategy=mirrored", f"--logical_devices={devices}"]
            subprocess.run(
                [sys.executable, "-m", "tfm.train", *_arguments(source, run, *more)],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            weights = checkpoints.read_weights(run / "checkpoints/last", 10)
            found[devices, micro_batches] = weights
    for ours in found.values():
        for path, value in found[1, 1].items():
            np.testing.assert_allclose(ours[path], value, atol=2e-5, err_msg=path)


@pytest.mark.slow
def test_after_a_kill_it_ends_with_the_same_weights(source, run, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "tfm.train", *_arguments(source, tmp_path / "cut")],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    last = tmp_path / "cut/checkpoints/last"
    while process.poll() is None and not directory.step_folder(last, 5).exists():
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert max(checkpoints.steps(last)) < 40
    assert _train(source, tmp_path / "cut") == 0
    ours = checkpoints.read_weights(last, 40)
    for path, value in checkpoints.read_weights(run / "checkpoints/last", 40).items():
        np.testing.assert_array_equal(ours[path], value, err_msg=path)
