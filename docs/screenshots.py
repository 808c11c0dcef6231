"""Take the pictures of reports in the README, with Debian's Chromium:

    quickml run mnist_cnn.json --out runs/mnist-cnn
    quickml run examples/spirals.json --out runs/spirals
    python docs/screenshots.py runs/mnist-cnn/report.html runs/spirals/report.html

They are the top of the first report, and the film in the second one.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parent / "pictures"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
MOMENT = 0.45
"""Which frame of the film is shown, from 0 to 1."""
SEEK = """(slider, share) => {
  slider.value = Math.round(slider.max * share);
  slider.dispatchEvent(new Event("input"));
}"""


def opened(browser, report, height):
    page = browser.new_page(viewport={"width": 1120, "height": height}, reduced_motion="reduce")
    page.goto(Path(report).resolve().as_uri())
    page.wait_for_selector("#film:not([hidden])")
    page.locator(".film-time input").evaluate(SEEK, MOMENT)
    page.wait_for_timeout(500)
    return page


def main():
    whole, film = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        opened(browser, whole, 1500).screenshot(path=PICTURES / "report.png")
        opened(browser, film, 1200).locator(".film-card").screenshot(path=PICTURES / "film.png")
        browser.close()


main()
