"""Pages in Debian's Chromium, driven by Playwright: `chromium` is a fixture, `visit` opens a page.

A test fails if a page writes to the console, throws, or asks for anything from another host.
"""

import os
import shutil
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

PROGRAM = os.environ.get("QUICKML_TEST_CHROMIUM") or shutil.which("chromium")
NAMED = "school.test"
"""A name of this machine for the browser. Over http it is no secure context, unlike `localhost` and 127.0.0.1."""
ARGUMENTS = (
    f"--host-resolver-rules=MAP {NAMED} 127.0.0.1",
    "--no-sandbox",  # containers are run as root
    "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 120_000
LOCAL = (None, "localhost", "127.0.0.1", "::1", NAMED)
"""Hosts that a page may ask; files and `data:` have none."""


@pytest.fixture(scope="module")
def chromium():
    """One browser for a module, and not for longer: while Playwright runs, its event loop runs too, and the
    tests of other modules could not call `asyncio.run`."""
    if PROGRAM is None:
        pytest.skip("no Chromium: install Debian's package `chromium`, or set QUICKML_TEST_CHROMIUM")
    driver = pytest.importorskip("playwright.sync_api", reason="Playwright is in the extra `dev`")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(driver.Page, "wait_for_function", wait_for_function)
            yield browser
        browser.close()


def wait_for_function(page, expression, *, arg=None, timeout=PATIENCE_MS):
    """As Playwright's own, which repeats an expression with `eval`: a strict policy of the page forbids it."""
    end = time.monotonic() + timeout / 1000
    while not (found := page.evaluate(expression, arg)):
        assert time.monotonic() < end, f"waited in vain for {expression}"
        page.wait_for_timeout(20)
    return found


@contextmanager
def visit(browser, address, **context):
    """A page at an address, in a new context: no cookies, no storage; 1280 x 900 unless `context` says otherwise."""
    problems = []

    def check(route):
        if urlsplit(route.request.url).hostname in LOCAL:
            route.continue_()
        else:
            problems.append(f"request to {route.request.url[:200]}")
            route.abort()

    opened = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
    try:
        page = opened.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.route("**/*", check)
        page.on("console", lambda message: problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.goto(address)
        yield page
    finally:
        opened.close()
    assert not problems, "\n".join(problems)
