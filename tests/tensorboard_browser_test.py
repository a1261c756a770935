"""Each page of TensorBoard in a browser: it shows the runs' data, without errors."""

import os
import pathlib
import shutil
import time

import pytest

from tests.support import board_runs
from tests.support import board_server

pytestmark = pytest.mark.slow
# where pictures of the pages are kept, if they are to be looked at
PICTURES = os.environ.get("TFM_TEST_PICTURES", "")
# all text of a page, within the shadow roots of its elements too
TEXT = """
const found = [];
const walk = (node) => {
  if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent);
  if (node.shadowRoot) walk(node.shadowRoot);
  const inner = node.tagName === 'IFRAME' && node.contentDocument;
  if (inner) walk(inner.body);
  if (!['STYLE', 'SCRIPT', 'TEMPLATE'].includes(node.tagName))
    node.childNodes.forEach(walk);
};
walk(document.body);
return found.join(' ').replace(/\\s+/g, ' ');
"""
# elements that match, likewise
COUNT = """
let found = 0;
const walk = (root) => {
  found += root.querySelectorAll(arguments[0]).length;
  root.querySelectorAll('*').forEach((one) => {
    if (one.shadowRoot) walk(one.shadowRoot);
    if (one.tagName === 'IFRAME' && one.contentDocument) walk(one.contentDocument);
  });
};
walk(document);
return found;
"""
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
def browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not here")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("There is no browser: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage"):
        options.add_argument(f"--{flag}")
    options.add_argument("--window-size=1600,1100")
    options.add_argument("--enable-unsafe-swiftshader")  # the projector's WebGL
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield made
    made.quit()


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    runs = board_runs.make(tmp_path_factory.mktemp("browser"))
    with board_server.serve(runs) as server:
        server.wait_for("narrow/events/test", "wide/events/test", "writer/events/best")
        yield server


def _missing(browser, words, drawn: str) -> list[str]:
    text = browser.execute_script(TEXT)
    found = [word for word in words if word not in text]
    return found if browser.execute_script(COUNT, drawn) else [*found, drawn]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_shows_its_data_without_errors(browser, board, page):
    words, drawn = PAGES[page]
    browser.get("about:blank")
    browser.get_log("browser")  # of the page before
    browser.get(f"{board.address}#{page}")
    stop = time.monotonic() + 60
    while missing := _missing(browser, words, drawn):
        assert time.monotonic() < stop, f"{page} lacks {missing}"
        time.sleep(0.5)
    if PICTURES:
        time.sleep(4)
        browser.save_screenshot(str(pathlib.Path(PICTURES) / f"{page}.png"))
    severe = [one for one in browser.get_log("browser") if one["level"] == "SEVERE"]
    assert not severe
