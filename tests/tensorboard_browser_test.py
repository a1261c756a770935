"""Each page of TensorBoard in a browser: it shows the runs' data, without errors."""

import os
import pathlib
import time

import pytest

from tests.support import board_runs
from tests.support import board_server

pytestmark = pytest.mark.slow
# where pictures of the pages are kept, if they are to be looked at
PICTURES = os.environ.get("TFM_TEST_PICTURES", "")
# page -> what it says, and what it draws
PAGES = {
    "timeseries": (("length_tokens", "narrow/events/validation"), "card-view"),
    "scalars": (("metrics/accuracy", "narrow/events/reference"), "vz-line-chart2"),
    "images": (("figures/roc", "narrow/events/validation"), "img"),
    "graphs": (("classifier",), "g.node"),
    "distributions": (("length_tokens", "weights"), "vz-distribution-chart"),
    "histograms": (("length_tokens", "weights"), "vz-histogram-timeseries"),
    "text": (("examples/mistakes", "examples/samples", "probability"), "table"),
    "pr_curves": (("by_class/good",), "svg path"),
    "hparams": (("model.width", "metrics/accuracy", "narrow"), "vaadin-grid"),
    "projector": (("Dimension", "tokens"), "canvas"),
    "custom_scalars": (("gradient norm", "update ratio"), "svg"),
}


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    runs = board_runs.make(tmp_path_factory.mktemp("browser"))
    with board_server.serve(runs) as server:
        server.wait_for("narrow/events/test", "wide/events/test", "writer/events/best")
        yield server


def _missing(browser, words, drawn: str) -> list[str]:
    text = browser.text()
    found = [word for word in words if word not in text]
    return found if browser.count(drawn) else [*found, drawn]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_shows_its_data_without_errors(browser, board, page):
    words, drawn = PAGES[page]
    browser.open(f"{board.address}#{page}")
    stop = time.monotonic() + 60
    while missing := _missing(browser, words, drawn):
        assert time.monotonic() < stop, f"{page} lacks {missing}"
        time.sleep(0.5)
    if PICTURES:
        time.sleep(4)
        browser.picture(pathlib.Path(PICTURES) / f"{page}.png")
    assert not browser.errors()
