"""Notes to the user about the files that are read, each once."""

import sys

_told: set[str] = set()


def tell(text: str) -> None:
    """Prints a note to standard error, unless this process has printed it before."""
    if text not in _told:
        _told.add(text)
        print(f"note: {text}", file=sys.stderr)
