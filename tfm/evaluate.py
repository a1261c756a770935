"""Evaluates a run: python -m tfm.evaluate --run_dir=runs/text_cls."""

import dataclasses
import pathlib
import re
import shutil
import tempfile
import typing
import weakref
from collections.abc import Callable
from collections.abc import Mapping

from tfm import config
from tfm import errors
from tfm import files
from tfm.run import folder as run_folder
from tfm.run import look
from tfm.run import next_steps
from tfm.run import reading
from tfm.run import trained


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.evaluate --run_dir=DIR [--split=NAME | --data=FILE] [--watch]

    Prints the scores of a trained run on one of its splits, or on a new labelled
    file, and adds them to metrics.json in the run folder. With --watch it follows
    a run that is being trained: a line, and points in its TensorBoard, for each
    new checkpoint.
    """

    run_dir: str = ""  # the folder of a trained run
    # run the code that the folder brings along (as trust_remote_code, safe_mode)
    trust_code: bool = False
    # one of the run's own splits; auto: test, or validation with --watch
    split: typing.Literal["auto", "test", "validation", "train"] = "auto"
    data: str = ""  # a new labelled file instead, with the run's column names
    where: str = ""  # of that file, only the rows with COLUMN=VALUE
    # the best one by validation, or the newest one; --watch takes each newest
    checkpoint: typing.Literal["best", "last"] = "best"
    batch_size: int = 256  # texts per batch
    watch: bool = False  # evaluate each new checkpoint until the training is finished
    watch_every: float = 2.0  # seconds between two looks for a new checkpoint
    # stop after so many seconds without a new checkpoint; none: never
    watch_timeout: float | None = None
    # print only warnings, errors, the scores and where they are written: no progress,
    # no next steps
    quiet: bool = False

    def __post_init__(self):
        if self.batch_size < 1:
            raise errors.UserError(
                f"--batch_size takes 1 or more. Got {self.batch_size}."
            )
        for name in ("watch_every", "watch_timeout"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise errors.UserError(f"--{name} takes more than 0. Got {value}.")

    @property
    def split_name(self) -> str:
        """The split, "auto" decided."""
        if self.split != "auto":
            return self.split
        return "validation" if self.watch else "test"


def main(options: Options, experiment=None, changed: Mapping | None = None) -> None:
    """Evaluates.

    Args:
      options: of the command line.
      experiment: the run's, with the `changed` fields of how its data is written.
      changed: those fields by path.
    """
    reading.check(changed or {}, options.data, "--data")
    folder = run_folder.RunFolder(options.run_dir)
    if options.run_dir and folder.exists():
        folder.refuse_links()  # it is written to
    if options.watch:
        from tfm.run import watch

        watch.watch(
            options.run_dir,
            pathlib.Path(options.data).stem or options.split_name,
            lambda run: scorer(run, options),
            options.watch_every,
            options.watch_timeout,
            options.trust_code,
        )
        if folder.exists():
            next_steps.tell(folder, "", "evaluate", "report")
        return
    experiment = experiment or reading.base_experiment(options)
    if experiment and options.data and folder.is_prepared():
        data = reading.with_where(experiment.data, options.where)
        look.at_source(data, options.data, folder.load_columns())
    reading.say_loading(options, experiment)
    run = trained.load(options.run_dir, options.checkpoint, options.trust_code)
    name = options.data or options.split_name

    from tfm.callbacks import score_tables

    with files.scratch(name) as scratch:
        split = _split(run, options, scratch, experiment)
        scored = run.score(split, options.batch_size, name=name)
        stem = pathlib.Path(options.data).name or options.split_name
        run.keep(scored, _file_name(stem))
    metrics = {"step": run.step} | scored.metrics
    print(f"{run.folder.path}  step {run.step:,}  {len(split):,} examples\n")
    score_tables.print_scores({name: metrics})
    for figure in scored.evaluation.figures.values():
        score_tables.print_figure(figure)
    path = run.folder.metrics
    before = files.read_json(path) if path.is_file() else {}
    files.write_json(path, before | {name: metrics})
    print(f"\nWritten to {path}")
    for line in _skipped(split, options.data):
        print(line)
    steps = ("use", "report", "tensorboard")
    next_steps.tell(run.folder, run.objective.usage, *steps)


def scorer(run: trained.Trained, options: Options) -> Callable[[], dict[str, float]]:
    """A function that returns the metrics of the weights that the run then has."""
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tfm_evaluate_"))

    def score() -> dict[str, float]:
        name = options.data or options.split_name
        return run.score(split, options.batch_size, False, name).metrics

    # what is prepared of a new file is read as long as it is scored
    weakref.finalize(score, shutil.rmtree, scratch, ignore_errors=True)
    split = _split(run, options, scratch)
    for line in _skipped(split, options.data):
        print(line)
    return score


def _split(
    run: trained.Trained, options: Options, scratch: pathlib.Path, experiment=None
):
    """The split that the options name, or a new file's, read as `experiment` says.

    Raises:
      UserError: it is empty, or the file does not fit the run.
    """
    if not options.data:
        if options.where:
            raise errors.UserError("--where goes with --data=FILE.")
        return run.split(options.split_name)
    run = dataclasses.replace(run, experiment=experiment or run.experiment)
    return run.read(options.data, scratch, options.where)


def _skipped(split, source: str) -> list[str]:
    """Lines that say which rows of a new source are not in its scores, and why."""
    skipped = getattr(split, "skipped", {})
    return [f"{n:,} rows of {source} skipped: {why}" for why, n in skipped.items()]


def _file_name(name: str) -> str:
    """A name of a source, such as tfds:imdb or a glob, as that of a file."""
    return re.sub(r"[^\w.+-]+", "_", name)


if __name__ == "__main__":
    flags = reading.FLAGS | {"data.document", "data.document_end"}
    config.run(main, Options, reading.base_experiment, flags)
