"""Evaluates a run: python -m tfm.evaluate --run_dir=runs/text_cls."""

import dataclasses
import pathlib
import shutil
import tempfile
import typing
import weakref
from collections.abc import Callable

import numpy as np

from tfm import config
from tfm import errors
from tfm import files
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


def main(options: Options) -> None:
    if options.watch:
        from tfm.run import watch

        watch.watch(
            options.run_dir,
            pathlib.Path(options.data).stem or options.split_name,
            lambda run: scorer(run, options),
            options.watch_every,
            options.watch_timeout,
        )
        return
    run = trained.load(options.run_dir, options.checkpoint)
    name = options.data or options.split_name

    from tfm.callbacks import score_tables as report

    where = f"{run.folder.path}  step {run.step:,}"
    if run.task.by_sums:
        metrics = {"step": run.step} | scorer(run, options)()
        print(f"{where}\n")
        report.print_scores({name: metrics})
    else:
        outputs, labels = evaluate(run, options)
        metrics = {"step": run.step} | run.task.metrics(outputs, labels)
        print(f"{where}  {len(labels):,} examples\n")
        report.print_scores({name: metrics})
        names = run.task.label_names
        print()
        report.print_classes(metrics, names)
        print()
        report.print_confusion(run.task.confusion(outputs, labels), names)
    path = run.folder.metrics
    before = files.read_json(path) if path.is_file() else {}
    files.write_json(path, before | {name: metrics})
    print(f"\nWritten to {path}")


def evaluate(run, options: Options) -> tuple[np.ndarray, np.ndarray]:
    """Outputs float32 [N, C] and true labels of a split, or of a new file.

    Raises:
      UserError: the split is empty, or the file does not fit the run.
    """
    texts, labels = examples(run, options)
    return outputs(run, texts, len(labels), options.batch_size), labels


def scorer(run, options: Options) -> Callable[[], dict[str, float]]:
    """What returns the metrics of the weights that the run then has."""
    if run.task.by_sums:
        scratch = pathlib.Path(tempfile.mkdtemp(prefix="tfm_evaluate_"))

        def of_corpus() -> dict[str, float]:
            return run.evaluation.metrics(batches)

        # the tokens of a new file are read as long as they are scored
        weakref.finalize(of_corpus, shutil.rmtree, scratch, ignore_errors=True)
        batches = plain_text_batches(run, options, scratch)
        return of_corpus
    texts, labels = examples(run, options)

    def score() -> dict[str, float]:
        found = outputs(run, texts, len(labels), options.batch_size)
        return run.task.metrics(found, labels)

    return score


def plain_text_batches(run, options: Options, scratch: pathlib.Path):
    """Batches of a split, or of a new file, for a run that learns without labels.

    Args:
      run: the run.
      options: name the split or the file.
      scratch: gets the tokens of a new file.

    Raises:
      UserError: the split is empty, or the file does not fit the run.
    """
    from tfm.data import batches
    from tfm.data.corpora import windows

    if options.where:
        raise errors.UserError("--where is for files with labels.")
    corpus, folder, name = run.experiment.data, run.folder.store, options.split_name
    if options.data:
        changes = {"validation": "", "test": "", "store": "", "max_documents": None}
        changes |= {"train": options.data, "validation_fraction": 0.0}
        corpus, folder, name = dataclasses.replace(corpus, **changes), scratch, "train"
    splits = corpus.open(run.tokenizer, folder).splits
    if name not in splits:
        raise errors.UserError(
            f"{run.folder.path} has no {name} split. It has {', '.join(splits)}."
        )
    examples = windows.Windows(splits[name], run.task, training=False)
    if not len(examples):
        what = options.data or f"The {name} split of {run.folder.path}"
        raise errors.UserError(f"{what} is empty.")
    return batches.evaluation(examples, batch_size=options.batch_size)


def examples(run, options: Options) -> tuple[Callable[[slice], list[str]], np.ndarray]:
    """The texts at a slice, and all true labels, of what the options name.

    Raises:
      UserError: the split is empty, or the file does not fit the run.
    """
    e = run.experiment
    if options.data:
        texts, labels, skipped = e.data.read_file(
            options.data, run.task.label_names, options.where
        )
        for reason, count in skipped.items():
            print(f"{count:,} rows of {options.data} skipped: {reason}")
        return texts.__getitem__, labels
    records = e.data.read(run.folder.records)
    indices = records.splits[options.split_name]
    if not len(indices):
        raise errors.UserError(
            f"The {options.split_name} split of {run.folder.path} is empty."
        )
    return lambda part: records.texts(indices[part]), records.labels(indices)


def outputs(run, texts: Callable, count: int, batch_size: int) -> np.ndarray:
    """The model's outputs, float32 [count, C], for texts read a few batches a time."""
    size = 16 * batch_size
    parts = [slice(start, start + size) for start in range(0, max(count, 1), size)]
    return np.concatenate([run.outputs(texts(part), batch_size) for part in parts])


if __name__ == "__main__":
    config.run(main, Options)
