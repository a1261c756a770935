"""Rows of Arrow: Parquet, IPC files, and the names of Hugging Face's ClassLabels."""

import itertools
import json
import pathlib
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import errors
from tfm.data.readers import formats
from tfm.data.readers import streams

_BATCH = 1024  # rows at a time


def parquet(
    path: pathlib.Path, wanted: tuple[str, ...], all_columns: bool = False
) -> Iterator[formats.Row]:
    """Yields the rows of a Parquet file, reading the wanted columns only."""
    import pyarrow
    from pyarrow import parquet

    origin = str(path)
    try:
        packed = streams.whole(path) if streams.is_packed(path) else None
        source = path if packed is None else pyarrow.BufferReader(packed)
        with parquet.ParquetFile(source, memory_map=packed is None) as file:
            schema = file.schema_arrow
            formats.need(wanted, schema.names, origin)
            columns = tuple(schema.names) if all_columns else wanted
            batches = file.iter_batches(_BATCH, columns=list(columns))
            yield from _rows(batches, columns, origin, _names(path, schema))
    except pyarrow.ArrowException as error:
        raise _not_valid(origin, "Parquet", error) from error


def ipc(
    path: pathlib.Path, wanted: tuple[str, ...], all_columns: bool = False
) -> Iterator[formats.Row]:
    """Yields the rows of an Arrow file: Feather, or a stream as `datasets` saves it."""
    import pyarrow

    origin = str(path)
    try:
        packed = streams.is_packed(path)
        with (
            pyarrow.BufferReader(streams.whole(path))
            if packed
            else pyarrow.memory_map(origin)
        ) as source:
            is_file = source.read(6) == b"ARROW1"
            source.seek(0)
            if is_file:
                file = pyarrow.ipc.open_file(source)
                numbers = range(file.num_record_batches)
                batches = map(file.get_batch, numbers)
            else:
                batches = file = pyarrow.ipc.open_stream(source)
            formats.need(wanted, file.schema.names, origin)
            columns = tuple(file.schema.names) if all_columns else wanted
            parts = (
                batch.slice(start, _BATCH)
                for batch in batches
                for start in range(0, batch.num_rows, _BATCH)
            )
            yield from _rows(parts, columns, origin, _names(path, file.schema))
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # not of the file's content
            raise
        raise _not_valid(origin, "Arrow", error) from error


def class_names(features) -> dict[str, list[str]]:
    """{column: names of its classes} of a Hugging Face dataset's features.

    Args:
      features: a `datasets.Features`, the same as its JSON, or None.
    """
    found = {}
    for column, feature in (features or {}).items():
        inner = _get(feature, "feature")  # of a list of labels
        names = _get(feature, "names") or (inner and _get(inner, "names"))
        if names:
            found[column] = list(names)
    return found


def with_names(row: Mapping[str, object], names: Mapping[str, list[str]]) -> dict:
    """A row with the name of each class in place of its number; None for -1."""
    return {
        column: _named(value, names[column]) if column in names else value
        for column, value in row.items()
    }


def _rows(batches, columns, origin: str, names) -> Iterator[formats.Row]:
    numbers = itertools.count(1)
    for batch in batches:
        lists = (batch.column(name).to_pylist() for name in columns)
        for values in zip(*lists, strict=True):
            row = dict(zip(columns, values, strict=True))
            yield formats.Row(with_names(row, names), origin, next(numbers))


def _names(path: pathlib.Path, schema) -> dict[str, list[str]]:
    """Names of classes, from the file's metadata or dataset_info.json beside it."""
    try:
        if b"huggingface" in (schema.metadata or {}):
            info = json.loads(schema.metadata[b"huggingface"])["info"]
        else:
            beside = path.with_name("dataset_info.json")
            info = json.loads(beside.read_text(encoding="utf-8"))
        return class_names(info["features"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _named(value, names: list[str]):
    if isinstance(value, list):
        return [_named(item, names) for item in value]
    if isinstance(value, int) and value < len(names):
        return names[value] if value >= 0 else None
    return value


def _get(feature, name: str):
    if isinstance(feature, Mapping):
        return feature.get(name)
    return getattr(feature, name, None)


def _not_valid(origin: str, kind: str, error: Exception) -> errors.UserError:
    first_line = str(error).partition("\n")[0]
    return errors.UserError(f"{origin} is not valid {kind}: {first_line}")
