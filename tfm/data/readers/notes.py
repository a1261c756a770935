"""Notes to the user about the files that are read, each once."""

import sys

from tfm import console

_told: set[str] = set()


def tell(text: str) -> None:
    """Prints a note to standard error, unless this process has printed it before."""
    if text not in _told:
        _told.add(text)
        print(f"note: {console.visible(text)}", file=sys.stderr)
