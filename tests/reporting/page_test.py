"""The page: every text is shown as it is, nothing of it is run or loaded."""

import html
import html.parser

import numpy as np

from tfm import figures
from tfm.reporting import page

HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} [x](javascript:y) $1_$ \x1b[31m &amp;"


class Parser(html.parser.HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def _page() -> str:
    matrix = figures.Matrix(np.diag([3, 2]), (HOSTILE, "b"), (HOSTILE, "b"))
    table = figures.Table((HOSTILE, "n"), [(HOSTILE, 0.12345), ("x" * 900, 1234567)])
    section = page.Section(
        HOSTILE,
        about=HOSTILE,
        text=HOSTILE,
        points=[(HOSTILE, HOSTILE)],
        plots=[(HOSTILE, matrix)],
        tables=[(HOSTILE, table, False), ("folded", table, True)],
    )
    return page.html(page.Report(HOSTILE, HOSTILE, [section]))


def test_a_text_is_never_markup_and_never_a_template():
    found = Parser(_page())
    assert "script" not in found.tags and "alert(1)" in found.text
    assert "{{ 7 * 7 }}" in found.text and "\x1b" not in found.text
    assert {"svg", "details", "table"} <= {*found.tags}
    assert not [name for name, _ in found.attributes if name.startswith("on")]


def test_it_loads_nothing_from_elsewhere():
    found = Parser(_page())
    links = [v for n, v in found.attributes if n in ("href", "src", "xlink:href")]
    assert links and all(link.startswith(("#", "data:image/png")) for link in links)
    assert "url(http" not in _page() and "@import" not in _page()
    assert ("content", "width=device-width, initial-scale=1") in found.attributes


def test_numbers_and_long_texts():
    text = Parser(_page()).text
    assert "0.1235" in text and "1,234,567" in text
    assert "x" * 600 + "…" in text and "x" * 601 not in text


def test_short_cells_are_on_one_line_and_panels_have_the_whole_breadth():
    panels = figures.Matrix(np.ones((2, 2, 2), int), ("no", "yes"), ("no", "yes"), "ab")
    table = figures.Table(("a", "b"), [("0.1234 to 0.5678", "x" * 30), ("y" * 50, 1)])
    names, axes = [*"abcdefghijklmnopq"], ("token", "looks at")
    heatmap = figures.Heatmap(np.eye(17), names, names, axes)
    plots = [("p", panels), ("h", heatmap)]
    section = page.Section("s", plots=plots, tables=[("", table, False)])
    found = Parser(page.html(page.Report("t", "s", [section])))
    classes = [value for name, value in found.attributes if name == "class"]
    assert [c for c in classes if c in ("word", "", "text", "number")] == [
        "word",
        "",
        "text",
        "number",
    ]
    assert "broad" in classes and "large" in classes


def test_pictures_have_names_that_are_files(tmp_path):
    curve = figures.Curve({"a": (np.arange(3.0), np.arange(3.0))}, ("x", "y"))
    section = page.Section("A/../B", plots=[("c:d ../e", curve)])
    (name, picture), *_ = page.pictures(page.Report("t", "s", [section])).items()
    assert name == "a_b_c_d_e" and picture.startswith(b"\x89PNG")


def test_letters_that_are_joined_stay_joined():
    persian = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    joined = f"{persian} {family}"
    text = Parser(page.html(page.Report(joined, "", []))).text
    assert joined in text
