"""Generates text: python -m tfm.generate --run_dir=runs/char_gpt --prompt="To be"."""

import contextlib
import csv
import dataclasses
import json
import pathlib
import sys
import typing
from collections.abc import Iterable
from collections.abc import Iterator

from tfm import config
from tfm import errors
from tfm import files
from tfm import generation
from tfm.run import text_rows
from tfm.run import trained

_ROWS = 256  # prompts that are read before any is worked on: alike ones go together
_PARTING = "-" * 20


@dataclasses.dataclass(frozen=True)
class _Places:
    """Where prompts come from and texts go to."""

    run_dir: str = ""  # the folder of a trained run
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
    encoder reads the prompt and writes an answer. Special tokens such as <extra_id_0>
    may be named in a prompt.
    """


def main(options: Options) -> None:
    if options.prompt and options.input:
        raise errors.UserError("Give --prompt or --input, not both.")
    if options.output and not options.input:
        raise errors.UserError("--output goes with --input.")
    if options.batch_size < 1:
        raise errors.UserError(
            f"--batch_size takes 1 or more. Got {options.batch_size}."
        )
    if options.output:
        text_rows.check_output(options.output)
    run = trained.load(options.run_dir, options.checkpoint)
    generator = generation.Generator(run, jit_compile=options.jit)
    column = run.experiment.data.text if options.input else "text"
    count, told = 0, set()
    with _writer(options) as write:
        for rows in _prompts(options, run):
            for row, found in _texts(generator, options, rows, column):
                for note in set(found.notes) - told:
                    print(f"note: {note}", file=sys.stderr)
                told.update(found.notes)
                write(row, found)
                count += 1
    if options.output:
        print(f"{count:,} texts written to {options.output}")


def _prompts(options: Options, run) -> Iterator[list[dict]]:
    """Rows with prompts, some at a time."""
    if options.prompt:
        yield [{"text": text} for text in options.prompt]
    elif options.input:
        rows = text_rows.read(run.experiment.data, options.input)
        yield from text_rows.batched(rows, _ROWS)
    else:
        yield from text_rows.standard_input(_ROWS)


def _texts(
    generator: generation.Generator, options: Options, rows: list[dict], column: str
) -> Iterable[tuple[dict, generation.Generated]]:
    """Each row with each of its texts. A text that is alone is printed as it comes."""
    fields = {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(generation.Settings)
    }
    prompts = [str(row[column]) for row in rows]
    on_text = None
    if _streams(options, len(rows)):
        print(prompts[0], end="", flush=True)
        on_text = _print_piece
    found = generator.generate(
        prompts, batch_size=options.batch_size, on_text=on_text, **fields
    )
    copies = [row for row in rows for _ in range(options.num_samples)]
    return zip(copies, found, strict=True)


def _streams(options: Options, num_rows: int) -> bool:
    alone = len(options.prompt) == num_rows == options.num_samples == 1
    return alone and not options.json


def _print_piece(text: str) -> None:
    print(text, end="", flush=True)


def _writer(options: Options):
    """A context manager that gives write(row, generated)."""
    if not options.output:
        if options.json:
            return _json_lines(options)
        return _plain(options)
    path = pathlib.Path(options.output)
    if path.suffix == ".csv":
        return _csv_file(path)
    return _jsonl_file(path)


@contextlib.contextmanager
def _plain(options: Options):
    """The prompt and its text, parted from the next one by a line."""
    if _streams(options, len(options.prompt)):
        yield lambda row, found: print(flush=True)  # the rest has been printed
        return
    first = True

    def write(row, found):
        nonlocal first
        if not first:
            print(_PARTING)
        first = False
        print(found.prompt + found.text, flush=True)

    yield write


@contextlib.contextmanager
def _json_lines(options: Options):
    """With --input the input's columns too, as in a .jsonl file."""

    def write(row, found):
        body = row if options.input else {"prompt": found.prompt}
        print(_dumps(body | _columns(found)), flush=True)

    yield write


@contextlib.contextmanager
def _jsonl_file(path: pathlib.Path):
    with files.created(path) as file:
        yield lambda row, found: file.write(_dumps(row | _columns(found)) + "\n")


@contextlib.contextmanager
def _csv_file(path: pathlib.Path):
    with files.created(path) as file:
        writer = csv.writer(file)
        columns = []  # of the first row; a row of JSON may lack some of them

        def write(row, found):
            made = _columns(found)
            if not columns:
                columns.extend(row)
                writer.writerow([*columns, *made])
            kept = [row.get(name, "") for name in columns]
            writer.writerow([*kept, *made.values()])

        yield write


def _columns(found: generation.Generated) -> dict:
    return {
        "generated": found.text,
        "finished": found.finished,
        "num_tokens": len(found.tokens),
    }


def _dumps(body: dict) -> str:
    return json.dumps(body, ensure_ascii=False, default=str)


if __name__ == "__main__":
    config.run(main, Options)
