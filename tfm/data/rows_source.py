"""Rows held in Python as a source: DataFrames, dicts, Hugging Face, tf.data."""

import hashlib
import os
from collections.abc import Iterable
from collections.abc import Mapping

from tfm import errors
from tfm import files
from tfm.data.readers import arrow_files


class Rows:
    """A source of rows that are in memory, given wherever a file is.

        data.LabeledText(train=data.Rows(frame), text="review", label="stars")

    The rows are written once, as Parquet, to the user's cache ($XDG_CACHE_HOME/tfm, by
    default ~/.cache/tfm), under a name made of their content: so a run goes on and is
    evaluated later, in another process, on the same ones. The value is the file's path.

    Args:
      rows: a pandas or polars DataFrame, a pyarrow Table, a Hugging Face Dataset
        (whose ClassLabels become their names), an iterable of dicts {column: value},
        or a tf.data.Dataset of dicts, or of pairs (text, label), one row an element.

    Raises:
      UserError: it is none of these, or holds no row.
    """

    def __new__(cls, rows) -> str:
        import pyarrow.parquet

        table = _table(rows)
        if not table.num_rows or not table.num_columns:
            raise errors.UserError("data.Rows takes rows with columns. Got none.")
        folder = files.cache() / "rows"
        scratch = folder / f"{os.getpid()}.partial"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            pyarrow.parquet.write_table(table, scratch)
            digest = hashlib.sha256(scratch.read_bytes()).hexdigest()[:24]
            final = folder / f"{digest}.parquet"
            scratch.replace(final)
        except OSError as error:
            raise errors.UserError(
                f"{folder} cannot be written: {error.strerror}."
            ) from None
        finally:
            scratch.unlink(missing_ok=True)
        return str(final)


def _table(rows):
    import pyarrow

    if isinstance(rows, pyarrow.Table):
        return rows
    if hasattr(rows, "to_arrow"):  # polars
        return rows.to_arrow()
    if hasattr(rows, "iloc"):  # pandas
        plain = rows.rename(columns=str)
        return pyarrow.Table.from_pandas(plain, preserve_index=False)
    if hasattr(rows, "as_numpy_iterator"):  # tf.data
        rows = rows.as_numpy_iterator()
    names = arrow_files.class_names(getattr(rows, "features", None))
    if isinstance(rows, Mapping) and all(hasattr(v, "features") for v in rows.values()):
        raise errors.UserError(
            f"A DatasetDict holds the splits {', '.join(rows)}. Give one of them to "
            "data.Rows."
        )
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
        raise errors.UserError(
            "data.Rows takes a DataFrame, a Table, a Dataset or dicts. "
            f"Got {type(rows).__name__}."
        )
    found = (arrow_files.with_names(_row(row), names) for row in rows)
    try:
        return pyarrow.Table.from_pylist(list(found))
    except pyarrow.ArrowException as error:
        raise errors.UserError(
            f"Each column of data.Rows must hold values of one type. {error}."
        ) from None


def _row(row) -> dict:
    if isinstance(row, tuple) and len(row) == 2:
        row = dict(zip(("text", "label"), row, strict=True))
    if not isinstance(row, Mapping):
        raise errors.UserError(
            "A row of data.Rows must be a dict {column: value}. "
            f"Got {type(row).__name__}."
        )
    return {str(name): _value(value) for name, value in row.items()}


def _value(value):
    """A Python value of one that NumPy or TensorFlow holds."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    return value
