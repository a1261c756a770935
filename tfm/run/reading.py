"""Flags of predict, evaluate and generate that say how a new file is written."""

import dataclasses
import pathlib
from collections.abc import Mapping

import tfm
from tfm import console
from tfm import errors
from tfm import files
from tfm.data import fingerprints
from tfm.data.readers import notes
from tfm.run import folder as run_folder
from tfm.run import look
from tfm.run import prediction_files

_NAMES = (
    "format text image label header encoding separator quoted bad_rows rename "
    "label_separator"
)
FLAGS = frozenset(f"data.{name}" for name in _NAMES.split())


def base_experiment(options):
    """The experiment of the run that options.run_dir names; None where it names none.

    A new file's name tells its format, whatever that of the training file was.
    """
    folder = run_folder.RunFolder(options.run_dir, options.trust_code)
    if not options.run_dir or not folder.exists():
        return None  # the command says so
    experiment = folder.experiment()
    if "format" in {field.name for field in dataclasses.fields(experiment.data)}:
        data = dataclasses.replace(experiment.data, format="auto")
        if getattr(data, "document", "") == "file":  # of a table it is a row
            data = dataclasses.replace(data, document="auto")
        return dataclasses.replace(experiment, data=data)
    return experiment


def opened(options, experiment, changed: Mapping | None, texts: str):
    """The run's experiment, and the columns of the input of predict or generate.

    Args:
      options: the command's.
      experiment: with the `changed` fields of how the input is written, or None.
      changed: those fields by path.
      texts: the option that is for texts on the command line.

    Raises:
      UserError: options that do not go together, or a mistake in input or output.
    """
    check(changed or {}, options.input, "--input")
    if getattr(options, texts) and options.input:
        raise errors.UserError(f"Give --{texts} or --input, not both.")
    for name in ("input", "output"):
        if getattr(options, name) == "-":
            raise errors.UserError(
                f"--{name} takes a file. Without --input and --output, standard input "
                "is read and standard output written (--json: a line of JSON each)."
            )
    if options.output and not options.input:
        raise errors.UserError("--output goes with --input.")
    if options.batch_size < 1:
        raise errors.UserError(
            f"--batch_size takes 1 or more. Got {options.batch_size}."
        )
    if options.output:
        prediction_files.check(options.output, _sources(options))
        if pathlib.Path(options.output).exists():
            notes.tell(f"{options.output} is there, and replaced when all is written.")
    experiment = experiment or base_experiment(options)
    columns = []
    if experiment and options.input:
        columns = look.at_source(experiment.data, options.input)
    return experiment, columns


def say_loading(options, experiment) -> None:
    """Says at once what is loaded, as TensorFlow takes seconds."""
    if experiment:
        console.tell(f"Loading     {options.run_dir}", to_error=True)


def made_by(options, run, experiment) -> dict:
    """All that the rows of an output depend on, for one that was interrupted."""
    ways = ("output", "batch_size", "json", "jit", "trust_code", "quiet")
    chosen = {
        name: value
        for name, value in dataclasses.asdict(options).items()
        if name not in ways
    }
    format = getattr(experiment.data, "format", "auto")
    return {
        "tfm": tfm.__version__,
        "options": chosen,
        "step": run.step,
        "data": repr(experiment.data),
        "input": _content(options.input, format),
    }


def _content(source: str, format: str) -> object:
    """A hash of a source's content; of a kind that tfm does not read, its files."""
    try:
        return fingerprints.fingerprint(source, format).get("content")
    except errors.UserError:
        path = pathlib.Path(source)
        there = [f for f in sorted({path, *path.rglob("*")}) if f.is_file()]
        return [[str(f), f.stat().st_size, f.stat().st_mtime] for f in there]


def _sources(options) -> list[str]:
    """The input, and the files that the run was trained on."""
    kept = run_folder.RunFolder(options.run_dir).sources
    found = files.read_json(kept) if options.run_dir and kept.is_file() else {}
    return [options.input, *found]


def with_where(data, where: str):
    """Data of which only the rows with COLUMN=VALUE are read; of all if it is empty.

    Raises:
      UserError: the data has no such field.
    """
    if "where" in {field.name for field in dataclasses.fields(data)}:
        return dataclasses.replace(data, where=where)
    if where:
        raise errors.UserError(
            f"--where is for data with a field where, as data.LabeledText. "
            f"This run has data.{type(data).__name__}."
        )
    return data


def check(changed: Mapping[str, object], source: str, flag: str) -> None:
    """Raises UserError where such flags are given and no file that they are of."""
    if changed and not source:
        raise errors.UserError(f"--{next(iter(changed))} goes with {flag}=FILE.")
