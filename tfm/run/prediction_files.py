"""Predictions and generated texts as lines, JSON and tables: one writer for all.

A prediction is a dict that is ready for JSON, as {"label": "good", "probabilities":
{"bad": 0.1, "good": 0.9}}. It is written behind the input's columns, under names that
none of them has (see free_names). A row that nothing can be made of has an empty
prediction and the reason, as "problem".
"""

import contextlib
import csv
import io
import json
import pathlib
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import console
from tfm import errors
from tfm import files
from tfm import interfaces
from tfm.data.readers import notes
from tfm.run import free_names
from tfm.run import growing_file
from tfm.run import prediction_cells

ENDINGS = (".jsonl", ".csv", ".tsv", ".parquet")  # the first three with .gz too


class Writer:
    """A place that rows are written to.

    Attributes:
      rows: of the input that an earlier, interrupted command has written.
      left_out: of these, those that have a problem.
    """

    rows = left_out = 0

    def __call__(self, read: interfaces.Read, prediction: Mapping) -> None:
        """Writes a row of the input, and what was made of it."""
        raise NotImplementedError

    def done(self, rows: int, left_out: int) -> None:
        """Tells that so many rows of the input have been written, and with problems."""


class _Lines(Writer):
    def __init__(self, columns: Collection[str]):
        self._columns = columns

    def __call__(self, read: interfaces.Read, prediction: Mapping) -> None:
        texts = [read.row[n] for n in self._columns if isinstance(read.row[n], str)]
        values = [p for v in prediction.values() for p in prediction_cells.parts(v)]
        if read.problem:
            values = [f"({read.problem})"]
        print(*map(console.visible, [*values, *texts]), sep="\t", flush=True)


class _JsonLines(Writer):
    def __init__(self, names: free_names.FreeNames):
        self._names = names

    def __call__(self, read: interfaces.Read, prediction: Mapping) -> None:
        text = _dump(read, prediction, self._names)
        text = text.encode("utf-8", files.REPLACEMENT).decode("utf-8")
        if not console.takes(text):  # an escape of the stream's own is no JSON
            text = json.dumps(json.loads(text))
        print(text, flush=True)


class _File(Writer):
    """Rows of a file that grows."""

    def __init__(self, file: growing_file.GrowingFile, names: free_names.FreeNames):
        self._file = file
        self._names = names
        self._not_valid: set[str] = set()  # columns of which it was told
        self.rows = file.rows
        self.left_out = file.state.get("left_out", 0)

    def __call__(self, read: interfaces.Read, prediction: Mapping) -> None:
        for name, value in read.shown.items():
            known = name in self._not_valid or read.problem
            if not known and not _is_valid(value):
                self._not_valid.add(name)
                notes.tell(
                    f"{read.origin}: column {name!r} is not all valid text in its "
                    "encoding; what is not is written as U+FFFD."
                )
        self._write(read, prediction)

    def done(self, rows: int, left_out: int) -> None:
        self._file.state |= {"names": self._names.chosen, "left_out": left_out}
        self._file.done(rows)

    def finish(self) -> None:
        """Writes what still waits."""

    def _write(self, read: interfaces.Read, prediction: Mapping) -> None:
        self._file.write(_dump(read, prediction, self._names) + "\n")


class _Table(_File):
    """CSV or TSV: the input's columns, then those of the first prediction.

    Rows that come before the first prediction wait for it.
    """

    def __init__(self, file, names, columns: Iterable[str], delimiter: str):
        super().__init__(file, names)
        self._delimiter = delimiter
        self._columns = list(columns)
        # of each value of a prediction
        self._added: list[str] | None = file.state.get("added")
        self._waiting: list[interfaces.Read] = []

    def done(self, rows: int, left_out: int) -> None:
        if not self._waiting:
            self._file.state["added"] = self._added
            super().done(rows, left_out)

    def finish(self) -> None:
        if self._added is None and self._waiting:
            self._begin({})

    def _write(self, read: interfaces.Read, prediction: Mapping) -> None:
        self._columns = self._columns or list(read.shown)
        if self._added is None and read.problem:
            self._waiting.append(read)
            return
        if self._added is None:
            self._begin(prediction)
        self._row(read, prediction)

    def _begin(self, prediction: Mapping) -> None:
        self._names.see(self._columns)
        self._added = [*prediction_cells.cells(prediction), "problem"]
        self._put([*self._columns, *map(self._names.of, self._added)])
        for read in self._waiting:
            self._row(read, {})
        self._waiting = []

    def _row(self, read: interfaces.Read, prediction: Mapping) -> None:
        if more := read.shown.keys() - set(self._columns):
            notes.tell(
                f"Columns that the first rows lack are left out of a table, and kept "
                f"in .jsonl: {', '.join(sorted(more))}."
            )
        cells = prediction_cells.cells(prediction) | {"problem": read.problem}
        kept = [_cell(read.shown.get(name, "")) for name in self._columns]
        self._put([*kept, *(cells.get(name, "") for name in self._added)])

    def _put(self, cells: list) -> None:
        line = io.StringIO()
        writer = csv.writer(line, delimiter=self._delimiter)
        writer.writerow(map(prediction_cells.guarded, cells))
        self._file.write(line.getvalue())


@contextlib.contextmanager
def lines(columns: Collection[str]) -> Iterator[Writer]:
    """Tab-separated: the prediction's values, then the texts that were read."""
    yield _Lines(columns)


@contextlib.contextmanager
def json_lines(
    reserved: Collection[str] = (), columns: Iterable[str] = ()
) -> Iterator[Writer]:
    """One JSON object a line on standard output; see `created`."""
    yield _JsonLines(free_names.FreeNames(columns, reserved))


@contextlib.contextmanager
def created(
    path: pathlib.Path,
    reserved: Collection[str] = (),
    columns: Iterable[str] = (),
    made_by: Mapping | None = None,
) -> Iterator[Writer]:
    """A file, of one of ENDINGS, that is there when all is written.

    Args:
      path: of the file.
      reserved: names of the data's columns.
      columns: of the input; none: those of its first row.
      made_by: see growing_file.
    """
    ending, convert = ending_of(path), None
    if ending == ".parquet":
        from tfm.run import parquet_output

        convert = parquet_output.convert
    with growing_file.growing(path, made_by or {}, convert) as file:
        names = free_names.FreeNames(columns, reserved, file.state.get("names"))
        if ending in (".jsonl", ".parquet"):
            yield _File(file, names)
            return
        table = _Table(file, names, columns, "\t" if ending == ".tsv" else ",")
        yield table
        table.finish()


def ending_of(path: pathlib.Path) -> str:
    """The ending of a name, without that of a compression; "" of .parquet.gz."""
    if path.suffix != ".gz":
        return path.suffix
    inner = pathlib.Path(path.stem).suffix
    return "" if inner == ".parquet" else inner


def check(path: str, sources: Iterable[str] = ()) -> None:
    """Raises UserError unless such a file can be written there.

    Args:
      path: of the output.
      sources: files that must not be overwritten: the input, and the run's data.
    """
    path = pathlib.Path(path)
    for source in sources:
        if (
            source
            and path.exists()
            and pathlib.Path(source).resolve() == path.resolve()
        ):
            raise errors.UserError(
                f"--output={path} would overwrite {source}. Give another file."
            )
    if ending_of(path) not in ENDINGS:
        raise errors.UserError(
            "--output must end in .csv, .tsv, .jsonl (with .gz or without) or "
            f".parquet. Got {path}."
        )
    if path.is_dir():
        raise errors.UserError(f"--output={path} is a folder. Give a file.")
    if not path.parent.is_dir():
        raise errors.UserError(f"There is no folder {path.parent} for --output.")


def _dump(
    read: interfaces.Read, prediction: Mapping, names: free_names.FreeNames
) -> str:
    names.see(read.shown)
    told = {"problem": read.problem} if read.problem else {}
    shown = {n: None if value != value else value for n, value in read.shown.items()}
    added = {names.of(n): value for n, value in {**prediction, **told}.items()}
    return json.dumps(shown | added, ensure_ascii=False, default=prediction_cells.plain)


def _cell(value):
    """A value of the input as a cell: lists and objects as JSON, a null as nothing."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=prediction_cells.plain)
    return value


def _is_valid(value) -> bool:
    """Whether a text can be written in any Unicode encoding."""
    if not isinstance(value, str) or value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
