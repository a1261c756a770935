"""A look at sources that goes on after a mistake, which it puts right for itself."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import errors
from tfm import interfaces
from tfm.data.readers import formats
from tfm.preflight import checks

_SAMPLE = 2000  # rows whose inputs are learnt and encoded, of more
_SLOW_SAMPLE = 300  # likewise where a published model reads each row
_LIMITS = ("max_examples", "max_documents")  # fields that take so many rows
_CUT = {"validation_fraction": 0.1}
# changes of a config that may get past a mistake, the least first
_REPAIRS: tuple[Mapping[str, object], ...] = (
    {"bad_rows": "skip"},
    _CUT,
    {"test": ""},
    {"validation": "", **_CUT},
    {"validation": "", "test": "", **_CUT},
)


def read(data: interfaces.Data, folder: pathlib.Path, findings: checks.Findings):
    """The data that can be read, with its columns named, and its dataset.

    Each mistake is told. After one, what it is of is left out (bad rows, a source) or
    found (the name of a column), as far as others come to light so.

    Args:
      data: of the experiment.
      folder: for what is prepared.
      findings: gets the mistakes.

    Returns:
      (data, dataset); None where nothing gets past a mistake.
    """
    rows_mistake = None
    number = 0
    found, error = _tried(data, folder / "0")
    while error:
        for repair in _repairs(data, error):
            number += 1
            changed = _changed(data, repair)
            found, after = _tried(changed, folder / str(number))
            if str(after) != str(error):
                break
        else:
            findings.mistake(error)
            return None
        if "bad_rows" in repair:
            rows_mistake = error
        else:
            findings.mistake(error)
        data, error = changed, after
    _, dataset = found
    rows = dataset.bad_rows() if rows_mistake and hasattr(dataset, "bad_rows") else ()
    for mistake in rows or filter(None, [rows_mistake]):
        findings.mistake(mistake)
    return found


def sampled(data: interfaces.Data, inputs, sizes: Mapping[str, int] | None = None):
    """The data, or a sample of it where it has many rows; and the sample's size.

    Args:
      data: whose columns are named.
      inputs: of the experiment, which decide how many are many.
      sizes: rows of its splits, where these are known.

    Returns:
      (data, rows that are taken at the most), or (data, None) where it is whole; see
      `is_cut` for whether there were more.
    """
    is_slow = getattr(inputs, "preset", "") and "tokens" not in inputs.gives
    most = _SLOW_SAMPLE if is_slow else _SAMPLE
    names = {field.name for field in dataclasses.fields(data)}
    limit = next((name for name in _LIMITS if name in names), None)
    if limit is None or (sizes and sum(sizes.values()) <= most):
        return data, None
    if getattr(data, "store", ""):
        return data, None  # it is prepared
    given = getattr(data, limit)
    if given is not None and given <= most:
        return data, None
    changes = {limit: most, "validation": "", "test": "", **_CUT}
    return _changed(data, changes), most


def is_cut(left_out: Sequence[str], sample: int | None) -> bool:
    """Whether a sample is less than the data, by what it says that it left out."""
    flags = [f"--data.{name}={sample}" for name in _LIMITS]
    return any(flag in line for line in left_out for flag in flags)


def stops(data: interfaces.Data) -> bool:
    """Whether a bad row stops the reading of the data."""
    return getattr(data, "bad_rows", "") == "stop"


def _tried(data: interfaces.Data, folder: pathlib.Path):
    """The data with its columns named, and its dataset; and the mistake, if any."""
    try:
        if isinstance(data, interfaces.Looks):
            data = data.look()
        return (data, data.prepare(folder)), None
    except errors.UserError as error:
        return None, error


def _repairs(data, error: errors.UserError) -> Iterator[Mapping[str, object]]:
    """Changes of the data that may get past the mistake."""
    cause = error.__cause__ or error
    if isinstance(cause, formats.MissingColumnError):
        for name in ("text", "label", "where"):
            if str(getattr(data, name, "")).partition("=")[0] == cause.name:
                yield {name: ""}
    for repair in _REPAIRS:
        with contextlib.suppress(errors.UserError):  # it does not fit other fields
            if _changed(data, repair) != data:
                yield repair


def _changed(data, changes: Mapping[str, object]):
    names = {field.name for field in dataclasses.fields(data)}
    return dataclasses.replace(
        data, **{name: value for name, value in changes.items() if name in names}
    )
