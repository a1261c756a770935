"""Chromium without a window, for tests of what a page shows, loads and complains of."""

import json
import shutil

import pytest

PHONE = 390  # pixels of width
_DESKTOP = (1600, 1100)
# all text of a page, within the shadow roots of its elements too
_TEXT = """
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
_COUNT = """
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
# [what is wider than the page, of which no ancestor scrolls or hides it]
_TOO_WIDE = """
const width = document.documentElement.clientWidth;
const held = (one) => {
  for (let up = one; up && up !== document.body; up = up.parentElement)
    if (getComputedStyle(up).overflowX !== 'visible') return true;
  return false;
};
return [...document.body.querySelectorAll('*')]
  .filter((one) => one.getClientRects().length && !(one instanceof SVGElement))
  .filter((one) => one.getBoundingClientRect().right > width + 1 && !held(one))
  .map((one) => one.outerHTML.slice(0, 80));
"""
# text that is shown in smaller letters than so many pixels
_TOO_SMALL = """
const found = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const of = walk.currentNode.parentElement;
  if (walk.currentNode.textContent.trim() && of.getClientRects().length)
    if (parseFloat(getComputedStyle(of).fontSize) < arguments[0])
      found.push(of.parentElement.outerHTML.slice(0, 120));
}
return found;
"""


class Browser:
    """A browser with one page.

    Args:
      driver: a selenium.webdriver.Chrome.
    """

    def __init__(self, driver):
        self.driver = driver

    def open(self, address: str, phone: bool = False) -> None:
        """Opens a page anew, as on a desk or as on a phone."""
        width, height = (PHONE, 844) if phone else _DESKTOP
        self.driver.get("about:blank")
        for log in ("browser", "performance"):  # of the page before
            self.driver.get_log(log)
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {
                "width": width,
                "height": height,
                "deviceScaleFactor": 1,
                "mobile": phone,
            },
        )
        self.driver.get(address)

    def text(self) -> str:
        """All text of the page."""
        return self.driver.execute_script(_TEXT)

    def count(self, selector: str) -> int:
        """The number of elements that match."""
        return self.driver.execute_script(_COUNT, selector)

    def too_wide(self) -> list[str]:
        """Elements for whose sake the whole page would scroll to the side."""
        found = self.driver.execute_script(_TOO_WIDE)
        sizes = "const root = document.documentElement;"
        sizes += "return root.scrollWidth - root.clientWidth"
        more = self.driver.execute_script(sizes)
        return found or [f"{more} pixels"] * (more > 0)

    def too_small(self, size: float) -> list[str]:
        """What is shown in smaller letters than so many pixels."""
        return self.driver.execute_script(_TOO_SMALL, size)

    def errors(self) -> list[str]:
        """Errors on the console since the page was opened."""
        found = self.driver.get_log("browser")
        return [one["message"] for one in found if one["level"] == "SEVERE"]

    def requests(self) -> list[str]:
        """Addresses that were asked since the page was opened, its own among them."""
        messages = [
            json.loads(one["message"])["message"]
            for one in self.driver.get_log("performance")
        ]
        return [
            one["params"]["request"]["url"]
            for one in messages
            if one["method"] == "Network.requestWillBeSent"
        ]

    def picture(self, path, whole: bool = False) -> None:
        """A PNG of what is shown, or of the whole page."""
        if whole:
            sizes = "return document.documentElement.scrollHeight"
            height = min(self.driver.execute_script(sizes), 8000)
            width = self.driver.execute_script("return window.innerWidth")
            self.driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {
                    "width": width,
                    "height": height,
                    "deviceScaleFactor": 1,
                    "mobile": width == PHONE,
                },
            )
        self.driver.save_screenshot(str(path))


def start() -> Browser:
    """The browser; skips the test where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not here")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("There is no browser: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage"):
        options.add_argument(f"--{flag}")
    options.add_argument(f"--window-size={_DESKTOP[0]},{_DESKTOP[1]}")
    options.add_argument("--enable-unsafe-swiftshader")  # the projector's WebGL
    logs = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    return Browser(webdriver.Chrome(options, webdriver.ChromeService(driver)))
