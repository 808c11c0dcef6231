"""What the studio must reach, in the browser's own figures: Debian's Chromium and a real server here.

    python benchmarks/studio.py size      # bytes of the first load and of everything, compressed with brotli
    python benchmarks/studio.py start     # a cold start, nine times
    python benchmarks/studio.py keys      # from a keystroke in the document to the red block
    python benchmarks/studio.py strokes   # from a stroke to the answer with all layers
    python benchmarks/studio.py film      # decoding 200 frames, and scrubbing through them
    python benchmarks/studio.py memory    # the heap after 10,000 events and 240 frames
    python benchmarks/studio.py all       # four minutes

Prints one line per promise, as `service.py` does. Needs Chromium and Playwright, as the tests of pages do.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import shutil
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from against_reference import promise
from quickml import Client
from quickml.http.studio.built import FOLDER
from service import MNIST, ROOT, Parts, Server, note, parser_of, run, serving

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
SPIRALS = json.loads((ROOT / "examples" / "spirals.json").read_text())
STARTS, KEYSTROKES, STROKES = 9, 20, 120
EVENTS, FRAMES = 10_000, 240
OWN_DATA = re.compile(r"Data-(?:(de|es)-)?")
"""Names of the files with the view of data of one's own, of which two are its texts in another language."""
LONG = 64 * (FRAMES - 1)
"""Epochs with a full film, and more events than are promised: the film has a frame before the first epoch,
and one after every 64 epochs. At 10,000 epochs it would have 157 frames."""

OBSERVE = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('.block[data-id]')) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => performance.mark('interactive')));
}).observe(document, {childList: true, subtree: true});
"""
"""Marks when the network is drawn and the page takes input again."""

RED = """() => {
  const wrong = () => document.querySelector('.block.wrong') !== null;
  window.found = [];
  let began = null;
  addEventListener('keydown', event => { if (event.key.length === 1) began = event.timeStamp; }, true);
  new MutationObserver(() => {
    if (began === null || !wrong()) return;
    const start = began;
    began = null;
    requestAnimationFrame(() => setTimeout(() => window.found.push(performance.now() - start)));
  }).observe(document.body, {childList: true, subtree: true, attributes: true, attributeFilter: ['class']});
}"""
"""Measures from a key to the picture in which a block is red."""

ANSWERS = "performance.getEntriesByName('quickml:answer').map(entry => entry.duration)"
"""Milliseconds from each stroke until bars and activations are on the page."""

REQUESTS = """performance.getEntriesByType('resource')
  .filter(entry => entry.name.includes('/predictions'))
  .map(entry => [
    entry.responseStart - entry.requestStart,
    ...['total', 'run'].map(name => entry.serverTiming.find(one => one.name === name).duration),
  ])"""
"""For each stroke, milliseconds from sending it to the first byte of the answer, as the browser sees it; of
them the server's own; and of those the file's."""

WHOLE = "Number(document.querySelector('.surface[role=slider]').ariaValueMax) >= 120"
"""Whether the whole film is here: films are thinned when they would have more than 240 frames."""

SCRUB = """async count => {
  const slider = document.querySelector('.surface[role=slider]');
  const key = name =>
    slider.dispatchEvent(new KeyboardEvent('keydown', {key: name, bubbles: true, cancelable: true}));
  const settled = () => new Promise(resolve => {
    const channel = new MessageChannel();
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(0);
  });
  key('Home');
  await settled();
  const found = [];
  for (let i = 0; i < count; i++) {
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    key('ArrowRight');
    await settled();
    document.body.getBoundingClientRect();
    found.push(performance.now() - start);
  }
  return found;
}"""
"""Milliseconds of scripts and layout for each of `count` frames, one after the other."""


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, address: str, script: str = "") -> Iterator[Page]:
    """A page in a new context: nothing cached."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    if script:
        page.add_init_script(script)
    page.goto(address)
    yield page
    context.close()


def trained(server: Server, document: dict[str, Any], **training: Any) -> str:
    """The ID of a job that is ready."""
    with Client(server.address) as client:
        merged = {**document, "training": {**document["training"], **training}}
        job = client.submit(merged)
        for _ in client.events(job.id):
            pass
        return job.id


def until(page: Page, expression: str) -> None:
    """Wait until an expression is true. The page's policy forbids Playwright's own way, which is `eval`."""
    while not page.evaluate(expression):
        page.wait_for_timeout(10)


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def size(asked: argparse.Namespace) -> None:
    with serving(asked) as server, chromium() as browser, opened(browser, server.address, OBSERVE) as page:
        server.wait_ready()
        page.wait_for_selector(".block[data-id]")
        until(page, "performance.getEntriesByName('interactive').length")
        page.wait_for_timeout(3000)
        found = page.evaluate(
            "performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))"
            ".map(entry => [new URL(entry.name).pathname, entry.startTime, entry.encodedBodySize])"
        )
        interactive = page.evaluate("performance.getEntriesByName('interactive')[0].startTime")
    files = {path: (began, size) for path, began, size in found if path == "/" or path.startswith("/assets/")}
    first = [size for began, size in files.values() if began <= interactive]
    note(
        f"first load: {len(first)} files; afterwards, in sight of the document: {len(files) - len(first)}, "
        f"{(sum(size for _, size in files.values()) - sum(first)) / 1000:.1f} KB"
    )
    promise("first load, until the page takes input, brotli, KB", sum(first) / 1000, at_most=130)
    files = [path for path in FOLDER.rglob("*") if path.suffix in (".html", ".js", ".css", ".svg")]
    compressed = {path.name: (path.parent / f"{path.name}.br").stat().st_size for path in files}
    own = {name: OWN_DATA.match(name) for name in compressed}
    shared = sum(size for name, size in compressed.items() if (found := own[name]) and not found[1])
    language = max(size for name, size in compressed.items() if (found := own[name]) and found[1])
    others = sum(size for name, size in compressed.items() if not own[name])
    promise("data of one's own, loaded when it is opened, brotli, KB", (shared + language) / 1000, at_most=25)
    promise("everything else, brotli, KB", others / 1000, at_most=320)
    kinds = {path.suffix for path in FOLDER.rglob("*") if path.is_file()}
    assert kinds == {".html", ".js", ".css", ".svg", ".md", ".br", ".gz"}, f"fonts, wasm: {kinds}"


def start(asked: argparse.Namespace) -> None:
    with serving(asked) as server:
        server.wait_warm()
        found = []
        for _ in range(STARTS + 1):
            with chromium() as browser, opened(browser, server.address, OBSERVE) as page:
                until(page, "performance.getEntriesByName('interactive').length")
                found.append(page.evaluate("performance.getEntriesByName('interactive')[0].startTime"))
    note(f"interactive: {', '.join(f'{ms:.0f}' for ms in found)} ms; the first one warmed the server")
    promise("interactive, cold, median, ms", statistics.median(found[1:]), at_most=600)


def keys(asked: argparse.Namespace) -> None:
    with serving(asked) as server, chromium() as browser:
        server.wait_warm()
        with opened(browser, f"{server.address}/#/build?example=mnist_cnn") as page:
            _open_editor(page)
            page.evaluate(RED)
            for _ in range(KEYSTROKES):
                _place_cursor(page)
                page.keyboard.type("7")
                page.wait_for_selector(".block.wrong")
                page.wait_for_timeout(60)
                page.keyboard.press("Backspace")
                until(page, "!document.querySelector('.block.wrong')")
            found = page.evaluate("window.found")
    note(f"{len(found)} keystrokes: from {min(found):.0f} to {max(found):.0f} ms")
    promise("keystroke to red block, median, ms", statistics.median(found), at_most=150)


def _open_editor(page: Page) -> None:
    page.locator(".cm-content").wait_for()
    page.wait_for_selector(".block[data-id]")
    page.wait_for_timeout(500)


def _place_cursor(page: Page) -> None:
    """Behind the name of the type of the second layer."""
    page.locator(".cm-content").focus()
    line = page.locator(".cm-line", has_text='"MaxPooling2D"').first
    line.locator("span", has_text='"MaxPooling2D"').first.click(position={"x": 30, "y": 6})


def strokes(asked: argparse.Namespace) -> None:
    with serving(asked) as server, chromium() as browser:
        job = trained(server, MNIST, epochs=1)
        with opened(browser, f"{server.address}/#/try/{job}") as page:
            canvas = page.locator("canvas.paper")
            canvas.wait_for()
            page.wait_for_timeout(1500)  # the file is loaded
            _draw(page, canvas.bounding_box())
            page.wait_for_timeout(500)
            found = page.evaluate(ANSWERS)
            first_byte, server_own, file_run = zip(*page.evaluate(REQUESTS)[1:], strict=True)
    for what, times in (
        ("strokes", found[1:]),
        ("of them until the first byte, as the browser sees it", first_byte),
        ("of it the server's own (Server-Timing, total)", server_own),
        ("of it the file's (Server-Timing, run)", file_run),
    ):
        note(f"{len(times)} {what}: median {statistics.median(times):.1f} ms, p95 {p95(times):.1f} ms")
    promise("stroke to bars and activations, p95, ms", p95(found[1:]), at_most=25)
    promise("of it the server, p95, ms", p95(server_own), at_most=5)


def _draw(page: Page, box: dict[str, float]) -> None:
    """A seven, in many small moves."""
    corners = [(0.25, 0.25), (0.75, 0.25), (0.4, 0.8)]
    x, y = corners[0]
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.mouse.down()
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        for step in range(1, STROKES // 2 + 1):
            share = step / (STROKES // 2)
            x, y = x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            page.wait_for_timeout(30)
    page.mouse.up()


def film(asked: argparse.Namespace) -> None:
    with serving(asked) as server, chromium() as browser:
        job = trained(server, SPIRALS)
        decoding, moved = [], []
        for _ in range(5):
            with opened(browser, f"{server.address}/#/watch/{job}") as page:
                page.locator(".surface[role=slider]").wait_for()
                until(page, WHOLE)
                decoding.append(page.evaluate("performance.getEntriesByName('quickml:film').at(-1).duration"))
                frames = int(page.locator(".surface[role=slider]").get_attribute("aria-valuemax")) + 1
                page.wait_for_timeout(500)
                moved += page.evaluate(SCRUB, frames - 1)
    note(f"{frames} frames; scrubbing: median {statistics.median(moved):.1f} ms, p95 {p95(moved):.1f} ms")
    promise(f"{frames} frames decoded, median, ms", statistics.median(decoding), at_most=200)
    promise("scrub, a frame, median, ms", statistics.median(moved), at_most=16)


def memory(asked: argparse.Namespace) -> None:
    with serving(asked, "--max-epochs", str(LONG)) as server, chromium() as browser:
        job = trained(server, SPIRALS, epochs=LONG, batch_size=256)
        with Client(server.address) as client:
            events = sum(1 for _ in client.events(job))
        with opened(browser, f"{server.address}/#/watch/{job}") as page:
            page.locator(".surface[role=slider]").wait_for()
            until(page, WHOLE)
            page.wait_for_timeout(2000)
            frames = int(page.locator(".surface[role=slider]").get_attribute("aria-valuemax")) + 1
            assert events >= EVENTS, f"{events} events"
            assert frames >= FRAMES, f"{frames} frames"
            page.evaluate(SCRUB, frames - 1)
            session = page.context.new_cdp_session(page)
            session.send("HeapProfiler.collectGarbage")
            used = session.send("Runtime.getHeapUsage")
    heap, buffers = (used.get(key, 0) / 1e6 for key in ("usedSize", "backingStorageSize"))
    note(f"{events} events, {frames} frames; heap {heap:.1f} MB, buffers {buffers:.1f} MB")
    promise(f"heap and buffers after {events:,} events and {frames} frames, MB", heap + buffers, at_most=40)


PARTS: Parts = {
    "size": size, "start": start, "keys": keys, "strokes": strokes, "film": film, "memory": memory,
}  # fmt: skip


def main() -> None:
    run(parser_of(__doc__, PARTS), PARTS)


if __name__ == "__main__":
    main()
