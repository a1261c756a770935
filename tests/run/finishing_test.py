"""What is fitted when a training is over: saved, used everywhere, never stale."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from pyarrow import parquet
from scipy import special

from tests.support import reviews
from tfm import files
from tfm import interfaces
from tfm.run import finishing
from tfm.run import fit
from tfm.run import folder as run_folder
from tfm.run import scoring
from tfm.run import trained
from tfm.run import watch
from tfm.tasks.classification import calibration

ROOT = pathlib.Path(__file__).parents[2]
TEXTS = ["the film was superb", "a dull story", "two friends"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return reviews.write_csv(tmp_path_factory.mktemp("source") / "reviews.csv")


def _start(source, path, callbacks=(), **train):
    """Trains as the entry point does."""
    experiment = reviews.experiment(source, **{"eval_every": 10} | train)
    folder = run_folder.RunFolder(path)
    folder.begin("text_cls", experiment, {})
    return fit.fit(experiment, folder, callbacks=callbacks)


@pytest.fixture(scope="module")
def run(source, tmp_path_factory):
    path = tmp_path_factory.mktemp("finished") / "run"
    assert _start(source, path, steps=40).name == "finished"
    return path


def _fitted(run) -> tuple[int, float]:
    body = files.read_json(run / "fitted.json")
    return body["step"], body["arrays"]["temperature"]


def _results(run, split):
    table = parquet.read_table(run / f"evaluation/{split}.parquet")
    logits = np.stack(table["logits"].to_numpy())
    return logits.astype(np.float64), table["label"].to_numpy()


def _of_kept_results(run) -> float:
    return calibration.temperature(*_results(run, "validation"))


def test_it_is_fitted_on_validation_and_the_scores_have_both_errors(run):
    step, temperature = _fitted(run)
    scores = files.read_json(run / "metrics.json")
    assert step == scores["validation"]["step"] == scores["test"]["step"]
    assert temperature == pytest.approx(_of_kept_results(run), rel=1e-6)
    assert abs(np.log(temperature)) > 0.03  # so that the rest can fail
    for split in ("validation", "test"):
        logits, labels = _results(run, split)
        for name, scale in (("ece", temperature), ("ece_uncalibrated", 1.0)):
            p = special.softmax(logits / scale, axis=1)
            wanted = calibration.expected_calibration_error(p, labels)
            assert scores[split][name] == pytest.approx(wanted, abs=1e-9)
        loss = -special.log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
        assert scores[split]["loss"] == pytest.approx(loss.mean())


def test_another_process_predicts_by_it(run):
    loaded = trained.load(str(run))
    raw = loaded.experiment.task.bind(loaded.columns, loaded.preprocessor)
    plain = dataclasses.replace(loaded, objective=raw).predict(TEXTS)
    temperature = _fitted(run)[1]
    wanted = [
        special.softmax(np.log([*one["probabilities"].values()]) / temperature)
        for one in plain
    ]
    out = subprocess.run(
        [sys.executable, "-m", "tfm.predict", f"--run_dir={run}", "--json"]
        + [f"--text={text}" for text in TEXTS],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    told = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    found = [[*one["probabilities"].values()] for one in told]
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    assert [one["label"] for one in told] == [one["label"] for one in plain]
    scores = files.read_json(run / "metrics.json")["test"]
    again = loaded.evaluate("test")
    assert again["ece"] == pytest.approx(scores["ece"], abs=1e-6)
    assert again["ece_uncalibrated"] == pytest.approx(
        scores["ece_uncalibrated"], abs=1e-6
    )


def test_a_run_without_it_and_another_checkpoint_are_not_calibrated(run, monkeypatch):
    assert "ece_uncalibrated" in trained.load(str(run)).evaluate()
    watched = watch._load(run_folder.RunFolder(run), 0.1, False)  # others will come
    assert "ece_uncalibrated" not in watched.evaluate()
    path = run / "fitted.json"
    kept = path.read_bytes()
    try:
        files.write_json(path, files.read_json(path) | {"step": 1})
        assert "ece_uncalibrated" not in trained.load(str(run)).evaluate()
        path.unlink()
        assert "ece_uncalibrated" not in trained.load(str(run)).evaluate()
    finally:
        path.write_bytes(kept)


class Looks:
    """A callback that notes whether there is a file, at each evaluation."""

    def __init__(self, path):
        self._path = path
        self.found = []

    def evaluated(self, *_):
        self.found.append(self._path.exists())


def test_it_is_never_stale(source, tmp_path):
    run = tmp_path / "run"
    _start(source, run, steps=10)
    before = _fitted(run)
    looks = Looks(run / "fitted.json")
    _start(source, run, steps=40, callbacks=[looks])
    assert looks.found and not any(looks.found)  # while it trained on
    step, temperature = _fitted(run)
    assert step > before[0] and temperature != before[1]
    assert temperature == pytest.approx(_of_kept_results(run), rel=1e-6)
    again = (run / "fitted.json").stat().st_mtime_ns
    _start(source, run, steps=40)  # nothing is left to train
    assert (run / "fitted.json").stat().st_mtime_ns == again


class Finishing:
    """An objective that adds what it fitted: the largest result."""

    added = 0

    def finish(self, results, split):
        return {"added": results["x"].max(axis=0)}

    def finished(self, arrays):
        made = Finishing()
        made.added = arrays["added"]
        return made

    def compute_metrics(self, results, split):
        return float(np.sum(results["x"] + self.added))


class Job:
    """A process of several; `at_barrier` is what the chief does meanwhile."""

    def __init__(self, is_chief, at_barrier=lambda: None):
        self.is_chief, self.barrier = is_chief, at_barrier


@dataclasses.dataclass(frozen=True)
class Prepared:
    objective: object


@dataclasses.dataclass(frozen=True)
class State:
    best_step: int = 7


@dataclasses.dataclass(frozen=True)
class Trainer:
    prepared: Prepared
    state: State = State()  # noqa: RUF009


def _finish(objective, path, job, results):
    scored = scoring.Scored("before", results, None)
    return finishing.finish(Trainer(Prepared(objective)), scored, path, job)


def test_every_process_has_what_the_chief_saved(tmp_path):
    path = tmp_path / "fitted.json"
    chiefs = {"x": np.array([[1.0, 5.0], [3.0, 2.0]], np.float32)}
    others = {"x": chiefs["x"] + 1e-3}  # another machine's rounding

    def chief():
        run, scored = _finish(Finishing(), path, Job(True), chiefs)
        np.testing.assert_array_equal(run.prepared.objective.added, [3.0, 5.0])
        assert scored.evaluation == 11 + 2 * 8

    run, _ = _finish(Finishing(), path, Job(False, chief), others)
    np.testing.assert_array_equal(run.prepared.objective.added, [3.0, 5.0])
    assert finishing.finished(Finishing(), path, 8).added == 0
    assert finishing.finished(Finishing(), path, 7).added[1] == 5.0


def test_an_objective_that_fits_nothing_is_left_alone(tmp_path):
    class Plain:
        """Which is not asked for its metrics again."""

    class Nothing(Plain):
        def finish(self, results, split):
            return {}

        def finished(self, arrays):
            raise AssertionError("it fitted nothing")

    path = tmp_path / "fitted.json"
    for objective in (Plain(), Nothing()):
        files.write_json(path, {"step": 7, "arrays": {}})  # of an earlier end
        run, scored = _finish(objective, path, Job(True), {})
        assert run.prepared.objective is objective and scored.evaluation == "before"
        assert not path.exists()
    assert not isinstance(Plain(), interfaces.Finishes)
