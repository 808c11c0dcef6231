"""The report in a real browser: it plays its film, from a file, by mouse and by keyboard, and has it in words."""

import json
import re
from base64 import b64encode
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import pytest

import filmed
from browser import chromium, visit
from quickml.film import Film
from quickml.http.files.response import SANDBOX
from quickml.report.page import render
from quickml.report.player import player
from quickml.report.script import script
from report_pages import a_report

__all__ = ["chromium"]  # a fixture

MAKERS = {"plane": filmed.plane, "digits": filmed.digits, "iris": filmed.iris, "sums": filmed.sums}
DOCUMENTED = Path(__file__).parents[3] / "docs" / "explanation" / "film.md"


@pytest.fixture(scope="module")
def films():
    return {name: make() for name, make in MAKERS.items()}


@pytest.fixture(scope="module")
def pages(films, tmp_path_factory):
    """Addresses of reports, as files."""
    folder = tmp_path_factory.mktemp("reports")
    for name, (content, plan, data) in films.items():
        html = render(a_report(), [], player(content, plan, data))
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in films}


def wait_for_words(page, words):
    """Wait until the playhead says this; pages draw a little later than they are told to."""
    page.wait_for_selector(f'input[type=range][aria-valuetext="{words}"]', state="attached")


def decoded(page, reader, content):
    """What a reader in JavaScript finds: for every frame its number, its loss, and the values of every part."""
    found = page.evaluate(f"async (bytes) => {{ {reader} }}", b64encode(content).decode())
    return json.loads(found)


PLAYER = """
  const film = await Film.read(fromBase64(bytes));
  return JSON.stringify(film.frames.map((frame, i) => [frame.number, frame.loss,
    Object.fromEntries([...film.parts.keys()].map((name) => [name, Array.from(film.values(i, name))]))]));
"""
DOCUMENTATION = """
  const film = await readFilm(Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)).buffer);
  return JSON.stringify(film.frames.map((frame) => [frame.number, frame.loss,
    Object.fromEntries(Object.entries(frame.parts).map(([name, values]) => [name, Array.from(values)]))]));
"""


@pytest.mark.parametrize("reader", ["player", "documentation"])
def test_readers_in_javascript_find_what_quickml_wrote(chromium, films, reader):
    if reader == "player":
        code = script().rpartition("main();")[0] + PLAYER
    else:
        text = DOCUMENTED.read_text(encoding="utf-8")
        code = re.findall(r"```javascript\n(.*?)```", text, re.DOTALL)[0] + DOCUMENTATION
    with visit(chromium, "about:blank") as page:
        for content, _, _ in films.values():
            film = Film.read(content)
            for frame, (number, loss, parts) in zip(film.frames, decoded(page, code, content), strict=True):
                assert number == frame.number
                assert loss == (None if np.isnan(frame.loss) else frame.loss)
                assert parts.keys() == frame.parts.keys()
                for name, values in parts.items():
                    np.testing.assert_allclose(values, frame.parts[name].ravel(), rtol=1e-5, atol=1e-6)


def test_a_page_that_asks_another_host_fails_its_test(chromium):
    with (
        pytest.raises(AssertionError, match=r"request to http://example\.org/picture\.png"),
        visit(chromium, "data:text/html,<img src='http://example.org/picture.png'>"),
    ):
        pass


def test_the_film_plays_and_is_stepped_through(chromium, pages):
    with visit(chromium, pages["plane"], reduced_motion="reduce") as page:
        page.wait_for_selector("#film:not([hidden])")
        assert page.locator("#film-still").is_hidden()
        wait_for_words(page, "epoch 4 of 20, loss 0.25")  # nothing moves by itself
        page.get_by_role("slider").press("Home")
        wait_for_words(page, "start, before the first step")
        page.get_by_role("slider").press("ArrowRight")
        wait_for_words(page, "epoch 1 of 20, step 2, loss 2")
        page.get_by_role("button", name="Next frame").click()
        wait_for_words(page, "epoch 1 of 20, loss 1")
        page.get_by_role("button", name="Speed 4").click()
        page.get_by_role("button", name="Play").click()
        page.wait_for_selector("#film[data-frame='16']")  # the last one
        page.get_by_role("button", name="Play").wait_for()
        wait_for_words(page, "epoch 4 of 20, loss 0.25")


def test_the_slider_follows_the_mouse_to_both_ends(chromium, pages):
    with visit(chromium, pages["plane"], reduced_motion="reduce") as page:
        page.wait_for_selector("#film:not([hidden])")
        box = page.locator(".film-time").bounding_box()
        middle = box["y"] + box["height"] / 2
        for share, frame in ((0, 0), (0.5, 8), (1, 16)):
            page.mouse.click(box["x"] + share * box["width"], middle)
            page.wait_for_selector(f"#film[data-frame='{frame}']")


def test_the_picture_is_the_grid_of_the_frame(chromium, pages, films):
    film = Film.read(films["plane"][0])
    with visit(chromium, pages["plane"], reduced_motion="reduce") as page:
        page.wait_for_selector("#film:not([hidden])")
        page.get_by_role("slider").press("Home")
        page.wait_for_selector("#film[data-frame='0']")
        pixels = page.locator(".film-answer canvas").evaluate(
            "(c) => Array.from(c.getContext('2d').getImageData(0, 0, 64, 64).data)"
        )
        red, _, blue, _ = np.array(pixels).reshape(64, 64, 4).transpose(2, 0, 1)
        grid = film.frames[0].parts["grid"][0, ::-1]
        assert (blue > red)[grid > 0.55].all()
        assert (red > blue)[grid < 0.45].all()
        page.get_by_role("button", name="Unit 2 of first").hover()
        page.get_by_role("heading", name="Unit 2 of first").wait_for()


def test_values_of_a_regression_are_written_out(chromium, pages, films):
    film = Film.read(films["sums"][0])
    with visit(chromium, pages["sums"], reduced_motion="reduce") as page:
        page.wait_for_selector("#film:not([hidden])")
        page.get_by_role("slider").press("Home")
        page.wait_for_selector("#film[data-frame='0']")
        answers, truths = film.frames[0].parts["probes"][:, 0], [3, 0, 1, 2, 4, 5, 6, 7]
        facts = page.locator(".film-facts").inner_text()
        assert float(facts.split()[-1]) == pytest.approx(np.abs(answers - truths).mean(), rel=0.01)
        value = page.locator(".film-layer.value b").inner_text()
        assert float(value) == pytest.approx(film.frames[0].parts["activation/last"][0], rel=0.01)
        assert page.locator(".film-steps path").count() == films["sums"][1].info.shape[1]


def test_units_are_one_stop_for_the_tab_key(chromium, pages):
    with visit(chromium, pages["plane"], reduced_motion="reduce") as page:
        page.wait_for_selector("#film:not([hidden])")
        page.locator("#film").focus()
        page.keyboard.press("Tab")
        page.get_by_role("heading", name="Unit 1 of first").wait_for()
        page.keyboard.press("ArrowDown")
        page.get_by_role("heading", name="Unit 2 of first").wait_for()
        page.keyboard.press("ArrowLeft")
        wait_for_words(page, "epoch 4 of 20, step 14, loss 0.286")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.film-network')") is None


def test_films_play_by_themselves_where_motion_is_welcome(chromium, pages):
    with visit(chromium, pages["digits"]) as page:
        page.locator("#film").scroll_into_view_if_needed()
        page.get_by_role("button", name="Pause").click()
        assert page.get_by_role("button", name="Play").is_visible()


@pytest.mark.parametrize("name", list(MAKERS))
def test_nothing_is_wider_than_a_phone_and_controls_fit_a_finger(chromium, pages, name):
    phone = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "reduced_motion": "reduce"}
    with visit(chromium, pages[name], **phone) as page:
        page.wait_for_selector("#film:not([hidden])")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for control in page.locator(".film button:visible, .film summary").all():
            assert control.bounding_box()["height"] >= 44


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_server_lets_the_player_run_and_nothing_else(chromium, pages, is_changed):
    """With the headers of a server, whatever the policy of the page itself says."""
    html = Path(url2pathname(urlsplit(pages["plane"]).path)).read_text(encoding="utf-8")
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    html = html.replace("main();", "main(); //", 1) if is_changed else html
    answer = {"body": html, "content_type": "text/html", "headers": {"Content-Security-Policy": SANDBOX}}
    expected = pytest.raises(AssertionError, match="violates the following") if is_changed else nullcontext()
    with expected, visit(chromium, "about:blank") as page:
        page.route("http://localhost/report.html", lambda route: route.fulfill(**answer))
        page.goto("http://localhost/report.html")
        page.wait_for_selector("#film-still" if is_changed else "#film:not([hidden])")
        assert page.evaluate("self.origin") == "null"


def test_without_scripts_there_are_still_pictures(chromium, pages):
    with visit(chromium, pages["plane"], java_script_enabled=False) as page:
        assert page.locator("#film").is_hidden()
        assert page.locator("#film-still img").count() == 6
        assert page.get_by_text("The training ended at epoch 4 of 20, loss 0.25").is_visible()


def test_an_old_browser_says_that_it_cannot_play(chromium, pages):
    with visit(chromium, "about:blank") as page:
        page.add_init_script("delete window.DecompressionStream")
        page.goto(pages["iris"])
        page.get_by_text("The film cannot be played: this browser is too old to play it.").wait_for()
        assert page.locator("#film-still").is_visible()
