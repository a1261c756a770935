"""Rows of spreadsheets: .xlsx, .xlsm, .xlsb, .xls and .ods, read by python-calamine."""

import datetime
import io
import itertools
import pathlib
from collections.abc import Iterator

from tfm import errors
from tfm.data.readers import formats
from tfm.data.readers import notes
from tfm.data.readers import streams


def read(
    path: pathlib.Path,
    wanted: tuple[str, ...],
    all_columns: bool = False,
    header: tuple[str, ...] = (),
    sheet: str = "",
) -> Iterator[formats.Row]:
    """Yields the rows of a sheet, with each cell as the sheet's CSV would have it.

    Args:
      path: of the file.
      wanted: columns that are needed.
      all_columns: keep the columns that are not needed too.
      header: names of the columns where there is no header row.
      sheet: its name; by default the first one with more than one row.

    Raises:
      UserError: python-calamine is not installed, it is no spreadsheet, or a sheet or
        a column is missing.
    """
    origin = f"{path}#{sheet}" if sheet else str(path)
    rows = enumerate(_sheet(path, sheet), 1)
    if header:
        columns = list(header)
    else:
        first = next((row for _, row in rows if any(row)), [])
        columns = [_text(cell).strip() for cell in first]
    hint = "" if header else " Without a header row, name them with --data.header."
    formats.need(wanted, [name for name in columns if name], origin, hint)
    places = formats.places(columns, wanted, all_columns, origin)
    for line, row in rows:
        if any(cell != "" for cell in row):
            cells = itertools.chain(row, itertools.repeat(""))
            texts = [_text(cell) for cell in itertools.islice(cells, len(columns))]
            values = {name: texts[place] for name, place in places.items()}
            yield formats.Row(values, origin, line)


def _sheet(path: pathlib.Path, name: str) -> list[list]:
    """The rows of a sheet from its first row on; empty cells are ""."""
    try:
        import python_calamine
    except ModuleNotFoundError:
        raise errors.UserError(
            f"{path} is a spreadsheet, which needs python-calamine: "
            "pip install python-calamine"
        ) from None
    try:
        book = python_calamine.load_workbook(io.BytesIO(streams.whole(path)))
        names = book.sheet_names
        if name and name not in names:
            raise errors.UserError(
                f"{path} has no sheet {name!r}. It has: {', '.join(names)}."
            )
        rows = []
        for found in [name] if name else names:
            rows = book.get_sheet_by_name(found).to_python(skip_empty_area=False)
            if len(rows) > 1:
                break
        if len(names) > 1 and not name:
            notes.tell(
                f"{path} has the sheets {', '.join(names)}; {found} is read. Another "
                f"one is {path.name}#NAME."
            )
        return rows
    except python_calamine.CalamineError as error:
        raise errors.UserError(f"{path} is no whole spreadsheet: {error}.") from error


def _text(cell) -> str:
    """A cell's text, as the sheet's CSV has it."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat(*([" "] if isinstance(cell, datetime.datetime) else []))
    return str(cell)
