"""Rows to predict that are given in Python: as inputs read them, or what is wrong."""

from collections.abc import Mapping

from tfm import errors
from tfm import interfaces


def of(experiment, given) -> interfaces.Row:
    """A row by the names that the inputs read.

    Args:
      experiment: an Experiment.
      given: {column: value}, by these names or those of the run's source; or a value
        alone, where the inputs read one column.

    Raises:
      UserError: it lacks a column, or what is to be a text is none.
    """
    columns = experiment.inputs.columns
    if isinstance(given, Mapping):
        return _checked(columns, _renamed(experiment.data, columns, given))
    if len(columns) > 1:
        raise errors.UserError(
            f"A row must be a mapping with {', '.join(sorted(columns))}. "
            f"Got {given!r:.60}"
        )
    return _checked(columns, dict.fromkeys(columns, given))


def _renamed(data, columns: interfaces.Kinds, row: interfaces.Row) -> interfaces.Row:
    """The row with the columns that it has under the names of the source."""
    for column in columns.keys() - row.keys():
        name = getattr(data, column, None)
        if isinstance(name, str) and name in row:
            row = {**row, column: row[name]}
    missing = columns.keys() - row.keys()
    if missing:
        raise errors.UserError(
            f"A row must have {', '.join(sorted(columns))}. It lacks "
            f"{', '.join(sorted(missing))}; it has {', '.join(row)}."
        )
    return row


def _checked(columns: interfaces.Kinds, row: interfaces.Row) -> interfaces.Row:
    for name, kinds in columns.items():
        if "text" in kinds and not isinstance(row[name], str):
            raise errors.UserError(
                f"{name} of a row must be a text (str). Got {row[name]!r:.60}."
            )
    return row
