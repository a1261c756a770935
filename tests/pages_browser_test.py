"""Reports and documentation in a browser, on a desk and a phone; nothing is fetched."""

import functools
import http.server
import os
import pathlib
import subprocess
import sys
import threading

import pytest

import tfm
from tests.support import report_runs
from tfm import reporting

pytestmark = pytest.mark.slow
ROOT = pathlib.Path(__file__).parents[1]
# where pictures of the pages are kept, if they are to be looked at
PICTURES = os.environ.get("TFM_TEST_PICTURES", "")
SMALLEST = 11  # pixels of the letters that are still read on a phone
# a report's sections: what they say, and how much they draw
REPORTS = {
    "classes": (
        {
            "model-card": ("Transformer", "reviews.csv", "Classes of label"),
            "scores": ("accuracy", "95 % interval", "reference (linear SVM)"),
            "training": ("loss", "learning_rate"),
            "evaluation": ("Confusion matrix", "ROC curve", "Scores by class"),
            "attention": ("Example 1", "sum to 1"),
            "slices": ("words of text", "true label"),
            "configuration": ("All fields", "tensorflow"),
        },
        11,
    ),
    "labels": (
        {
            "scores": ("f1_micro",),
            "evaluation": ("Most confident mistakes", "acting, "),
        },
        7,
    ),
    "writer": (
        {
            "model-card": ("Decoder", "CausalLM"),
            "scores": ("perplexity", "bits_per_byte"),
            "training": ("loss", "gradient_norm"),
            "attention": ("Example 3",),
        },
        7,
    ),
}
# what Markdown leaves in a page where it was not understood, and tags that are none
_UNREAD = """
return [...document.querySelectorAll('*')]
  .filter((one) => one instanceof HTMLUnknownElement)
  .map((one) => one.outerHTML.slice(0, 80));
"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory, browser):
    base = tmp_path_factory.mktemp("reports")
    return {
        name: reporting.write(tfm.load(str(run)), base / f"{name}.html", resamples=20)
        for name, run in report_runs.make(base).items()
    }


@pytest.mark.filterwarnings("ignore")  # of the training
@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_report_shows_its_data_and_loads_nothing(browser, reports, name, phone):
    sections, drawn = REPORTS[name]
    address = reports[name].as_uri()
    browser.open(address, phone)
    for section, words in sections.items():
        text = browser.driver.find_element("id", section).text
        assert not [word for word in words if word not in text], text
    assert browser.count("figure svg") >= drawn
    asked = [one for one in browser.requests() if not one.startswith("data:")]
    assert asked == [address] and not browser.errors()
    _check_it_reads(browser, f"report_{name}", phone)


@pytest.fixture(scope="module")
def site(tmp_path_factory, browser):
    """The documentation's address, and the paths of its pages."""
    pytest.importorskip("mkdocs", reason="pip install -r docs/requirements.txt")
    folder = tmp_path_factory.mktemp("site")
    quiet = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict"]
    subprocess.run(
        [*command, f"--site-dir={folder}"],
        cwd=ROOT,
        env=os.environ | quiet,
        check=True,
    )
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pages = [page.parent.relative_to(folder) for page in folder.rglob("index.html")]
    yield f"http://127.0.0.1:{server.server_port}/", sorted(map(str, pages))
    server.shutdown()
    server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Nothing."""


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_every_page_of_the_documentation_reads_and_asks_no_other_host(
    browser, site, phone
):
    address, pages = site
    assert {".", "tutorial", "reference/commands", "reference/python"} <= {*pages}
    for page in pages:
        browser.open(f"{address}{page}/".replace("/./", "/"), phone)
        asked = [one for one in browser.requests() if not one.startswith("data:")]
        assert asked and all(one.startswith(address) for one in asked), page
        assert not browser.errors(), page
        article = browser.driver.find_element("tag name", "article").text
        assert len(article) > 200, page
        for mark in ("??? ", "!!! ", "|---", "--8<--", "::: "):
            assert mark not in article, f"{page}: {mark}"
        assert not browser.driver.execute_script(_UNREAD), page
        _check_it_reads(browser, f"docs_{page.replace('/', '_')}", phone)


def test_the_documentation_is_searched_without_a_network(browser, site):
    address, _ = site
    browser.open(f"{address}?q=early+stopping")
    browser.driver.implicitly_wait(20)
    found = browser.driver.find_elements("css selector", ".md-search-result__link")
    browser.driver.implicitly_wait(0)
    assert found and not browser.errors()
    own = (address, "data:", "blob:")
    assert all(one.startswith(own) for one in browser.requests())


def _check_it_reads(browser, name: str, phone: bool) -> None:
    """Nothing makes the page scroll to the side, and no text is too small."""
    if PICTURES:
        kind = "phone" if phone else "desk"
        browser.picture(pathlib.Path(PICTURES) / f"{name}_{kind}.png", whole=True)
    assert not browser.too_wide(), name
    assert not browser.too_small(SMALLEST), name
