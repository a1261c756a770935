"""Per-example results of evaluations, kept with the run: evaluation/SPLIT.parquet.

A file has a row for each example: row (its place in the split), source (a hash of the
raw row, equal where two runs were asked the same) and what the objective kept of it.
Its metadata tell by what it was made, see `identity`, and have a hash of it all, as
Parquet has none of its footer.
"""

import hashlib
import json
import pathlib
import typing

import tfm
from tfm import files
from tfm import interfaces

if typing.TYPE_CHECKING:
    import keras
    import numpy as np

_MADE_BY, _CONTENT = b"tfm.made_by", b"tfm.content"
_ROWS = 4096  # raw rows that are hashed at a time
_PARTS = ("inputs", "model", "task")  # of the experiment, on which results depend


class NotCurrentError(Exception):
    """There are no results of this model and split; the message says why."""


def identity(model: "keras.Model", config: dict) -> str:
    """A hash of what results are made by: the weights, parts of the experiment, tfm.

    Args:
      model: with the weights that are evaluated.
      config: the run's, as config.json has it.
    """
    parts = {name: config.get(name) for name in _PARTS} | {"tfm": tfm.__version__}
    hasher = hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16)
    for variable in model.weights:
        values = variable.numpy()
        hasher.update(f"{values.dtype} {values.shape} ".encode() + values.tobytes())
    return hasher.hexdigest()


def write(
    path: pathlib.Path,
    results: interfaces.Arrays,
    split: interfaces.Split,
    made_by: str,
) -> None:
    """Writes the results of each example, whole or not at all.

    Args:
      results: arrays [N, ...] by name, with "row".
      split: that they are of.
      made_by: the `identity`.
    """
    import pyarrow
    from pyarrow import parquet

    columns = {"row": results["row"], "source": _hashes(split, results["row"])}
    columns |= {n: _column(values) for n, values in results.items() if n != "row"}
    metadata = {_MADE_BY: made_by, _CONTENT: _content(results, columns["source"])}
    table = pyarrow.table(columns).replace_schema_metadata(metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.replaced(path) as scratch:
        parquet.write_table(table, scratch)


def read(
    path: pathlib.Path, split: interfaces.Split, made_by: str, size: int
) -> "dict[str, np.ndarray]":
    """The results as they were written: arrays [N, ...] by name, with "row".

    Args:
      split: that they must be of, row by row.
      made_by: the `identity` that they must have.
      size: N, the number of examples.

    Raises:
      NotCurrentError: they are not there, damaged, or of other data or weights.
    """
    import pyarrow
    from pyarrow import parquet

    if not path.is_file():
        raise NotCurrentError(f"{path} is not there")
    try:
        table = parquet.read_table(path)
        sources = table["source"].to_pylist()
        results = {n: _array(table[n]) for n in table.column_names if n != "source"}
        told, rows = table.schema.metadata or {}, results["row"]
    except (OSError, ValueError, KeyError, MemoryError, pyarrow.ArrowException):
        raise NotCurrentError(f"{path} is damaged") from None
    if told.get(_MADE_BY) != made_by.encode():
        raise NotCurrentError(f"{path} is of other weights or settings")
    if told.get(_CONTENT) != _content(results, sources).encode():
        raise NotCurrentError(f"{path} is damaged")
    inside = 0 < len(rows) == size and rows.min() >= 0 and rows.max() < len(split)
    if not inside or sources != _hashes(split, rows):
        raise NotCurrentError(f"{path} is of other data")
    return results


def _content(results: interfaces.Arrays, sources: list[str]) -> str:
    """A hash of all that is written."""
    hasher = hashlib.blake2b(json.dumps(sources).encode(), digest_size=16)
    for name, values in sorted(results.items()):
        hasher.update(f"{name} {values.dtype} {values.shape} ".encode())
        is_text = values.dtype.hasobject
        hasher.update(repr(values.tolist()).encode() if is_text else values.tobytes())
    return hasher.hexdigest()


def _hashes(split: interfaces.Split, rows: "np.ndarray") -> list[str]:
    """A hash of the raw row that each example was made of."""
    import numpy as np

    distinct, places = np.unique(rows, return_inverse=True)
    found = []
    for start in range(0, len(distinct), _ROWS):
        for row in split.rows(distinct[start : start + _ROWS]):
            hasher = hashlib.blake2b(digest_size=16)
            for name in sorted(row):
                value = row[name]
                value = value if isinstance(value, bytes) else repr(value).encode()
                hasher.update(f"{name} {len(value)} ".encode() + value)
            found.append(hasher.hexdigest())
    return [found[place] for place in places.tolist()]


def _column(values: "np.ndarray"):
    """An Arrow column: numbers, or a list for each example."""
    import numpy as np
    import pyarrow

    if values.ndim == 1:
        return pyarrow.array(values)
    flat = pyarrow.array(np.ascontiguousarray(values).reshape(-1))
    for size in reversed(values.shape[1:]):
        flat = pyarrow.FixedSizeListArray.from_arrays(flat, size)
    return flat


def _array(column) -> "np.ndarray":
    """The array that `_column` made a column of."""
    import pyarrow

    flat, shape = column.combine_chunks(), [len(column)]
    while pyarrow.types.is_fixed_size_list(flat.type):
        shape.append(flat.type.list_size)
        flat = flat.flatten()
    return flat.to_numpy(zero_copy_only=False).reshape(shape)
