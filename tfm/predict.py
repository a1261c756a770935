"""Predicts with a run: python -m tfm.predict --run_dir=runs/text_cls --text="..."."""

import contextlib
import csv
import dataclasses
import json
import pathlib
import typing
from collections.abc import Iterable

from tfm import config
from tfm import errors
from tfm import files
from tfm.run import text_rows
from tfm.run import trained


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.predict --run_dir=DIR [--text=TEXT | --input=FILE]

    Prints the label and the probability of each class for texts on the command
    line, in a file, or, given neither, of each line of standard input. Of a masked
    language model: the likeliest text, and what each [MASK] may stand for.
    """

    run_dir: str = ""  # the folder of a trained run
    # a text; may be given several times
    text: list[str] = dataclasses.field(default_factory=list)
    input: str = ""  # a file with the run's text column, or of one text per line
    output: str = ""  # .csv or .jsonl: the input's columns and the predictions
    json: bool = False  # print one JSON object per text
    # the best one by validation, or the newest one
    checkpoint: typing.Literal["best", "last"] = "best"
    batch_size: int = 64  # texts per batch


def main(options: Options) -> None:
    if options.text and options.input:
        raise errors.UserError("Give --text or --input, not both.")
    if options.output and not options.input:
        raise errors.UserError("--output goes with --input.")
    if options.batch_size < 1:
        raise errors.UserError(
            f"--batch_size takes 1 or more. Got {options.batch_size}."
        )
    writer = _writer(options)  # a mistake in it is told before the model is loaded
    run = trained.load(options.run_dir, options.checkpoint)
    if options.text:
        rows = [{"text": text} for text in options.text]
        batches = text_rows.batched(rows, options.batch_size)
    elif options.input:
        batches = text_rows.batched(
            text_rows.read(run.experiment.data, options.input), options.batch_size
        )
    else:
        batches = text_rows.standard_input(options.batch_size)
    count = 0
    column = run.experiment.data.text if options.input else "text"
    with writer(run.task) as write:
        for batch in batches:
            texts = [str(row[column]) for row in batch]
            for row, found in zip(
                batch, run.predict(texts, options.batch_size), strict=True
            ):
                write(row, str(row[column]), found)
            count += len(batch)
    if options.output:
        print(f"{count:,} predictions written to {options.output}")


def _writer(options: Options):
    """A context manager that takes the task and gives write(row, text, prediction)."""
    if not options.output:
        if options.json:
            return _json_rows if options.input else _json_lines
        return _plain_lines
    path = pathlib.Path(options.output)
    kinds = {".csv": _csv_file, ".jsonl": _jsonl_file}
    if path.suffix not in kinds:
        raise errors.UserError(f"--output must end in .csv or .jsonl. Got {path}.")
    if not path.parent.is_dir():
        raise errors.UserError(f"There is no folder {path.parent} for --output.")
    return lambda task: kinds[path.suffix](path, task)


@contextlib.contextmanager
def _plain_lines(task):
    """Label, probabilities, text; separated by tabs."""

    def write(row, text, found):
        if "masks" in found:
            masks = [
                _chances((m["token"], m["probability"]) for m in mask)
                for mask in found["masks"]
            ]
            print(found["text"], *masks, sep="\t", flush=True)
            return
        chances = _chances(found["probabilities"].items())
        print(_joined(found["label"]), chances, text, sep="\t", flush=True)

    yield write


@contextlib.contextmanager
def _json_lines(task):
    def write(row, text, found):
        found = _prefixed(found) if "masks" in found else found
        print(_dumps(row | found), flush=True)

    yield write


@contextlib.contextmanager
def _json_rows(task):
    """As in a .jsonl file: the input's columns and the predictions."""

    def write(row, text, found):
        print(_dumps(row | _prefixed(found)), flush=True)

    yield write


@contextlib.contextmanager
def _jsonl_file(path: pathlib.Path, task):
    with files.created(path) as file:
        yield lambda row, _, found: file.write(_dumps(row | _prefixed(found)) + "\n")


@contextlib.contextmanager
def _csv_file(path: pathlib.Path, task):
    if task.use == "fill":
        raise errors.UserError(f"What [MASK] stands for goes to .jsonl. Got {path}.")
    with files.created(path) as file:
        writer = csv.writer(file)
        columns = []  # of the first row; a row of JSON may lack some of them

        def write(row, _, found):
            if not columns:
                columns.extend(row)
                names = (f"probability_{name}" for name in task.label_names)
                writer.writerow([*columns, "predicted_label", *names])
            kept = [row.get(name, "") for name in columns]
            chances = found["probabilities"].values()
            label = _joined(found["label"])
            writer.writerow([*kept, label, *(f"{p:.6f}" for p in chances)])

        yield write


def _chances(pairs: Iterable[tuple[str, float]]) -> str:
    return " ".join(f"{name}={chance:.4f}" for name, chance in pairs)


def _prefixed(found: dict) -> dict:
    """Keys that do not hide the input's own column `label`, nor `text`."""
    if "masks" in found:
        return {"predicted_text": found["text"], "masks": found["masks"]}
    return {
        "predicted_label": found["label"],
        "probabilities": found["probabilities"],
    }


def _joined(label) -> str:
    return label if isinstance(label, str) else ",".join(label)


def _dumps(body: dict) -> str:
    return json.dumps(body, ensure_ascii=False, default=str)


if __name__ == "__main__":
    config.run(main, Options)
