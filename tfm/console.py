"""Standard output and error of a command: any encoding, closed pipes, control codes."""

import contextlib
import errno
import os
import pathlib
import re
import sys
import types
import unicodedata
from collections.abc import Iterator

from tfm import errors

# control codes, line and paragraph separators, halves of a surrogate pair
_UNSEEN = frozenset({"Cc", "Zl", "Zp", "Cs"})
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# what the system answers where an output takes no more
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_WARNING = re.compile(r"\s*(note|warning)\b", re.IGNORECASE)  # how one begins
_speech = types.SimpleNamespace(is_quiet=False)


def begin() -> None:
    """Lets standard output and error take any character, whatever their encoding.

    What the encoding lacks becomes an escape, as \\u65e5. Streams that were closed
    before the start are opened to nowhere.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            stream = pathlib.Path(os.devnull).open(  # noqa: SIM115
                "w" if number else "r"
            )
            setattr(sys, name, stream)
        if number and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def written() -> Iterator[None]:
    """Flushes the output at the end; ends the command where nobody takes it.

    A reader that has gone, as in `| head`, is no mistake: the status is 0, or that of
    a command that was ending anyway. A full disk is one.
    """
    try:
        yield
        sys.stdout.flush()
    except SystemExit:
        leave()
        raise
    except BrokenPipeError:
        leave()
        sys.exit(0)
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        leave()
        say_error(f"Standard output cannot be written: {error.strerror}.")
        sys.exit(errors.USER_MISTAKE)


def leave() -> None:
    """Sends to nowhere what a standard stream does not take any more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def say_error(error: object) -> None:
    """Prints an error as one line on standard error, if anybody reads it."""
    with contextlib.suppress(OSError):
        print(f"error: {visible(str(error))}", file=sys.stderr, flush=True)


def be_quiet(is_quiet: bool) -> None:
    """Says whether facts are kept back; warnings, errors and results never are."""
    _speech.is_quiet = is_quiet


def is_quiet() -> bool:
    """Whether facts are kept back."""
    return _speech.is_quiet


def tell(*facts: str, to_error: bool = False) -> None:
    """Prints facts on the way; a quiet command those that are notes and warnings.

    Args:
      facts: texts of one line or more.
      to_error: on standard error, where standard output has the results.
    """
    lines = "\n".join(facts).split("\n")
    if _speech.is_quiet:
        lines = [line for line in lines if _WARNING.match(line)]
    if lines:
        stream = sys.stderr if to_error else sys.stdout
        print(*lines, sep="\n", file=stream, flush=True)


def visible(text: str, keep: str = "") -> str:
    """A text in which codes that a terminal would obey are escapes, as \\x1b.

    Args:
      text: of anybody.
      keep: such characters that stay, as line feeds.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c
        if c in keep or not (unicodedata.category(c) in _UNSEEN or c in _BIDI)
        else c.encode("unicode_escape").decode()
        for c in text
    )


def takes(text: str) -> bool:
    """Whether standard output has all characters of a text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
