"""Take the pictures in the README and in docs/how-to/use-the-studio.md, with Debian's Chromium.

Of reports:

    quickml run mnist_cnn.json --out runs/mnist-cnn
    quickml run examples/spirals.json --out runs/spirals
    python docs/screenshots.py reports runs/mnist-cnn/report.html runs/spirals/report.html

They are the top of the first report, and the film in the second one. Of the studio, with a server that has a
job of `mnist_cnn.json` and one of `examples/spirals.json`, both ready:

    python docs/screenshots.py studio http://127.0.0.1:8000
"""

import json
import shutil
import sys
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parent / "pictures"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
MOMENT = 0.45
"""Which frame of the film is shown, from 0 to 1."""
SEEK = """(slider, share) => {
  slider.value = Math.round(slider.max * share);
  slider.dispatchEvent(new Event("input"));
}"""
SEVEN = ((0.28, 0.25), (0.72, 0.25), (0.62, 0.5), (0.45, 0.82))
"""The corners of a drawn digit."""


def reports(browser, whole, film):
    opened(browser, whole, 1500).screenshot(path=PICTURES / "report.png")
    opened(browser, film, 1200).locator(".film-card").screenshot(path=PICTURES / "film.png")


def opened(browser, report, height):
    page = browser.new_page(viewport={"width": 1120, "height": height}, reduced_motion="reduce")
    page.goto(Path(report).resolve().as_uri())
    page.wait_for_selector("#film:not([hidden])")
    page.locator(".film-time input").evaluate(SEEK, MOMENT)
    page.wait_for_timeout(500)
    return page


def studio(browser, server):
    with urllib.request.urlopen(f"{server}/v1/jobs?status=ready") as answer:
        jobs = {job["name"]: job["id"] for job in json.load(answer)["jobs"]}
    digits, spirals = jobs["mnist-cnn"], jobs["spirals"]
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        for name, place, prepare in (
            ("build", "build?example=mnist_cnn", without_flatten),
            ("watch", f"watch/{spirals}", at_the_moment),
            ("understand", f"understand/{digits}", None),
            ("try", f"try/{digits}", drawn),
        ):
            page = context.new_page()
            page.goto(f"{server}/#/{place}")
            page.wait_for_timeout(3000)
            if prepare:
                prepare(page)
            page.mouse.move(0, 0)
            page.wait_for_timeout(1500)
            save(page, PICTURES / f"studio-{name}{'-dark' if scheme == 'dark' else ''}.png")
            page.close()
        context.close()


def save(page, path):
    """A screenshot with 256 colours, which is half of the bytes."""
    page.screenshot(path=path)
    with Image.open(path) as image:
        image.convert("RGB").quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            path, optimize=True
        )


def without_flatten(page):
    page.locator(".block", has_text="Flatten").first.focus()
    page.keyboard.press("Delete")
    page.wait_for_selector(".block.wrong")


def at_the_moment(page):
    slider = page.locator(".surface[role=slider]")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + MOMENT * box["width"], box["y"] + 40)


def drawn(page):
    box = page.locator("canvas.paper").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=12)
    page.mouse.up()
    page.wait_for_timeout(1000)


def main():
    take, *arguments = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        {"reports": reports, "studio": studio}[take](browser, *arguments)
        browser.close()


main()
