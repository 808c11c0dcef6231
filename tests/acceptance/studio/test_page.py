"""The page of a real server in a real browser: its policy, its token, many tabs, and nginx in front under a prefix."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from browser import chromium, visit
from nginx_process import CONFIGURATION, needs_nginx, proxying
from server_process import PATIENCE_S
from studio import IRIS, PHONE, axe, screens, standing, studio

__all__ = ["chromium", "studio"]

TABS = 8
BROWSER = {"Accept": "text/html"}


def shown(page):
    """Wait until the page has drawn itself; returns its text."""
    page.wait_for_function("document.body.innerText.trim().length > 20")
    return page.inner_text("body")


def test_the_page_opens_without_a_violation_of_its_policy(chromium, studio):
    """`visit` fails for whatever the page writes to the console, which violations do."""
    with visit(chromium, studio.page()) as page:
        assert "QuickML" in shown(page)
        policy = httpx.get(studio.page(), headers=BROWSER).headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
        axe(page)
        screens(page, "page")


FORBIDDEN = """async () => {
    const violated = [];
    addEventListener('securitypolicyviolation', event => violated.push(event.effectiveDirective));
    try { document.body.innerHTML = '<b>x</b>' } catch { /* trusted types */ }
    document.body.setAttribute('style', 'color: red');
    document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}));
    await fetch('http://127.0.0.1:9/').catch(() => null);
    while (violated.length < 4) await new Promise(resolve => setTimeout(resolve, 10));
    return violated;
}"""


def test_the_policy_is_in_force(chromium, studio):
    """Otherwise the tests that find no violation would say nothing."""
    page = chromium.new_page()
    try:
        page.goto(studio.page())
        shown(page)
        found = page.evaluate(FORBIDDEN)
        assert {"require-trusted-types-for", "style-src-attr", "img-src", "connect-src"} == set(found)
    finally:
        page.close()


def test_a_printed_address_lets_in_and_its_token_is_nowhere_to_be_read(chromium, tmp_path):
    with standing(tmp_path, "--access", "tokens") as server:
        link = re.search(r"^studio +(\S+)$", server.server.greeting, re.MULTILINE)[1]
        assert link == f"{server.server.address}/#token={server.token}"
        with visit(chromium, link) as page:
            shown(page)
            page.wait_for_function("!location.href.includes('qml_')")
            assert server.token not in page.content()
            assert page.evaluate("document.cookie") == ""
            page.reload()  # the token is kept for this tab
            shown(page)
            assert page.evaluate(f"JSON.stringify(localStorage).includes('{server.token}')") is False
        assert server.token not in server.log()
        assert "GET / 200" in server.log()


def test_without_a_token_the_page_asks_for_one(chromium, tmp_path):
    with standing(tmp_path, "--access", "tokens") as server, visit(chromium, server.page()) as page:
        field = page.get_by_label(re.compile("token", re.IGNORECASE)).first
        field.wait_for()
        axe(page)
        screens(page, "token")
        field.fill(server.token)
        field.press("Enter")
        field.wait_for(state="detached")
        assert server.token not in page.url


def test_eight_tabs_are_open_at_once_and_none_hangs(chromium, studio):
    """A browser opens six connections to a server; a stream in each tab would leave none for requests."""
    job = studio.submit(IRIS, epochs=3)
    problems = []
    context = chromium.new_context()
    try:
        tabs = [context.new_page() for _ in range(TABS)]
        for tab in tabs:
            tab.on("pageerror", lambda error: problems.append(str(error)))
            tab.goto(studio.page("#/runs"))
        for tab in tabs:
            shown(tab)
        studio.ready(job)
        for tab in tabs:  # while all the others are open
            answer = tab.evaluate("async path => (await fetch(path)).json()", f"v1/jobs/{job}")
            assert answer["status"] == "ready"
    finally:
        context.close()
    assert problems == []


NARROW_PHONE = {**PHONE, "is_mobile": False}
"""A phone for checks of width: a mobile Chromium widens its window to what overflows, and hides it so."""


def test_a_phone_gets_the_page(chromium, studio):
    with visit(chromium, studio.page(), **NARROW_PHONE) as page:
        shown(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
        axe(page)


NARROW = (390, 320)
"""Widths of a phone, and of pages of 1,280 pixels at 400 %, the smallest that WCAG 2.1 asks for (1.4.10)."""


@pytest.fixture(scope="module")
def trained(studio):
    """A run for every view, so sure of its answers that Watch shows 100 %."""
    return studio.train(IRIS, epochs=40, optimizer={"type": "Adam", "learning_rate": 0.1})["id"]


SHOWN = {
    "build": "g.block",
    "watch": ".surface svg",
    "understand": "main figure",
    "try": "main section",
    "take": "main section",
    "runs": "main tbody tr",
}
"""What a view has once its data have come."""


@pytest.mark.parametrize("view", SHOWN)
def test_no_view_scrolls_sideways(chromium, studio, trained, view):
    place = f"#/{view}" if view in ("build", "runs") else f"#/{view}/{trained}"
    with visit(chromium, studio.page(place), **NARROW_PHONE) as page:
        page.wait_for_selector(SHOWN[view])
        if view == "watch":
            page.get_by_role("slider").first.press("End")
            page.locator(".network .answer", has_text="100").wait_for()
        for width in NARROW:
            page.set_viewport_size({"width": width, "height": 640})
            page.wait_for_timeout(500)  # charts measure their width
            wide = page.evaluate(WIDE)
            assert wide == [], f"wider than the page of {width} pixels: {wide}"
            assert page.evaluate(CUT) == []


WIDE = """() => {
    const width = document.documentElement.scrollWidth;
    if (width <= innerWidth) return [];
    const out = [...document.querySelectorAll('body *')]
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1);
    return [`${width} pixels`, ...out.slice(0, 5).map(one => one.outerHTML.slice(0, 120))];
}"""


CUT = """() => [...document.querySelectorAll('.network .answer > *')]
    .filter(one => one.getBoundingClientRect().right > one.closest('.network').getBoundingClientRect().right + 1)
    .map(one => one.textContent)"""
"""Answers beside the network that stand out of its picture."""


# Behind nginx, under a prefix

PREFIX = "/ml/"
LOCATION = """
    location = /ml { return 308 /ml/; }
    location /ml/ { proxy_pass http://quickml/; }
"""


@pytest.fixture
def prefixed(studio, tmp_path):
    """An nginx whose `/ml/` is the server."""
    text = CONFIGURATION.read_text()
    before = "    # Event streams need no more"
    assert text.count(before) == 1
    upstream = studio.server.address.removeprefix("http://")
    configuration = text.replace(before, LOCATION + before)
    with proxying(upstream, tmp_path, configuration=configuration) as nginx:
        yield f"{nginx.address}{PREFIX}"


@needs_nginx
def test_the_page_works_behind_nginx_under_a_prefix(chromium, studio, prefixed):
    asked = []
    with visit(chromium, prefixed, ignore_https_errors=True) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        shown(page)
        post = """async document => {
            const answer = await fetch('v1/jobs', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: document});
            return [answer.status, await answer.json()];
        }"""
        status, job = page.evaluate(post, json.dumps(IRIS))
        assert status == 202, job
        studio.ready(job["id"])
        (link,) = page.evaluate(
            "async id => (await (await fetch(`v1/jobs/${id}/links`, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{\"names\": [\"model.mlmodel\"]}'})).json()).links",
            job["id"],
        )
        with page.expect_download() as download:
            page.evaluate(
                "url => { const a = document.createElement('a'); a.href = '.' + url; document.body.append(a); a.click(); }",
                link["url"],
            )
        assert download.value.suggested_filename == "model.mlmodel"
        removed = page.evaluate(
            "async id => (await fetch(`v1/jobs/${id}`, {method: 'DELETE'})).status", job["id"]
        )
        assert removed == 204
    assert asked
    assert all(url.startswith(prefixed) for url in asked if not url.startswith(("data:", "blob:")))


@needs_nginx
def test_nginx_passes_coding_conditions_and_policy_on(studio, prefixed):
    with httpx.Client(base_url=prefixed, verify=False, headers=BROWSER) as client:
        found = client.get("", headers={"Accept-Encoding": "br"})
        assert found.headers["content-encoding"] == "br"
        assert "frame-ancestors 'none'" in found.headers["content-security-policy"]
        again = client.get("", headers={"Accept-Encoding": "br", "If-None-Match": found.headers["etag"]})
        assert again.status_code == 304
        assert client.get("", headers={"Accept": "application/json"}).json()["name"] == "QuickML"


# Beside the API


def test_the_page_is_sent_while_everything_is_busy(studio):
    """Files are in memory: a hundred requests for them take no thread that the API needs."""
    scripts = re.findall(r'src="\./(assets/[^"]+\.js)"', httpx.get(studio.page(), headers=BROWSER).text)
    assert scripts
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda _: httpx.get(studio.page(scripts[0]), timeout=PATIENCE_S).status_code, range(100))
        )
    assert set(answers) == {200}
    assert studio.client.get("/v1/jobs").status_code == 200
