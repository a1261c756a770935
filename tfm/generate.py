"""Generates text: python -m tfm.generate --run_dir=runs/char_gpt --prompt="To be"."""

import contextlib
import dataclasses
import pathlib
import sys
import typing
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import config
from tfm import console
from tfm import errors
from tfm import generation
from tfm import interfaces
from tfm.run import prediction_files
from tfm.run import reading
from tfm.run import text_rows
from tfm.run import trained

_ROWS = 256  # prompts that are read before any is worked on: alike ones go together
_PARTING = "-" * 20
_LINES = "\n\t"  # a text for a person has these


@dataclasses.dataclass(frozen=True)
class _Places:
    """Sources of prompts, and the place of the texts."""

    run_dir: str = ""  # the folder of a trained run
    # run the code that the folder brings along (as trust_remote_code, safe_mode)
    trust_code: bool = False
    # a text to go on from; may be given several times
    prompt: list[str] = dataclasses.field(default_factory=list)
    input: str = ""  # a file with the run's text column, or of one prompt per line
    output: str = ""  # .csv or .jsonl: the input's columns and the texts
    json: bool = False  # print one JSON object per text
    # the best one by validation, or the newest one
    checkpoint: typing.Literal["best", "last"] = "best"
    batch_size: int = 16  # texts made at a time
    jit: bool = True  # compile by XLA: about half the time for each token


@dataclasses.dataclass(frozen=True)
class Options(generation.Settings, _Places):
    """python -m tfm.generate --run_dir=DIR [--prompt=TEXT | --input=FILE]

    Prints each prompt and what the model makes follow it: for prompts on the command
    line, in a file, or, given neither, each line of standard input. A model with an
    encoder reads the prompt and writes an answer, and its gaps may be named there, as
    <extra_id_0>. The name of any other special token is text.
    """


def main(options: Options, experiment=None, changed: Mapping | None = None) -> None:
    """Generates.

    Args:
      options: of the command line.
      experiment: the run's, with the `changed` fields of how its data is written.
      changed: those fields by path.
    """
    experiment = reading.opened(options, experiment, changed, "prompt")
    reading.say_loading(options, experiment)
    run = trained.load(options.run_dir, options.checkpoint, options.trust_code)
    run = dataclasses.replace(run, experiment=experiment)
    generator = generation.Generator(run, jit_compile=options.jit)
    column = text_rows.only_column(run.experiment.inputs)
    count, told = 0, set()
    with _writer(options) as write:
        for reads in _prompts(options, run, column):
            for read, found in _texts(generator, options, reads, column):
                for note in set(found.notes) - told:
                    print(f"note: {console.visible(note)}", file=sys.stderr)
                told.update(found.notes)
                write(read, found)
                count += 1
    if options.output:
        print(f"{count:,} texts written to {options.output}")


def _prompts(options: Options, run, column: str) -> Iterator[list[interfaces.Read]]:
    """Rows with prompts, some at a time."""
    if options.prompt:
        yield text_rows.of_texts(options.prompt, column)
    elif options.input:
        rows = run.experiment.data.rows(options.input, {})
        yield from text_rows.batched(map(_prompt, rows), _ROWS)
    else:
        yield from text_rows.standard_input(_ROWS, column)


def _prompt(read: interfaces.Read) -> interfaces.Read:
    """A row, with an empty text where it has none; UserError where it is no row."""
    if read.problem and read.problem != "no text":
        raise errors.UserError(f"{read.origin}: {read.problem}.")
    return read


def _texts(
    generator: generation.Generator,
    options: Options,
    reads: list[interfaces.Read],
    column: str,
) -> Iterable[tuple[interfaces.Read, generation.Generated]]:
    """Each row with each of its texts. A text that is alone is printed as it comes."""
    fields = {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(generation.Settings)
    }
    prompts = [str(read.row[column]) for read in reads]
    on_text = None
    if _streams(options, len(reads)):
        _print_piece(prompts[0])
        on_text = _print_piece
    found = generator.generate(
        prompts, batch_size=options.batch_size, on_text=on_text, **fields
    )
    copies = [read for read in reads for _ in range(options.num_samples)]
    return zip(copies, found, strict=True)


def _streams(options: Options, num_rows: int) -> bool:
    alone = len(options.prompt) == num_rows == options.num_samples == 1
    return alone and not options.json


def _print_piece(text: str) -> None:
    print(console.visible(text, keep=_LINES), end="", flush=True)


def _writer(options: Options):
    """A context manager that gives write(read, generated)."""
    if options.output:
        return _written(prediction_files.created(pathlib.Path(options.output), ()))
    if options.json:
        return _written(prediction_files.json_lines(), alone=not options.input)
    return _plain(options)


@contextlib.contextmanager
def _plain(options: Options):
    """The prompt and its text, parted from the next one by a line."""
    if _streams(options, len(options.prompt)):
        yield lambda read, found: print(flush=True)  # the rest has been printed
        return
    first = True

    def write(read, found):
        nonlocal first
        if not first:
            print(_PARTING)
        first = False
        _print_piece(found.prompt + found.text + "\n")

    yield write


@contextlib.contextmanager
def _written(writer, alone: bool = False):
    """The input's columns and the text's; of a prompt from elsewhere, the prompt."""
    with writer as write_prediction:

        def write(read, found):
            if alone:
                read = interfaces.Read(read.row, {"prompt": found.prompt})
            write_prediction(read, _columns(found))

        yield write


def _columns(found: generation.Generated) -> dict:
    return {
        "generated": found.text,
        "finished": found.finished,
        "num_tokens": len(found.tokens),
    }


if __name__ == "__main__":
    config.run(main, Options, reading.base_experiment, reading.FLAGS)
