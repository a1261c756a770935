"""A trained run, loaded from its folder alone, for inference and evaluation.

run = trained.load("runs/text_cls")
run.predict("A moving film.")
"""

import dataclasses
import functools
import itertools
import pathlib
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import errors
from tfm import files
from tfm import interfaces
from tfm import progress
from tfm.run import assembly
from tfm.run import finishing
from tfm.run import folder as run_folder
from tfm.run import given_rows
from tfm.run import kept_results
from tfm.run import reading
from tfm.run import scoring

_BATCHES = 16  # whose rows are encoded at a time


@dataclasses.dataclass(frozen=True)
class Trained:
    """A run with the weights of a checkpoint; made by `load`.

    Attributes:
      model: the keras.Model with the weights of `step`.
      objective: with what it fitted when the training of these weights was finished.
      evaluator: the tfm.training.evaluation.Evaluator of the model.
    """

    folder: run_folder.RunFolder
    experiment: object
    preprocessor: interfaces.Preprocessor
    columns: Mapping[str, interfaces.Column]
    objective: interfaces.Objective
    model: object
    step: int
    evaluator: object

    @functools.cached_property
    def splits(self) -> Mapping[str, interfaces.Split]:
        """The run's own splits, read from its folder or made again.

        Raises:
          UserError: the source has changed, or cannot be read.
        """
        dataset = self.experiment.data.prepare(self.folder.data)
        return dataset.encode(self.preprocessor, self.folder.data)

    def split(self, name: str) -> interfaces.Split:
        """One of the run's own splits; UserError where it is empty, or is not there."""
        if name not in self.splits:
            raise errors.UserError(
                f"{self.folder.path} has no {name} split. "
                f"It has {', '.join(self.splits)}."
            )
        if not len(self.splits[name]):
            raise errors.UserError(f"The {name} split of {self.folder.path} is empty.")
        return self.splits[name]

    def read(self, source: str, scratch: pathlib.Path, where: str = ""):
        """Another source as a split, with the run's columns, to evaluate on.

        Args:
          source: a file or any other source.
          scratch: a folder for what is prepared of it.
          where: of its rows, only those with COLUMN=VALUE.

        Raises:
          UserError: it does not fit the run.
        """
        config = reading.with_where(self.experiment.data, where)
        return config.split(source, self.columns, self.preprocessor, scratch)

    def score(
        self,
        split: interfaces.Split,
        batch_size: int = 256,
        thorough: bool = True,
        name: str = "",
    ) -> scoring.Scored:
        """Scores and what was kept of each example; `name` is of the progress."""
        return scoring.score(
            self.evaluator,
            self.objective,
            self.preprocessor,
            split,
            batch_size,
            thorough=thorough,
            doing=f"Evaluating {name}".rstrip(),
        )

    def keep(self, scored: scoring.Scored, name: str) -> None:
        """Keeps what `score` found of each example, as evaluation/NAME.parquet."""
        place = self.folder.evaluation / f"{name}.parquet"
        kept_results.write(place, scored.results, scored.split, self._identity())

    def kept(self, name: str) -> scoring.Scored:
        """`score` of one of the run's own splits, from what was kept of each example.

        Raises:
          NotCurrentError: nothing was kept of this split by these weights.
        """
        split, path = self.split(name), self.folder.evaluation / f"{name}.parquet"
        size = len(scoring.examples_of(self.objective, split))
        results = kept_results.read(path, split, self._identity(), size)
        evaluation = self.objective.compute_metrics(results, split)
        return scoring.Scored(evaluation, results, split)

    def _identity(self) -> str:
        return kept_results.identity(self.model, self.folder.saved()["config"])

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """Metrics of the best checkpoint by split, as metrics.json has them."""
        return files.read_json(self.folder.metrics)

    @property
    def history(self) -> list[dict]:
        """History of training, logged and evaluated: rows for a DataFrame.

        Each has step, split (train or validation) and the values.
        """
        from tfm.callbacks import history

        return history.read(self.folder.history)

    def evaluate(self, source: str = "test", where: str = "") -> dict[str, float]:
        """Metrics on one of the run's own splits, or on another source.

        Args:
          source: train, validation or test; or a file, data.Rows(...), or any other
            source with the run's columns.
          where: of another source, only the rows with COLUMN=VALUE.

        Raises:
          UserError: there is no such split, or the source does not fit the run.
        """
        if source in ("train", "validation", "test") and not where:
            return dict(self.score(self.split(source), name=source).metrics)
        with files.scratch(str(source)) as scratch:
            split = self.read(str(source), scratch, where)
            return dict(self.score(split, name=str(source)).metrics)

    def generate(self, prompts: str | Sequence[str], **settings) -> list[str]:
        """Texts that follow the prompts; a prompt alone is one.

        Args:
          prompts: texts.
          **settings: of generation.Settings, as temperature=0.8 or max_new_tokens=100,
            and what Generator.generate takes.

        Raises:
          UserError: the run's model or task cannot generate.
        """
        prompts = [prompts] if isinstance(prompts, str) else list(prompts)
        made = self._generator.generate(prompts, **settings)
        return [generated.text for generated in made]

    @functools.cached_property
    def _generator(self):
        from tfm import generation

        return generation.Generator(self)

    def export(self, output: str | pathlib.Path, **settings) -> dict:
        """Writes a TensorFlow SavedModel that predicts from raw columns without tfm.

        Args:
          output: a folder, which must be empty or not be there.
          **settings: max_new_tokens, 64: of a model that writes, tokens of a text.

        Returns:
          What its export.json says: signatures, what is needed, the run.

        Raises:
          UserError: the run's inputs or task cannot be exported, or the folder cannot
            be written.
        """
        from tfm import exporting

        return exporting.export(self, output, **settings)

    def predict(self, rows, batch_size: int = 64):
        """The predictions of each row, ready for JSON; see the task's objective.

        Args:
          rows: a list of {column: value}, or of values alone where the inputs read one
            column; one such row, as a text; a DataFrame; or an iterator, which may have
            no end.
          batch_size: rows that go through the model at a time.

        Returns:
          A list of dicts, one a row; of an iterator an iterator.

        Raises:
          UserError: a row is not what the inputs read, or the model is one that
            generates.
        """
        if isinstance(rows, str | Mapping):
            rows = [rows]
        if hasattr(rows, "columns"):  # a DataFrame, which iterates over them
            rows = rows.to_dict("records")
        if isinstance(rows, Iterator):
            return self._stream(rows, batch_size)
        return list(self._stream(iter(rows), _BATCHES * batch_size, batch_size))

    def _stream(self, rows: Iterator, size: int, batch_size: int | None = None):
        e = self.experiment
        while part := [given_rows.of(e, row) for row in itertools.islice(rows, size)]:
            yield from self._predict(part, batch_size or size)

    def _predict(self, rows: list[interfaces.Row], batch_size: int) -> list[dict]:
        from tfm.data import batches
        from tfm.data import memory

        split = memory.Memory(
            [interfaces.Read(row, row) for row in rows], {}, self.preprocessor
        )
        found = batches.eager(
            self.objective.examples(split, "predict"),
            batch_size=batch_size,
            graph=self.preprocessor.graph(),
            stored=self.preprocessor.stored,
        )
        results = self.evaluator.results(found, "predict")
        return self.objective.predictions(results, split)


def load(run_dir: str, checkpoint: str = "best", trust_code: bool = False) -> Trained:
    """Loads a run from its folder alone.

    Args:
      run_dir: the folder.
      checkpoint: "best", or "last" for the newest.
      trust_code: run the code that the folder brings along, though the run was not
        trained by this user on this machine.

    Raises:
      UserError: no run there, or none of its checkpoints; or it brings code along that
        nobody trusts.
    """
    if not run_dir:
        raise errors.UserError("Give --run_dir=DIR, the folder of a trained run.")
    folder = run_folder.RunFolder(run_dir, trust_code)
    e = folder.experiment()
    if not folder.is_prepared():
        raise errors.UserError(f"{folder.path} has not been trained yet.")

    from tfm.distribution import quiet_start

    with progress.phase(f"Loading {folder.path}"):
        quiet_start.import_tensorflow()
        return _loaded(folder, e, checkpoint)


def _loaded(folder: run_folder.RunFolder, e, checkpoint: str) -> Trained:
    """The run with the weights of a checkpoint."""
    import keras

    from tfm.checkpoints import checkpoints
    from tfm.training import evaluation

    keras.config.set_dtype_policy(e.train.dtype)
    columns = folder.load_columns()
    preprocessor = assembly.inputs_of(e).load(folder.preprocessor)
    objective = e.task.bind(columns, preprocessor)
    model = assembly.build_model(e, objective, folder.pretrained)
    step = checkpoints.restore_weights(model, folder.checkpoints / checkpoint)
    if step is None and checkpoint == "best":  # stopped before its first evaluation
        step = checkpoints.restore_weights(model, folder.checkpoints / "last")
    if step is None:
        raise errors.UserError(f"{folder.path} has no {checkpoint} checkpoint yet.")
    evaluator = evaluation.Evaluator(model, objective)
    objective = finishing.finished(objective, folder.fitted, step)
    return Trained(folder, e, preprocessor, columns, objective, model, step, evaluator)
