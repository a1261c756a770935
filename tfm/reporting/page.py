"""The report as one HTML page: no script, no network, every text escaped."""

import dataclasses
import pathlib
import re
from collections.abc import Sequence

from tfm import console
from tfm import drawing
from tfm import figures

_TEMPLATE = pathlib.Path(__file__).with_name("page.html.j2")
_LONGEST = 600  # characters of a cell
_LONG = 40  # characters from which a cell is a text, not a word


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the page, under a heading.

    Attributes:
      about: a sentence on what is in it.
      text: of the user, shown as it is.
      points: a list of names and what is said of each.
      plots: titles, and what is drawn.
      tables: a title, a table, and whether it is folded away at first.
    """

    title: str
    about: str = ""
    text: str = ""
    points: Sequence[tuple[str, str]] = ()
    plots: Sequence[tuple[str, figures.Drawn]] = ()
    tables: Sequence[tuple[str, figures.Table, bool]] = ()

    @property
    def anchor(self) -> str:
        """Its id on the page."""
        return re.sub(r"\W+", "-", self.title.lower())


@dataclasses.dataclass(frozen=True)
class Report:
    """All that is on the page."""

    title: str
    subtitle: str
    sections: Sequence[Section]


def html(report: Report) -> str:
    """The page."""
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        finalize=lambda value: _plain(value) if type(value) is str else value,
    )
    environment.filters |= {
        "kind": _kind,
        "shown": _shown,
        "drawn": lambda figure: markupsafe.Markup(drawing.svg(figure)),
    }
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(report=report)


def pictures(report: Report) -> dict[str, bytes]:
    """The drawings as PNG, by the name of a file without its ending."""
    return {
        re.sub(r"\W+", "_", f"{section.anchor} {name.lower()}"): drawing.png(figure)
        for section in report.sections
        for name, figure in section.plots
    }


def _kind(cell: object) -> str:
    """The class of a table's cell."""
    if isinstance(cell, int | float):
        return "number"
    return "text" if len(str(cell)) > _LONG else ""


def _shown(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:.4f}"
    if isinstance(cell, int):
        return f"{cell:,}"
    text = _plain(str(cell))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _plain(text: str) -> str:
    """The text with control codes as escapes, but for the ends of lines."""
    return console.visible(text, keep="\n")
