"""Files that systems and programs leave in folders and archives: they are no data."""

import pathlib

_NAMES = frozenset(
    {"__macosx", "__pycache__", "thumbs.db", "ehthumbs.db", "desktop.ini"}
    | {"$recycle.bin", "system volume information"}
)


def is_one(path: pathlib.PurePath) -> bool:
    """Whether a file, or a folder that it lies in, is a dot file or of such a name.

    Args:
      path: relative to the folder or archive that is read.
    """
    return any(
        part.startswith((".", "~$")) or part.casefold() in _NAMES for part in path.parts
    )
