"""Evaluates a run: python -m tfm.evaluate --run_dir=runs/text_cls."""

import dataclasses
import typing

import numpy as np

from tfm import config
from tfm import errors
from tfm import run_folder
from tfm import trained


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.evaluate --run_dir=DIR [--split=NAME | --data=FILE]

    Prints the scores of a trained run on one of its splits, or on a new labelled
    file, and adds them to metrics.json in the run folder.
    """

    run_dir: str = ""  # the folder of a trained run
    # one of the run's own splits
    split: typing.Literal["test", "validation", "train"] = "test"
    data: str = ""  # a new labelled file instead, with the run's column names
    where: str = ""  # of that file, only the rows with COLUMN=VALUE
    # the best one by validation, or the newest one
    checkpoint: typing.Literal["best", "last"] = "best"
    batch_size: int = 256  # texts per batch


def main(options: Options) -> None:
    if options.batch_size < 1:
        raise errors.UserError(
            f"--batch_size takes 1 or more. Got {options.batch_size}."
        )
    run = trained.load(options.run_dir, options.checkpoint)
    name = options.data or options.split
    outputs, labels = evaluate(run, options)
    metrics = {"step": run.step} | run.task.metrics(outputs, labels)

    from tfm import report

    print(f"{run.folder.path}  step {run.step:,}  {len(labels):,} examples\n")
    report.print_scores({name: metrics})
    print()
    report.print_classes(metrics, run.task.label_names)
    print()
    report.print_confusion(run.task.confusion(outputs, labels), run.task.label_names)
    path = run.folder.metrics
    before = run_folder.read_json(path) if path.is_file() else {}
    run_folder.write_json(path, before | {name: metrics})
    print(f"\nWritten to {path}")


def evaluate(run, options: Options) -> tuple[np.ndarray, np.ndarray]:
    """Outputs float32 [N, C] and true labels of a split, or of a new file.

    Raises:
      UserError: the split is empty, or the file does not fit the run.
    """
    e = run.experiment
    batch_size, split = options.batch_size, options.split
    if options.data:
        texts, labels, skipped = e.data.read_file(
            options.data, run.task.label_names, options.where
        )
        for reason, count in skipped.items():
            print(f"{count:,} rows of {options.data} skipped: {reason}")
        return run.outputs(texts, batch_size), labels
    records = e.data.read(run.folder.records)
    indices = records.splits[split]
    if not len(indices):
        raise errors.UserError(f"The {split} split of {run.folder.path} is empty.")
    found = []
    for start in range(0, len(indices), 16 * batch_size):
        texts = records.texts(indices[start : start + 16 * batch_size])
        found.append(run.outputs(texts, batch_size))
    return np.concatenate(found), records.labels(indices)


if __name__ == "__main__":
    config.run(main, Options)
