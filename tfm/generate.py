"""Generates text: python -m tfm.generate --run_dir=runs/char_gpt --prompt="To be"."""

import collections
import contextlib
import dataclasses
import pathlib
import sys
import typing
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import config
from tfm import console
from tfm import generation
from tfm import interfaces
from tfm.generation import notes
from tfm.generation import prompts as seeds
from tfm.run import next_steps
from tfm.run import prediction_files
from tfm.run import reading
from tfm.run import text_rows
from tfm.run import trained

# of texts whose prompts are read before any is worked on: those of like lengths go
# together. An output is safe after each, so they are few
_BATCHES = 4
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
    # .jsonl, .csv, .tsv (.gz too) or .parquet: the input's columns and the texts
    output: str = ""
    json: bool = False  # print one JSON object per text
    # the best one by validation, or the newest one
    checkpoint: typing.Literal["best", "last"] = "best"
    batch_size: int = 16  # texts made at a time
    jit: bool = True  # compile by XLA: about half the time for each token
    # print only warnings, errors and the texts, or where they are written: no progress,
    # no next steps
    quiet: bool = False


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
    experiment, columns = reading.opened(options, experiment, changed, "prompt")
    reading.say_loading(options, experiment)
    run = trained.load(options.run_dir, options.checkpoint, options.trust_code)
    run = dataclasses.replace(run, experiment=experiment)
    generator = generation.Generator(run, jit_compile=options.jit)
    column = text_rows.only_column(run.experiment.inputs)
    prompts = _Prompts(generator, options, column)
    with _writer(options, run, column, columns) as write:
        tally = text_rows.Tally(write.rows, write.left_out)
        told = _Notes()
        for note in generator.notes(**prompts.settings):
            told.say(note)
        with text_rows.phase("Generating", tally, options.input, options.prompt):
            for reads in _reads(options, run, column):
                reads = prompts.passed_over(reads, write.rows)
                reads = [prompts.checked(read) for read in reads]
                for read, found in prompts.texts(reads):
                    told.add(read, found)
                    write(read, _columns(found))
                tally.add(reads)
                write.done(tally.rows, tally.left_out)
    tally.say("texts", options.output, options.num_samples)
    told.say_all(tally.rows)
    step = "evaluate" if options.output else "use_file"
    next_steps.tell(run.folder, run.objective.usage, step, to_error=True)


def _reads(options: Options, run, column: str) -> Iterator[list[interfaces.Read]]:
    """Rows with prompts, some at a time."""
    size = max(1, _BATCHES * options.batch_size // options.num_samples)
    if options.prompt:
        reads = text_rows.of_texts(options.prompt, column)
        reads = [read._replace(problem="") for read in reads]  # "" begins a text
        yield _of_prompts(reads)
    elif options.input:
        rows = run.experiment.data.rows(options.input, {})
        yield from text_rows.batched(rows, size)
    else:
        yield from map(_of_prompts, text_rows.standard_input(size, column))


def _of_prompts(reads: list[interfaces.Read]) -> list[interfaces.Read]:
    """Texts from elsewhere than a file, which are shown as prompts."""
    return [
        read._replace(shown={"prompt": text})
        for read in reads
        for text in read.shown.values()
    ]


class _Prompts:
    """Rows with prompts, to texts."""

    def __init__(self, generator: generation.Generator, options: Options, column: str):
        self._generator = generator
        self._options = options
        self._column = column
        self._seen: dict[int, int] = {}  # so that a prompt again has another text
        self._passed_over = 0
        self.settings = {
            field.name: getattr(options, field.name)
            for field in dataclasses.fields(generation.Settings)
        }

    def texts(
        self, reads: list[interfaces.Read]
    ) -> Iterator[tuple[interfaces.Read, generation.Generated | None]]:
        """Each row with each of its texts, or without one where it has a problem.

        A text that is alone is printed as it comes.
        """
        prompts = [read.row[self._column] for read in reads if not read.problem]
        on_text = None
        if prompts and _streams(self._options, len(reads)):
            _print_piece(prompts[0])
            on_text = _print_piece
        found = self._generator.generate(
            prompts,
            batch_size=self._options.batch_size,
            on_text=on_text,
            seen=self._seen,
            **self.settings,
        )
        made = iter(found)
        for read in reads:
            for _ in range(self._options.num_samples):
                yield read, None if read.problem else next(made)

    def passed_over(
        self, reads: list[interfaces.Read], rows: int
    ) -> list[interfaces.Read]:
        """The rows without the first `rows` of the input, which are done."""
        done = reads[: max(rows - self._passed_over, 0)]
        self._passed_over += len(done)
        checked = map(self.checked, done)
        prompts = [read.row[self._column] for read in checked if not read.problem]
        samples, seed = self._options.num_samples, self._options.seed
        seeds.streams(prompts, samples, seed, self._seen)
        return reads[len(done) :]

    def checked(self, read: interfaces.Read) -> interfaces.Read:
        """A row, with its problem where it is no prompt."""
        if read.problem or self._options.prompt:
            return read
        problem = self._generator.problem(read.row[self._column])
        return read._replace(problem=problem)


class _Notes:
    """Notes on prompts: the first of each kind with its place, the others counted."""

    def __init__(self):
        self._counts = collections.Counter()
        self._said: set[str] = set()
        self._read = None

    def add(self, read: interfaces.Read, found: generation.Generated | None) -> None:
        """Takes those of a text; the samples of a prompt count once."""
        kinds = set() if read is not self._read else self._kinds
        self._read, self._kinds = read, kinds
        for note in found.notes if found else ():
            if note.kind in kinds:
                continue
            kinds.add(note.kind)
            self._counts[note.kind] += 1
            if not read.origin:
                self.say(note.text)
            elif self._counts[note.kind] == 1:
                self.say(f"{read.origin}: {note.text}")

    def say(self, text: str) -> None:
        """Prints a note, once."""
        if text not in self._said:
            self._said.add(text)
            print(f"note: {console.visible(text)}", file=sys.stderr)

    def say_all(self, rows: int) -> None:
        """Prints the number of prompts that had a note of a kind told of one."""
        for kind, count in self._counts.items():
            if count > 1:
                self.say(f"{count:,} of {rows:,} prompts {notes.MANY[kind]}")


def _streams(options: Options, num_rows: int) -> bool:
    alone = len(options.prompt) == num_rows == options.num_samples == 1
    return alone and not options.json


def _print_piece(text: str) -> None:
    print(console.visible(text, keep=_LINES), end="", flush=True)


def _writer(options: Options, run, column: str, columns: list[str]):
    """A context manager that gives a prediction_files.Writer."""
    if options.output:
        made_by = reading.made_by(options, run, run.experiment)
        path = pathlib.Path(options.output)
        return prediction_files.created(path, (), columns, made_by)
    if options.json:
        return prediction_files.json_lines((), columns)
    return contextlib.nullcontext(_Plain(options, column))


class _Plain(prediction_files.Writer):
    """The prompt and its text, parted from the next one by a line."""

    def __init__(self, options: Options, column: str):
        self._column = column
        self._is_printed = _streams(options, len(options.prompt))
        self._is_first = True

    def __call__(self, read: interfaces.Read, prediction: Mapping) -> None:
        if self._is_printed:
            print(flush=True)  # behind the text
            return
        if not self._is_first:
            print(_PARTING)
        self._is_first = False
        text = f"({read.problem})"
        if not read.problem:
            text = read.row[self._column] + prediction["generated"]
        _print_piece(f"{text}\n")


def _columns(found: generation.Generated | None) -> dict:
    if found is None:
        return {}
    return {
        "generated": found.text,
        "finished": found.finished,
        "num_tokens": len(found.tokens),
        "note": " ".join(note.text for note in found.notes),
    }


if __name__ == "__main__":
    config.run(main, Options, reading.base_experiment, reading.FLAGS)
