"""Predictions as lines, JSON and CSV: one writer for every kind of work.

A prediction is a dict that is ready for JSON, as {"label": "good", "probabilities":
{"bad": 0.1, "good": 0.9}}. It is written behind the input's columns; a name that one of
them has, or that a column of the data goes by, gets "predicted_" before it.
"""

import contextlib
import csv
import json
import pathlib
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import files
from tfm import interfaces

Write = Callable[[interfaces.Read, Mapping], None]
_PREFIX = "predicted_"


@contextlib.contextmanager
def lines(columns: Collection[str]) -> Iterator[Write]:
    """Tab-separated: the prediction's values, then the texts that were read."""

    def write(read: interfaces.Read, prediction: Mapping) -> None:
        texts = [str(read.row[n]) for n in columns if isinstance(read.row[n], str)]
        values = [part for v in prediction.values() for part in _parts(v)]
        print(*values, *texts, sep="\t", flush=True)

    yield write


@contextlib.contextmanager
def json_lines(reserved: Collection[str] = ()) -> Iterator[Write]:
    """One JSON object a line on standard output."""
    yield lambda read, prediction: print(_dump(read, prediction, reserved), flush=True)


@contextlib.contextmanager
def created(path: pathlib.Path, reserved: Collection[str]) -> Iterator[Write]:
    """A file, .jsonl or .csv, that is there when all is written.

    Args:
      path: of the file.
      reserved: names of the data's columns.
    """
    with files.created(path) as file:
        if path.suffix == ".csv":
            yield _Table(file, reserved).write
        else:
            yield lambda read, prediction: file.write(
                _dump(read, prediction, reserved) + "\n"
            )


class _Table:
    """CSV: the columns are those of the first row and of its prediction."""

    def __init__(self, file, reserved: Collection[str]):
        self._writer = csv.writer(file)
        self._reserved = reserved
        self._columns: list[str] = []  # of the input; a row of JSON may lack some
        self._added: list[str] = []

    def write(self, read: interfaces.Read, prediction: Mapping) -> None:
        cells = _cells(renamed(prediction, read.shown, self._reserved))
        if not self._columns:
            self._columns, self._added = list(read.shown), list(cells)
            self._writer.writerow([*self._columns, *self._added])
        kept = [read.shown.get(name, "") for name in self._columns]
        self._writer.writerow([*kept, *(cells.get(name, "") for name in self._added)])


def renamed(prediction: Mapping, shown: Mapping, reserved: Collection[str]) -> dict:
    """The prediction under names that hide no column of the input."""
    taken = {*shown, *reserved}
    return {
        f"{_PREFIX}{name}" if name in taken else name: value
        for name, value in prediction.items()
    }


def _dump(read: interfaces.Read, prediction: Mapping, reserved) -> str:
    body = {**read.shown, **renamed(prediction, read.shown, reserved)}
    return json.dumps(body, ensure_ascii=False, default=_plain)


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
