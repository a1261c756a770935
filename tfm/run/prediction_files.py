"""Predictions as lines, JSON and CSV: one writer for every kind of work.

A prediction is a dict that is ready for JSON, as {"label": "good", "probabilities":
{"bad": 0.1, "good": 0.9}}. It is written behind the input's columns; a name that one of
them has, or that a column of the data goes by, gets "predicted_" before it. A row that
cannot be predicted has an empty prediction and the reason, as "problem".
"""

import contextlib
import csv
import json
import pathlib
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import console
from tfm import files
from tfm import interfaces

Write = Callable[[interfaces.Read, Mapping], None]
_PREFIX = "predicted_"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a formula begins with


@contextlib.contextmanager
def lines(columns: Collection[str]) -> Iterator[Write]:
    """Tab-separated: the prediction's values, then the texts that were read."""

    def write(read: interfaces.Read, prediction: Mapping) -> None:
        texts = [str(read.row[n]) for n in columns if isinstance(read.row[n], str)]
        values = [part for v in prediction.values() for part in _parts(v)]
        if read.problem:
            values = [f"({read.problem})"]
        print(*map(console.visible, [*values, *texts]), sep="\t", flush=True)

    yield write


@contextlib.contextmanager
def json_lines(reserved: Collection[str] = ()) -> Iterator[Write]:
    """One JSON object a line on standard output."""

    def write(read: interfaces.Read, prediction: Mapping) -> None:
        text = _dump(read, prediction, reserved)
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if not console.takes(text):  # an escape of the stream's own is no JSON
            text = json.dumps(json.loads(text))
        print(text, flush=True)

    yield write


@contextlib.contextmanager
def created(path: pathlib.Path, reserved: Collection[str]) -> Iterator[Write]:
    """A file, .jsonl or .csv, that is there when all is written.

    Args:
      path: of the file.
      reserved: names of the data's columns.
    """
    with files.created(path) as file:
        if path.suffix == ".csv":
            table = _Table(file, reserved)
            yield table.write
            table.finish()
        else:
            yield lambda read, prediction: file.write(
                _dump(read, prediction, reserved) + "\n"
            )


class _Table:
    """CSV: the columns are those of the first row that has some, and of a prediction.

    Rows that come before the first prediction wait for it.
    """

    def __init__(self, file, reserved: Collection[str]):
        self._writer = csv.writer(file)
        self._reserved = reserved
        self._columns: list[str] = []  # of the input; a row of JSON may lack some
        self._added: list[str] | None = None
        self._waiting: list[interfaces.Read] = []

    def write(self, read: interfaces.Read, prediction: Mapping) -> None:
        self._columns = self._columns or list(read.shown)
        if self._added is None and read.problem:
            self._waiting.append(read)
            return
        if self._added is None:
            self._begin(prediction)
        self._row(read, prediction)

    def finish(self) -> None:
        """Writes what still waits."""
        if self._added is None and self._waiting:
            self._begin({})

    def _begin(self, prediction: Mapping) -> None:
        taken = {*self._columns, *self._reserved}
        self._added = list(_free(_cells(prediction) | {"problem": ""}, taken))
        self._writer.writerow([*self._columns, *self._added])
        for read in self._waiting:
            self._row(read, {})

    def _row(self, read: interfaces.Read, prediction: Mapping) -> None:
        kept = [read.shown.get(name, "") for name in self._columns]
        cells = _cells(prediction) | {"problem": read.problem}
        added = _free(cells, {*self._columns, *self._reserved})
        values = [*kept, *(added.get(name, "") for name in self._added)]
        self._writer.writerow(map(_guarded, values))


def _free(prediction: Mapping, taken: Collection[str]) -> dict:
    """The prediction under names that are not taken."""
    found = {}
    for name, value in prediction.items():
        while name in taken:
            name = f"{_PREFIX}{name}"
        found[name] = value
    return found


def _guarded(value):
    """A cell that no spreadsheet takes for a formula; numbers stay as they are."""
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def _dump(read: interfaces.Read, prediction: Mapping, reserved) -> str:
    told = {"problem": read.problem} if read.problem else {}
    added = _free({**prediction, **told}, {*read.shown, *reserved})
    return json.dumps({**read.shown, **added}, ensure_ascii=False, default=_plain)


def _plain(value):
    """Values that JSON has no type for, as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _cells(prediction: Mapping) -> dict[str, str]:
    """{"probabilities": {"good": 0.9}} as {"probability_good": "0.900000"}."""
    cells = {}
    for name, value in prediction.items():
        if isinstance(value, Mapping):
            singular = f"{name[:-3]}y" if name.endswith("ies") else name
            cells |= {f"{singular}_{key}": _cell(v) for key, v in value.items()}
        else:
            cells[name] = _cell(value)
    return cells


def _cell(value) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return "" if value is None else str(value)


def _parts(value) -> list[str]:
    """A value for a person: probabilities by name; each entry of a list of dicts."""
    if isinstance(value, Mapping):
        return [" ".join(f"{key}={_short(v)}" for key, v in value.items())]
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return [" ".join(map(_pair, item)) for item in value]
    if isinstance(value, list):
        return [",".join(map(_short, value))]
    return [_short(value)]


def _pair(item) -> str:
    """{"token": "great", "probability": 0.3} as great=0.3000."""
    if isinstance(item, Mapping) and len(item) == 2:
        name, value = item.values()
        return f"{name}={_short(value)}"
    return _short(item)


def _short(value) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
