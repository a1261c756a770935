"""Predicts with a run: python -m tfm.predict --run_dir=runs/text_cls --text="..."."""

import dataclasses
import itertools
import pathlib
import typing
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import config
from tfm import errors
from tfm import interfaces
from tfm.run import next_steps
from tfm.run import prediction_files
from tfm.run import reading
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
    # run the code that the folder brings along (as trust_remote_code, safe_mode)
    trust_code: bool = False
    # a text; may be given several times
    text: list[str] = dataclasses.field(default_factory=list)
    input: str = ""  # a file with the run's text column, or of one text per line
    # .jsonl, .csv, .tsv (.gz too) or .parquet: the input's columns and the predictions
    output: str = ""
    json: bool = False  # print one JSON object per text
    # the best one by validation, or the newest one
    checkpoint: typing.Literal["best", "last"] = "best"
    batch_size: int = 64  # texts per batch
    # print only warnings, errors and the predictions, or where they are written: no
    # progress, no next steps
    quiet: bool = False


def main(options: Options, experiment=None, changed: Mapping | None = None) -> None:
    """Predicts.

    Args:
      options: of the command line.
      experiment: the run's, with the `changed` fields of how its data is written.
      changed: those fields by path.
    """
    experiment, columns = reading.opened(options, experiment, changed, "text")
    reading.say_loading(options, experiment)
    run = trained.load(options.run_dir, options.checkpoint, options.trust_code)
    run = dataclasses.replace(run, experiment=experiment)
    with _writer(options, run, columns) as write:
        tally = text_rows.Tally(write.rows, write.left_out)
        with text_rows.phase("Predicting", tally, options.input, options.text):
            for reads in _reads(options, run.experiment, write.rows):
                done = []
                for read, prediction in _predicted(run, reads, options):
                    write(read, prediction)
                    done.append(read)
                tally.add(done)
                write.done(tally.rows, tally.left_out)
    tally.say("predictions", options.output)
    steps = ("new_data", "report") if options.output else ("use_file", "evaluate")
    next_steps.tell(run.folder, run.objective.usage, *steps, to_error=True)


def _predicted(
    run, reads: list[interfaces.Read], options: Options
) -> Iterator[tuple[interfaces.Read, dict]]:
    """The rows, each with its prediction or with a problem.

    Raises:
      RowError: of a text on the command line nothing can be predicted.
    """
    good = [read for read in reads if not read.problem]
    try:
        made = run.predict([read.row for read in good], options.batch_size)
    except errors.RowError as error:
        if options.text:
            raise
        if len(reads) == 1:
            yield reads[0]._replace(problem=str(error)), {}
            return
        half = len(reads) // 2  # to find the few rows that it is about
        yield from _predicted(run, reads[:half], options)
        yield from _predicted(run, reads[half:], options)
        return
    predictions = iter(made)
    for read in reads:
        yield read, {} if read.problem else next(predictions)


def _reads(options: Options, e, skipped: int) -> Iterator[list[interfaces.Read]]:
    """The rows to predict but for the first ones, a batch at a time."""
    if options.input:
        rows = itertools.islice(e.data.rows(options.input, {}), skipped, None)
        yield from text_rows.batched(rows, options.batch_size)
        return
    column = text_rows.only_column(e.inputs)
    if options.text:
        rows = text_rows.of_texts(options.text, column)
        yield from text_rows.batched(rows, options.batch_size)
    else:
        yield from text_rows.standard_input(options.batch_size, column)


def _writer(options: Options, run, columns: list[str]):
    """A context manager that gives a prediction_files.Writer."""
    e = run.experiment
    reserved = (e.data if options.input else e.inputs).columns
    if options.output:
        made_by = reading.made_by(options, run, e)
        path = pathlib.Path(options.output)
        return prediction_files.created(path, reserved, columns, made_by)
    if options.json:
        return prediction_files.json_lines(reserved, columns)
    return prediction_files.lines(e.inputs.columns)


if __name__ == "__main__":
    config.run(main, Options, reading.base_experiment, reading.FLAGS)
