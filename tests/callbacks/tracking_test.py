"""Trackers, with modules that stand for them: what is logged, once, under which run."""

import importlib.util
import types

import pytest

from tests.support import reviews
from tfm import errors
from tfm.callbacks import tracking
from tfm.config import saved
from tfm.run import fit
from tfm.run import folder as run_folder


class FakeMLflow(types.ModuleType):
    """Keeps what it is told, by run."""

    def __init__(self):
        super().__init__("mlflow")
        self.params, self.points, self.runs, self.calls = {}, [], [], []
        self.values, self.active = {}, None
        self.MlflowClient = lambda: self

    def set_tracking_uri(self, uri):
        self.calls.append(("uri", uri))

    def set_experiment(self, name):
        self.calls.append(("experiment", name))

    def start_run(self, run_id=None, run_name=None):
        self.calls.append(("run", run_name))
        assert self.active is None
        self.runs.append(run_id or f"id-{len(self.runs)}")
        self.active = self.runs[-1]
        info = types.SimpleNamespace(run_id=self.runs[-1])
        return types.SimpleNamespace(info=info)

    def log_params(self, params):
        self.params |= params

    def log_metrics(self, metrics, step):
        self.points += [(self.active, name, step) for name in metrics]
        self.values |= metrics

    def get_metric_history(self, run_id, name):
        steps = [s for run, n, s in self.points if (run, n) == (run_id, name)]
        return [types.SimpleNamespace(step=step) for step in steps]

    def end_run(self):
        self.calls.append(("end",))
        self.active = None


class FakeWandB(types.ModuleType):
    """A run that counts its steps."""

    def __init__(self):
        super().__init__("wandb")
        self.begun, self.points, self.step, self.finished = [], [], 0, 0
        self.summary = {}

    def init(self, **fields):
        self.begun.append(fields)
        self.id = fields["id"] or "made-up"
        return self

    def log(self, values, step):
        self.points += [(name, step) for name in values]
        self.step = max(self.step, step)

    def finish(self):
        self.finished += 1


@pytest.fixture
def trackers(monkeypatch):
    found = {"mlflow": FakeMLflow(), "wandb": FakeWandB()}
    for name, module in found.items():
        module.__spec__ = importlib.util.spec_from_loader(name, None)
        monkeypatch.setitem(tracking.importlib.util.sys.modules, name, module)
    return found


def test_a_run_in_two_parts_is_one_run_of_the_trackers(tmp_path, trackers):
    source = reviews.write_csv(tmp_path / "reviews.csv")
    callbacks = (tracking.MLflow(uri="file:x"), tracking.WandB(mode="offline"))
    for steps in (8, 12):
        fields = {"steps": steps, "eval_every": 4, "log_every": 2}
        e = reviews.experiment(source, callbacks=callbacks, **fields)
        folder = run_folder.RunFolder(tmp_path / "films")
        folder.begin("text_cls", e, {})
        assert saved.from_json(saved.to_json(e)) == e
        done = fit.fit(e, folder, with_reference=True)
    mlflow, wandb = trackers["mlflow"], trackers["wandb"]

    assert mlflow.runs == ["id-0"] * 4 and mlflow.calls.count(("end",)) == 4
    assert {("uri", "file:x"), ("experiment", "tfm"), ("run", "films")} <= {
        *mlflow.calls
    }
    assert mlflow.params["model.width"] == "8"
    losses = [s for _, n, s in mlflow.points if n == "train/loss/loss"]
    assert losses == [1, 2, 4, 6, 8, 10, 12]
    assert [s for _, n, s in mlflow.points if n == "validation/metrics/accuracy"] == [
        4,
        8,
        12,
    ]

    first, *others = wandb.begun
    assert first["id"] is None and [one["id"] for one in others] == ["made-up"] * 3
    assert first["config"]["model.width"] == 8 and first["name"] == "films"
    assert first["mode"] == "offline" and first["project"] == "tfm"
    assert [s for n, s in wandb.points if n == "train/loss/loss"] == losses
    assert wandb.finished == 4

    best = done.scores["test"]["step"]
    told = {
        "test/metrics/accuracy": done.scores["test"]["accuracy"],
        "test/loss/loss": done.scores["test"]["loss"],
        "reference/metrics/accuracy": done.scores["reference"]["accuracy"],
    }
    for name, value in told.items():
        assert ("id-0", name, best) in mlflow.points
        assert mlflow.values[name] == wandb.summary[name] == value
    assert wandb.summary["best_step"] == best
    assert not [name for name in wandb.summary if name.endswith("/step")]


def test_what_was_logged_before_a_kill_is_not_logged_again(tmp_path, trackers):
    mlflow = trackers["mlflow"]
    config = tracking.MLflow()
    logged = config.begun(tmp_path, {})
    for step in (2, 4, 6):
        logged.logged(step, {"loss": 1.0, "f1/so:so": 0.5})
    mlflow.end_run()
    again = config.begun(tmp_path, {})  # from the checkpoint of step 3
    for step in (4, 6, 8):
        again.logged(step, {"loss": 1.0})
    steps = [s for _, n, s in mlflow.points if n == "train/loss/loss"]
    assert steps == [2, 4, 6, 8]
    assert ("id-0", "train/metrics_by_class/f1/so_so", 2) in mlflow.points


def test_without_a_test_split_the_scores_are_those_of_the_best(tmp_path, trackers):
    logged = tracking.MLflow().begun(tmp_path, {})
    with logged:
        pass
    logged.finished({"validation": {"step": 7, "loss": 0.5, "f1/so:so": 0.25}})
    mlflow = trackers["mlflow"]
    assert mlflow.values == {
        "best/loss/loss": 0.5,
        "best/metrics_by_class/f1/so_so": 0.25,
    }
    assert {step for *_, step in mlflow.points} == {7} and mlflow.active is None


@pytest.mark.parametrize("tracker", [tracking.MLflow(), tracking.WandB()])
def test_a_tracker_that_is_not_installed_is_told_before_data_is_read(
    tmp_path, monkeypatch, tracker
):
    monkeypatch.setattr(tracking.importlib.util, "find_spec", lambda name: None)
    name = type(tracker).__name__.lower()
    e = reviews.experiment(tmp_path / "no.csv", callbacks=(tracker,))
    folder = run_folder.RunFolder(tmp_path / "run")
    folder.begin("text_cls", e, {})
    told = rf"Logging to {name} needs it: pip install 'tfm-train\[{name}\]'"
    with pytest.raises(errors.UserError, match=told):
        fit.fit(e, folder)
