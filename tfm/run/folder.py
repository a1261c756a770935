"""The run folder: all that is needed to resume, evaluate and predict.

tfm.json       says that tfm made the folder; without it nothing is written or removed
config.json    the experiment, every field, and what the command line changed
experiment.py  what auto chose, as a file that makes the experiment
code/          the experiment's file and the modules beside it, if a user's own
sources.json   the sources' full paths, and hashes of their content
columns.json   the columns besides the inputs', such as the labels
preprocessor/  the vocabulary, and what else was fitted on the training split
pretrained/    the shape of a published model, where the run began with one
vectors.json   the word vectors that its embeddings began with: path and hash
frozen.json    hashes of other runs' models that the loss asks, such as a teacher's
adapter/       what was trained with adapt.lora_rank, alone: small
data/          prepared records and tokens, or a corpus's store; can be made again
checkpoints/   last/ and best/
events/        for TensorBoard
metrics.json   the scores of the best checkpoint
history.jsonl  what was logged and evaluated, a line each
evaluation/    what was kept of each example of a split, SPLIT.parquet
fitted.json    what the objective fitted on validation, such as a temperature
finished.json  how and when the training ended; written last, gone where it goes on
skipped.jsonl  batches whose update was skipped, with the places of their texts
lock           held while it is trained
"""

import json
import os
import pathlib
import shutil
from collections.abc import Mapping

import tfm
from tfm import config
from tfm import errors
from tfm import files
from tfm.config import fields
from tfm.config import own_code
from tfm.run import kept_code
from tfm.run import provenance
from tfm.run import trust
from tfm.training import settings

SOURCE = "experiment.py"
_OTHERWISE = "holds no run of tfm. Give another --run_dir"


class RunFolder:
    """Paths within one run's folder, and its small JSON files.

    Args:
      path: of the folder.
      trust_code: whether the code that it brings along may run; see trust.
    """

    def __init__(self, path: str | pathlib.Path, trust_code: bool = False):
        self.path = pathlib.Path(path)
        self._trust_code = trust_code
        self.marker = self.path / files.MARKER
        self.config = self.path / "config.json"
        self.source = self.path / SOURCE
        self.code = self.path / "code"
        self.columns = self.path / "columns.json"
        self.sources = self.path / "sources.json"
        self.preprocessor = self.path / "preprocessor"
        self.pretrained = self.path / "pretrained"
        self.vectors = self.path / "vectors.json"
        self.frozen = self.path / "frozen.json"
        self.adapter = self.path / "adapter"
        self.data = self.path / "data"
        self.checkpoints = self.path / "checkpoints"
        self.events = self.path / "events"
        self.metrics = self.path / "metrics.json"
        self.evaluation = self.path / "evaluation"
        self.skipped = self.path / "skipped.jsonl"
        self.history = self.path / "history.jsonl"
        self.fitted = self.path / "fitted.json"
        self.finished = self.path / "finished.json"

    def exists(self) -> bool:
        """Whether tfm began a run here."""
        return self.marker.is_file() and self.config.is_file()

    def has_trained(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return self.last_step() is not None

    def last_step(self) -> int | None:
        """The step of the newest checkpoint, if there is one."""
        found = [path.name for path in self.checkpoints.glob("*/step-*[0-9]")]
        return max((int(name.removeprefix("step-")) for name in found), default=None)

    def saved(self) -> dict:
        """config.json: experiment, command_line, tfm and config."""
        if not self.path.is_dir():
            raise errors.UserError(f"There is no run folder {self.path}.")
        if not self.exists():
            raise errors.UserError(f"{self.path} holds no run of tfm.")
        body = files.read_json(self.config)
        if not isinstance(body, dict) or "config" not in body:
            raise errors.UserError(f"{self.config} is not a run's configuration.")
        return body

    def experiment(self):
        """The Experiment of this run, as it was saved.

        Raises:
          UserError: it needs code of the run's own, which is not to be trusted.
        """
        body = self.saved()["config"]
        return config.from_json(body, self._trusted_code())

    def is_prepared(self) -> bool:
        """Whether the data was read, so that columns and preprocessor are there."""
        return self.columns.is_file() and self.preprocessor.is_dir()

    def save_columns(self, columns: Mapping[str, object]) -> None:
        """Writes the columns, which are configs as those of the experiment."""
        body = {name: config.to_json(column) for name, column in columns.items()}
        files.write_json(self.columns, body)
        trust.remember(trust.fingerprint(self._classes(), self._kept_code()))

    def load_columns(self) -> dict[str, object]:
        """The columns by name."""
        code, bodies = self._trusted_code(), files.read_json(self.columns)
        return {name: config.from_json(body, code) for name, body in bodies.items()}

    def _classes(self) -> set[str]:
        """Classes that the folder names and that are not tfm's."""
        found = config.foreign_classes(self.saved()["config"])
        if self.columns.is_file():
            found |= config.foreign_classes(files.read_json(self.columns))
        return found

    def _kept_code(self) -> own_code.OwnCode | None:
        return kept_code.load(self.code, self.saved()["experiment"])

    def _trusted_code(self) -> own_code.OwnCode | None:
        """The code that the run keeps, if it is to be trusted."""
        code = self._kept_code()
        trust.check(self.path, self._classes(), code, self._trust_code)
        return code

    def claim(self) -> None:
        """Makes the folder, or finds it tfm's own; done before anything else in it.

        Raises:
          UserError: another program's files are there, or a symbolic link, behind
            which files would be written and removed; or it cannot be written.
        """
        with self._written():
            files.claim(self.path, _OTHERWISE)
        self.refuse_links()

    def check(self, name: str, experiment, code: str = "ask", own=None) -> None:
        """Raises UserError where `begin`, given the same, would; writes nothing."""
        with self._written():
            files.refuse_others(self.path, _OTHERWISE)
            files.try_to_write(self.path)
        self.refuse_links()
        self._goes_on(name, experiment, code, own)

    def refuse_links(self) -> None:
        """Raises UserError where a symbolic link leads out of the folder."""
        for folder, folders, names in os.walk(self.path):
            for path in (pathlib.Path(folder) / name for name in folders + names):
                if path.is_symlink():
                    raise errors.UserError(
                        f"{path} is a symbolic link; a run's files lie in its folder "
                        "alone. Put the files there, or move the whole folder."
                    )

    def begin(
        self,
        name: str,
        experiment,
        changed: Mapping[str, object],
        code: str = "ask",
        own: own_code.OwnCode | None = None,
    ) -> bool:
        """Makes the folder, or checks that the run in it is the same one.

        Args:
          name: of the experiment, or of the run where it was made in Python; empty
            for the experiment that lies in the folder.
          experiment: with the command line's changes made.
          changed: those changes, {path: value}.
          code: where the user's own code was changed since: kept, to go on with that
            of the run, or current; ask: that is an error.
          own: the user's own code that the experiment is of.

        Returns:
          True if a run was there, to go on with. One that never came to a checkpoint,
          as where its data had a mistake, is begun anew.

        Raises:
          UserError: the folder holds something else, or cannot be written.
        """
        self.claim()
        if not (there := self._goes_on(name, experiment, code, own)):
            self._clear()
        body = {
            "experiment": pathlib.Path(name).stem or self.saved()["experiment"],
            "command_line": {path: fields.show(v) for path, v in changed.items()},
            "tfm": tfm.__version__,
            "made_with": provenance.of(),
            "config": config.to_json(experiment),
        }
        with self._written():
            if there:
                body["command_line"] = (
                    self.saved()["command_line"] | body["command_line"]
                )
            if own and (code == "current" or not there):
                kept_code.keep(self.code, own)
            files.write_json(self.config, body)
            trust.remember(trust.fingerprint(self._classes(), self._kept_code()))
        return there

    def copy_to(self, other: "RunFolder", experiment) -> None:
        """Begins a folder, of `experiment`, with all that this run learnt but weights.

        UserError where something is there, or it cannot be written.
        """
        if other.path.exists():
            raise errors.UserError(f"{other.path} is there already. Give another one.")
        other.claim()
        with other._written():
            for source in (self.preprocessor, self.pretrained, self.code):
                if source.is_dir():
                    shutil.copytree(source, other.path / source.name)
            for source in (self.columns, self.metrics, self.fitted):
                if source.is_file():
                    shutil.copyfile(source, other.path / source.name)
            body = self.saved() | {"config": config.to_json(experiment)}
            files.write_json(other.config, body)

    def _written(self):
        """A context in which an OSError means that the folder cannot be written."""
        return files.writing(f"The run folder {self.path}")

    def note_skipped(self, batch: int, origins: list[str]) -> str:
        """Adds a skipped update to skipped.jsonl; a few words on it.

        It is told by its batch's number and FILE:LINE of its texts (origins).
        """
        with self.skipped.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"batch": batch, "texts": origins}) + "\n")
        more = f" and {len(origins) - 1} more" if len(origins) > 1 else ""
        return f"batch {batch}, {origins[0]}{more} (all in {self.skipped})"

    def opening(self, resumes: bool) -> str:
        """The line that says which folder it is, and whether training goes on in it."""
        goes_on = resumes and not self.finished.exists()
        return f"{'Resuming in' if goes_on else 'Run folder'}  {self.path}"

    def mark_finished(self, outcome: str, step: int) -> None:
        """Says that no other checkpoint will come."""
        files.write_json(self.finished, {"outcome": outcome, "step": step})

    def train_on(self) -> None:
        """Removes what only a finished run has: other checkpoints will come."""
        for path in (self.finished, self.fitted):
            path.unlink(missing_ok=True)

    def _goes_on(self, name: str, experiment, code: str, own) -> bool:
        """Whether a run is there to go on with; UserError where it is another one."""
        if not (self.exists() and self.has_trained()):
            return False
        kept = self._kept_code()
        if own and kept and code == "ask":
            kept_code.check_same(self.path, kept, own)
        self._check_same(pathlib.Path(name).stem, experiment)
        return True

    def _clear(self) -> None:
        """Removes what a run left that never came to a checkpoint."""
        for folder in (self.data, self.preprocessor, self.pretrained, self.events):
            shutil.rmtree(folder, ignore_errors=True)
        for name in ("columns", "sources", "vectors", "frozen", "history"):
            getattr(self, name).unlink(missing_ok=True)

    def _check_same(self, name: str, experiment) -> None:
        saved = self.saved()["experiment"]
        if saved != (name or saved):
            raise errors.UserError(
                f"{self.path} holds a run of experiment {saved}, "
                f"not {name}. Give another --run_dir."
            )
        before = fields.values(self.experiment())
        now = fields.values(experiment)
        free = {f"train.{field}" for field in settings.RESUMABLE}
        for path in before.keys() | now.keys():
            whole = ".".join(path.split(".")[:2])  # of what lies within a field
            if whole in free or before.get(path) == now.get(path):
                continue
            old, new = (fields.show(values.get(path)) for values in (before, now))
            raise errors.UserError(
                f"{self.path} holds a run with {path}={old}, not {new}. Give another "
                f"--run_dir, or resume with --run_dir={self.path} alone."
            )
