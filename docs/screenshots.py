"""Take the pictures in the README and in docs/how-to/use-the-studio.md, with Debian's Chromium.

Of reports:

    quickml run mnist_cnn.json --out runs/mnist-cnn
    quickml run examples/spirals.json --out runs/spirals
    python docs/screenshots.py reports runs/mnist-cnn/report.html runs/spirals/report.html

They are the top of the first report, the film in the second one, and the same film as film.gif. Of the
studio, with a server that has a job of `mnist_cnn.json` and one of `examples/spirals.json`, both ready:

    python docs/screenshots.py studio http://127.0.0.1:8000

Of a table of one's own, which is uploaded first, with any server:

    python docs/screenshots.py data http://127.0.0.1:8000
"""

import json
import random
import shutil
import subprocess
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
    save(opened(browser, whole, 1500), PICTURES / "report.png")
    save(opened(browser, film, 1200).locator(".film-card"), PICTURES / "film.png")
    animation = PICTURES / "film.gif"
    animation.unlink(missing_ok=True)
    drawn_as = ("--size", "450", "--seconds", "3.5", "--out", animation)
    quickml = Path(sys.executable).with_name("quickml")
    subprocess.run([quickml, "film", Path(film).parent, *drawn_as], check=True)


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


def data(browser, server):
    headers = {"Upload-Complete": "?1", "Content-Disposition": 'inline; filename="flats.csv"'}
    request = urllib.request.Request(f"{server}/v1/files", flats(), headers)
    with urllib.request.urlopen(request) as answer:
        sha256 = json.load(answer)["sha256"]
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
        page.goto(f"{server}/#/data?file={sha256}")
        page.locator(".found[aria-busy=false] .proposal").wait_for()
        page.get_by_role("radio", name="Predict price_eur").check()
        page.locator(".found[aria-busy=false]").wait_for()
        page.get_by_text("is predicted", exact=True).wait_for()
        page.mouse.move(0, 0)
        page.wait_for_timeout(1500)
        save(page, PICTURES / f"studio-data{'-dark' if scheme == 'dark' else ''}.png")
        page.close()


def flats():
    """A table with an id, gaps, numbers and categories."""
    chance = random.Random(1)
    lines = ["id,area_m2,rooms,district,year,balcony,price_eur"]
    for i in range(1200):
        area = chance.triangular(20, 140, 60)
        rooms = max(1, min(6, round(area / 25 + chance.gauss(0, 0.6))))
        district = chance.choices(["Mitte", "Nord", "Süd"], [5, 3, 2])[0]
        year = round(chance.triangular(1900, 2024, 1970))
        balcony = chance.choices(["yes", "no"], [2, 1])[0]
        price = area * 3000 + rooms * 9000 + {"Mitte": 90_000}.get(district, 0) + chance.gauss(0, 25_000)
        known = "" if i % 9 == 0 else f"{area:.1f}"
        lines.append(f"{i + 1},{known},{rooms},{district},{year},{balcony},{max(40_000, price):.0f}")
    return "\n".join(lines).encode()


def save(part, path):
    """A screenshot of a page or an element with the 256 colours nearest to its own: a third of the bytes.

    They differ by a few of 255; with those of an octree, gradients have bands.
    """
    part.screenshot(path=path)
    with Image.open(path) as image:
        image.convert("RGB").quantize(
            256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
        ).save(path, optimize=True)


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
        {"reports": reports, "studio": studio, "data": data}[take](browser, *arguments)
        browser.close()


main()
