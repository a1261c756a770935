"""Parquet files of rows that were written as lines of JSON."""

import json
import pathlib

import pyarrow
import pyarrow.parquet


def convert(lines: pathlib.Path, path: pathlib.Path) -> None:
    """Writes a Parquet file of a file with one JSON object a line.

    A column has the type of its values; where they are of several, each is JSON text.
    What a row lacks is null. All rows are in memory at once.

    Args:
      lines: the file that is read.
      path: the file that is written.
    """
    with lines.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: _column([row.get(name) for row in rows]) for name in names}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def _column(values: list) -> pyarrow.Array:
    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowException, OverflowError):
        return pyarrow.array(map(_text, values), pyarrow.string())


def _text(value) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
