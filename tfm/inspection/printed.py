"""Examples on a terminal or in a file: a few lines for each stage."""

import os
import sys
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from tfm import console
from tfm.inspection import stages

_VALUES = 40  # of an array that are shown
_CHARACTERS = 600  # of a text
_COLOURS = ("\x1b[36m", "\x1b[33m")  # of tokens, by turns: cyan, yellow
_SPECIAL, _END = "\x1b[35m", "\x1b[0m"  # of tokens that stand for no text: magenta


def is_coloured() -> bool:
    """Whether standard output is a terminal whose user wants colours (no-color.org)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and sys.stdout.isatty()


def lines(
    example: stages.Example, number: int, special: Sequence[str], coloured: bool
) -> Iterator[str]:
    """Yields the lines of an example.

    Args:
      example: at all stages.
      number: that is shown.
      special: tokens that stand for no text, or for an unknown one.
      coloured: whether tokens are told apart by colours, else by bars.
    """
    yield f"{number}  {console.visible(example.origin)}"
    for name, value in example.raw.items():
        yield _line("raw", name, _text(value))
    for name, text in example.cleaned.items():
        yield _line("cleaned", name, _text(text))
    for name, found in example.tokens.items():
        yield _line("tokens", name, tokens(found, special, coloured))
    for name, values in example.ids.items():
        yield _line("ids", name, _values(values))
    for name, values in example.batch.items():
        yield _line("batch", name, f"{_shape(values)} {_values(values)}")


def tokens(found: Sequence[str], special: Sequence[str], coloured: bool) -> str:
    """Tokens in a line, codes that a terminal would obey as escapes."""
    shown = [console.visible(token) for token in found[:_VALUES]]
    more = f" ... ({len(found):,} tokens)" if len(found) > _VALUES else ""
    if not coloured:
        return "|".join(shown) + more
    parts = []
    for place, (token, text) in enumerate(zip(found, shown, strict=False)):
        colour = _SPECIAL if token in special else _COLOURS[place % 2]
        parts.append(f"{colour}{text}{_END}")
    return " ".join(parts) + more


def _line(stage: str, name: str, value: str) -> str:
    return f"  {stage:8} {console.visible(name)}: {value}"


def _text(value: object) -> str:
    """A raw value: bytes by their number, a long text by its beginning."""
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    text = str(value)
    more = f" ... ({len(text):,} characters)" if len(text) > _CHARACTERS else ""
    return console.visible(text[:_CHARACTERS]) + more


def _shape(values) -> str:
    array = np.asarray(values)
    return f"{array.dtype} [{', '.join(map(str, array.shape))}]"


def _values(values) -> str:
    """The first values of an array, in its order."""
    if isinstance(values, bytes):
        return f"{len(values):,} bytes"
    array = np.asarray(values).reshape(-1)
    if array.dtype == object:
        return ", ".join(map(_text, array[:_VALUES].tolist()))
    form = "{:g}" if array.dtype.kind == "f" else "{}"
    shown = " ".join(form.format(value) for value in array[:_VALUES].tolist())
    return shown + (f" ... ({array.size:,} values)" if array.size > _VALUES else "")
