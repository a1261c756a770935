"""The run folder: all that is needed to resume, evaluate and predict.

config.json    the experiment, every field, and what the command line changed
experiment.py  a copy of the experiment's file, where it is a user's own
columns.json   the columns besides the inputs', such as the labels
preprocessor/  the vocabulary, and what else was fitted on the training split
pretrained/    the shape of a published model, where the run began with one
frozen.json    hashes of other runs' models that the loss asks, such as a teacher's
adapter/       what was trained with adapt.lora_rank, alone: small
data/          the prepared records and tokens, or the store of a corpus (can be
               made again from the source)
checkpoints/   last/ and best/
events/        for TensorBoard
metrics.json   the scores of the best checkpoint
evaluation/    what was kept of each example of a split, SPLIT.parquet
finished.json  how the training ended and at which step; written last, when all else
               is, and removed where the training goes on
skipped.jsonl  batches whose update was skipped, with the places of their texts
lock           held while it is trained
"""

import json
import pathlib
import shutil
from collections.abc import Mapping

import tfm
from tfm import config
from tfm import errors
from tfm import experiments
from tfm import files
from tfm import lock
from tfm.config import fields
from tfm.config import loading
from tfm.training import settings


class RunFolder:
    """Paths within one run's folder, and its small JSON files."""

    def __init__(self, path: str | pathlib.Path):
        self.path = pathlib.Path(path)
        self.config = self.path / "config.json"
        self.own_experiment = self.path / "experiment.py"
        self.columns = self.path / "columns.json"
        self.preprocessor = self.path / "preprocessor"
        self.pretrained = self.path / "pretrained"
        self.frozen = self.path / "frozen.json"
        self.adapter = self.path / "adapter"
        self.data = self.path / "data"
        self.checkpoints = self.path / "checkpoints"
        self.events = self.path / "events"
        self.metrics = self.path / "metrics.json"
        self.evaluation = self.path / "evaluation"
        self.skipped = self.path / "skipped.jsonl"
        self.finished = self.path / "finished.json"

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return self.config.is_file()

    def has_trained(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return self.last_step() is not None

    def last_step(self) -> int | None:
        """The step of the newest checkpoint, if there is one."""
        found = self.checkpoints.glob("*/step-*[0-9]")
        steps = (int(path.name.removeprefix("step-")) for path in found)
        return max(steps, default=None)

    def saved(self) -> dict:
        """config.json: experiment, command_line, tfm and config."""
        if not self.path.is_dir():
            raise errors.UserError(f"There is no run folder {self.path}.")
        if not self.exists():
            raise errors.UserError(f"{self.path} holds no run: it has no config.json.")
        body = files.read_json(self.config)
        if not isinstance(body, dict) or "config" not in body:
            raise errors.UserError(f"{self.config} is not a run's configuration.")
        return body

    def experiment(self):
        """The Experiment of this run, as it was saved."""
        return config.from_json(self.saved()["config"], self.own_experiment)

    def is_prepared(self) -> bool:
        """Whether the data was read, so that columns and preprocessor are there."""
        return self.columns.is_file() and self.preprocessor.is_dir()

    def save_columns(self, columns: Mapping[str, object]) -> None:
        """Writes the columns, which are configs as those of the experiment."""
        body = {name: config.to_json(column) for name, column in columns.items()}
        files.write_json(self.columns, body)

    def load_columns(self) -> dict[str, object]:
        """The columns by name."""
        return {
            name: config.from_json(body, self.own_experiment)
            for name, body in files.read_json(self.columns).items()
        }

    def begin(self, name: str, experiment, changed: Mapping[str, object]) -> bool:
        """Makes the folder, or checks that the run in it is the same one.

        Args:
          name: the experiment's name, or the path of its file; empty for the
            experiment that lies in the folder.
          experiment: with the command line's changes made.
          changed: those changes, {path: value}.

        Returns:
          True if a run was there, to go on with. One that never came to a checkpoint,
          as where its data had a mistake, is begun anew.

        Raises:
          UserError: the folder holds something else, or cannot be written.
        """
        there = self.exists() and self.has_trained()
        stem = pathlib.Path(name).stem or self.saved()["experiment"]
        if there:
            self._check_same(stem, experiment)
        elif self.exists():
            self._clear()
        elif self.path.is_dir() and {p.name for p in self.path.iterdir()} - {lock.NAME}:
            raise errors.UserError(
                f"{self.path} is not empty and holds no run. Give another --run_dir."
            )
        body = {
            "experiment": stem,
            "command_line": {path: fields.show(v) for path, v in changed.items()},
            "tfm": tfm.__version__,
            "config": config.to_json(experiment),
        }
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if there:
                earlier = self.saved()["command_line"]
                body["command_line"] = earlier | body["command_line"]
            elif name:
                self._copy_own(name)
            files.write_json(self.config, body)
        except OSError as error:
            raise errors.UserError(
                f"The run folder {self.path} cannot be written: {error.strerror}."
            ) from None
        return there

    def copy_to(self, other: "RunFolder", experiment) -> None:
        """Begins another folder with what this run learnt, but for its weights.

        Args:
          other: of which nothing must be there.
          experiment: what that run is of.

        Raises:
          UserError: something is there, or it cannot be written.
        """
        if other.path.exists():
            raise errors.UserError(f"{other.path} is there already. Give another one.")
        try:
            for source in (self.preprocessor, self.pretrained):
                if source.is_dir():
                    shutil.copytree(source, other.path / source.name)
            for source in (self.own_experiment, self.columns, self.metrics):
                if source.is_file():
                    shutil.copyfile(source, other.path / source.name)
            body = self.saved() | {"config": config.to_json(experiment)}
            files.write_json(other.config, body)
        except OSError as error:
            raise errors.UserError(
                f"The run folder {other.path} cannot be written: {error.strerror}."
            ) from None

    def note_skipped(self, batch: int, origins: list[str]) -> str:
        """Adds a batch whose update was skipped to skipped.jsonl.

        Args:
          batch: its number.
          origins: FILE:LINE of its texts.

        Returns:
          A few words about it.
        """
        with self.skipped.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"batch": batch, "texts": origins}) + "\n")
        more = f" and {len(origins) - 1} more" if len(origins) > 1 else ""
        return f"batch {batch}, {origins[0]}{more} (all in {self.skipped})"

    def mark_finished(self, outcome: str, step: int) -> None:
        """Says that no other checkpoint will come; removed where training goes on."""
        files.write_json(self.finished, {"outcome": outcome, "step": step})

    def _clear(self) -> None:
        """Removes what a run left that never came to a checkpoint."""
        made = (self.data, self.preprocessor, self.pretrained, self.events)
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.columns, self.frozen):
            file.unlink(missing_ok=True)

    def _copy_own(self, name: str) -> None:
        source = loading.find(name)
        if source.resolve().parent != experiments.FOLDER.resolve():
            shutil.copyfile(source, self.own_experiment)

    def _check_same(self, name: str, experiment) -> None:
        saved = self.saved()
        if saved["experiment"] != name:
            raise errors.UserError(
                f"{self.path} holds a run of experiment {saved['experiment']}, "
                f"not {name}. Give another --run_dir."
            )
        before = fields.values(self.experiment())
        now = fields.values(experiment)
        free = {f"train.{field}" for field in settings.RESUMABLE}
        for path in before.keys() | now.keys():
            if path in free or before.get(path) == now.get(path):
                continue
            old, new = (fields.show(values.get(path)) for values in (before, now))
            raise errors.UserError(
                f"{self.path} holds a run with {path}={old}, not {new}. Give another "
                f"--run_dir, or resume with --run_dir={self.path} alone."
            )
