"""Experiment trackers as callbacks: MLflow, Weights & Biases.

In an experiment's file `training.Train(callbacks=(tracking.MLflow(),))`, or
`tfm.fit(experiment, callbacks=[tracking.WandB(project="films")])`. A run that goes on
goes on in the tracker too, and what was logged there is not logged again. At the end it
gets the test scores of the best checkpoint, and the reference's.
"""

import dataclasses
import importlib.util
import pathlib
import re
from collections.abc import Callable
from collections.abc import Mapping

from tfm import errors
from tfm import files
from tfm.callbacks import tags

_LONGEST = 500  # letters of a setting
_SPLITS = ("train", "validation")


@dataclasses.dataclass(frozen=True)
class MLflow:
    """Logs a run's settings, scalars and evaluations to MLflow."""

    experiment: str = "tfm"  # in which runs are compared
    uri: str = ""  # of the tracking server; empty: what MLFLOW_TRACKING_URI says

    def check(self) -> None:
        """Raises UserError where MLflow is not installed."""
        _check("mlflow")

    def begun(self, folder: pathlib.Path, settings: Mapping[str, object]) -> "Tracked":
        """Begins the run, or goes on with it; the callback that logs to it."""
        import mlflow

        if self.uri:
            mlflow.set_tracking_uri(self.uri)
        mlflow.set_experiment(self.experiment)
        known = _known(folder, "mlflow")
        started = mlflow.start_run(run_id=known, run_name=folder.name)
        reached = {}
        if known:
            client = mlflow.MlflowClient()
            for split in _SPLITS:
                points = client.get_metric_history(known, f"{split}/{tags.of('loss')}")
                reached[split] = max((point.step for point in points), default=0)
        else:
            _keep(folder, "mlflow", started.info.run_id)
            mlflow.log_params({n: str(v)[:_LONGEST] for n, v in settings.items()})
        run_id = started.info.run_id

        def add(values: Mapping[str, float], step: int) -> None:
            mlflow.start_run(run_id=run_id)
            mlflow.log_metrics(values, step=step)
            mlflow.end_run()

        return Tracked(mlflow.log_metrics, mlflow.end_run, add, reached)


@dataclasses.dataclass(frozen=True)
class WandB:
    """Logs a run's settings, scalars and evaluations to Weights & Biases."""

    project: str = "tfm"  # in which runs are compared
    # online, or offline: into the run's folder, for `wandb sync`
    mode: str = "online"

    def check(self) -> None:
        """Raises UserError where wandb is not installed."""
        _check("wandb")

    def begun(self, folder: pathlib.Path, settings: Mapping[str, object]) -> "Tracked":
        """Begins the run, or goes on with it; the callback that logs to it."""
        import wandb

        def begin():
            return wandb.init(
                project=self.project,
                mode=self.mode,
                name=folder.name,
                dir=str(folder / "events"),
                id=_known(folder, "wandb"),
                resume="allow",
                config=dict(settings),
            )

        def add(values: Mapping[str, float], step: int) -> None:
            run = begin()
            # a log of an earlier step than the last one would be dropped
            run.summary.update({**values, "best_step": step})
            run.finish()

        run = begin()
        _keep(folder, "wandb", run.id)
        return Tracked(run.log, run.finish, add, dict.fromkeys(_SPLITS, run.step))


class Tracked:
    """The callback that logs to a tracker's run; scalars have the tags of TensorBoard.

    Args:
      log: ({name: value}, step=) of the tracker.
      end: ends its run.
      add: ({name: value}, step) to a run that was ended.
      reached: the newest step that it has of each split; those until there are not
        logged again.
    """

    def __init__(
        self,
        log: Callable,
        end: Callable[[], None],
        add: Callable[[Mapping[str, float], int], None],
        reached: Mapping[str, int],
    ):
        self._log, self._end, self._add, self._reached = log, end, add, reached

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    def logged(self, step: int, scalars: Mapping[str, float]) -> None:
        """Logs them as train/GROUP/NAME."""
        self._write("train", step, scalars)

    def evaluated(self, step: int, metrics: Mapping[str, float], is_best: bool) -> None:
        """Logs them as validation/GROUP/NAME."""
        self._write("validation", step, metrics)

    def finished(self, scores: Mapping[str, Mapping[str, float]]) -> None:
        """Adds test/GROUP/NAME, best/... where there is no test, and reference/...

        Args:
          scores: by split, as metrics.json has them.
        """
        last = "test" if "test" in scores else "validation"
        metrics = {n: v for n, v in scores[last].items() if n != "step"}
        found = _named("test" if last == "test" else "best", metrics)
        found |= _named("reference", scores.get("reference", {}))
        self._add(found, int(scores[last]["step"]))

    def _write(self, split: str, step: int, values: Mapping[str, float]) -> None:
        if step > self._reached.get(split, 0):
            self._log(_named(split, values), step=step)


def _named(split: str, values: Mapping[str, float]) -> dict[str, float]:
    """Values by SPLIT/GROUP/NAME, in letters that MLflow takes."""
    return {
        re.sub(r"[^\w\-. /]", "_", f"{split}/{tag}"): float(value)
        for tag, value in tags.shown(values).items()
    }


def _check(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise errors.UserError(
            f"Logging to {package} needs it: pip install 'tfm-train[{package}]'"
        )


def _path(folder: pathlib.Path) -> pathlib.Path:
    return folder / "events" / "tracked.json"  # gone where the run is begun anew


def _known(folder: pathlib.Path, tracker: str) -> str | None:
    """The tracker's name of the run, if it was begun there."""
    path = _path(folder)
    return files.read_json(path).get(tracker) if path.is_file() else None


def _keep(folder: pathlib.Path, tracker: str, name: str) -> None:
    path = _path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    known = files.read_json(path) if path.is_file() else {}
    files.write_json(path, known | {tracker: name})
