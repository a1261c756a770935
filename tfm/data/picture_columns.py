"""The columns of the picture and the label, found where the user has not named them."""

import pathlib
from collections.abc import Mapping

from tfm import errors
from tfm.data import column_names
from tfm.data.readers import picture_files
from tfm.data.readers import sources

_LOOKED_AT = 200  # rows
# what people call them, the likeliest first
_NAMES = """
    image img picture photo image/encoded encoded image_path image_file filepath
    file_path path filename file_name file image_id png jpg jpeg
"""


def found(spec: str, reading: sources.Reading, label: bool) -> tuple[str, str]:
    """The names of the picture's and the label's column of a source.

    Those that `reading` names stay as they are. What was taken, and why, is told.

    Args:
      spec: the source.
      reading: how it is written; an empty `text` (the picture) or `label` is found.
      label: whether a label is needed.

    Raises:
      UserError: no column, or several, may be the one; the message names them.
    """
    picture, name = reading.text, reading.label
    if spec.startswith("tfds:"):  # whose features are named for what they are
        return picture or "image", (name or "label") if label else ""
    rows = column_names.first_rows(spec, reading, label, _LOOKED_AT)
    if not rows:  # the reader says why
        return picture or "image", (name or "label") if label else ""
    values = column_names.by_column(rows)
    if not picture:
        picture = _picture(spec, values, name)
    if label and not name:
        name = column_names.label_of(spec, values, picture)
    return picture, name


def _picture(spec: str, values: Mapping[str, list], label: str) -> str:
    likely = [
        name for name, column in values.items() if name != label and _is_picture(column)
    ]
    named = column_names.called(likely, _NAMES)
    if not likely:
        raise errors.UserError(
            f"{spec} has no column of pictures: paths that end as pictures do, or "
            f"bytes. It has: {', '.join(values)}. Name one with --data.image."
        )
    reason = "by its name" if named else "its values are pictures"
    return column_names.told(spec, "image", (named or likely)[0], reason, likely)


def _is_picture(column: list) -> bool:
    first = column[0] if column else None
    if isinstance(first, Mapping):
        return bool({"bytes", "path"} & first.keys())
    if isinstance(first, str):
        return picture_files.is_picture(pathlib.Path(first))
    return isinstance(first, bytes)
