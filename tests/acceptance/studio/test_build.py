"""Build in a browser: a network made by clicking and by keyboard, search, drag, branches, what does not fit."""

import json
import re
from collections import Counter

import pytest
from playwright.sync_api import expect

from browser import chromium, visit
from studio import DARK, DESKTOP, GERMAN, PHONE, STILL, TABLET, axe, screens, studio

__all__ = ["chromium", "studio"]

SLOW_MS = 60_000
"""The first requests of a server take longer on a busy machine."""


def opened(chromium, studio, hash="", **context):
    """Build with its catalogue loaded and the draft checked."""
    return visit(chromium, studio.page(hash), **{**DESKTOP, **STILL, **context})


def ready(page):
    """Wait for the catalogue and for what the server says about the draft."""
    page.locator(".chips button").nth(2).wait_for(timeout=SLOW_MS)
    expect(page.locator(".block.unknown")).to_have_count(0, timeout=SLOW_MS)
    return page


def block(page, index):
    """The block of a layer; -1 is the input."""
    return page.locator(f".block[data-id='{index}']")


def types(page):
    """Types of the layers in the order of the document."""
    ready(page)
    labels = page.locator(".block").evaluate_all(
        "blocks => blocks.map(b => [Number(b.dataset.id), b.getAttribute('aria-label')])"
    )
    return [label.split(", ")[1] for index, label in sorted(labels) if index >= 0]


def delivered(studio, page):
    """The job that Watch shows, once it is ready, and its files."""
    page.wait_for_url(re.compile(r"#/watch/"), timeout=SLOW_MS)
    job = studio.ready(page.url.rsplit("/", 1)[1].split("?")[0])
    files = studio.client.get(f"/v1/jobs/{job['id']}/artifacts").json()
    return job, {row["name"] for row in files["artifacts"]}


def few_epochs(page):
    """Three epochs are enough here."""
    page.get_by_label("Epochs").first.fill("3")
    page.get_by_label("Epochs").first.press("Tab")


def test_what_was_answered_is_not_asked_again(chromium, studio):
    """Neither its own answers nor those of others make a part of the page ask again."""
    with opened(chromium, studio, "#/build?example=iris") as page:
        asked = Counter()
        page.on("request", lambda request: asked.update([request.url]))
        page.reload()
        ready(page)
        page.locator(".data figure").first.wait_for()
        page.wait_for_timeout(1000)
        assert any("/samples" in url for url in asked)
        # A link's example is looked up, and its document is checked after the one that was kept. What fails on a busy
        # machine may be tried again; what is asked after every answer is asked many times in a second.
        answered = {url: times for url, times in asked.items() if "/v1/" in url and "/events" not in url}
        assert {url: times for url, times in answered.items() if times > 5} == {}


def test_iris_by_clicking(chromium, studio):
    """Choose a dataset, take the small network that fits it, add a layer, train."""
    with opened(chromium, studio) as page:
        ready(page)
        page.get_by_role("button", name="Another dataset").click()
        page.get_by_role("dialog").get_by_role("button", name="Iris flowers").click()
        expect(page.locator("#dataset-title")).to_have_text("Iris flowers")
        page.get_by_role("button", name="Begin with a small network").click(timeout=SLOW_MS)
        assert types(page) == ["Dense", "Dense"]
        block(page, 0).click()
        page.locator(".chips").get_by_role("button", name="Dropout").click()
        assert types(page) == ["Dense", "Dropout", "Dense"]
        expect(page.locator("section.form h2")).to_have_text("Dropout")
        page.locator("section.form").get_by_label("rate", exact=True).fill("0.1")
        few_epochs(page)
        page.get_by_role("button", name="Train", exact=True).click()
        job, files = delivered(studio, page)
        assert [layer["type"] for layer in job["document"]["model"]["layers"]] == [
            "Dense",
            "Dropout",
            "Dense",
        ]
        assert job["document"]["model"]["layers"][1]["rate"] == pytest.approx(0.1)
        assert {"model.mlmodel"} <= files


def test_iris_by_keyboard_alone(chromium, studio):
    with opened(chromium, studio) as page:
        ready(page)
        tab_to(page, "Another dataset")
        page.keyboard.press("Enter")
        tab_to(page, "Iris flowers")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Begin with a small network").wait_for(timeout=SLOW_MS)
        tab_to(page, "Begin with a small network")
        page.keyboard.press("Enter")
        assert types(page) == ["Dense", "Dense"]
        page.keyboard.press("/")
        page.keyboard.type("dropo")
        page.keyboard.press("Enter")
        assert types(page) == ["Dense", "Dropout", "Dense"]
        assert focused(page) == "1", "the new block has the keyboard"
        page.keyboard.press("Alt+ArrowLeft")
        assert types(page) == ["Dropout", "Dense", "Dense"]
        page.keyboard.press("Alt+ArrowRight")
        page.keyboard.press("ArrowLeft")
        assert focused(page) == "0"
        page.keyboard.press("+")
        page.keyboard.type("BatchNorm")
        page.keyboard.press("Enter")
        assert types(page) == ["Dense", "BatchNormalization", "Dropout", "Dense"]
        page.keyboard.press("Delete")
        assert types(page) == ["Dense", "Dropout", "Dense"]
        page.keyboard.press("Enter")
        page.wait_for_timeout(100)
        assert page.evaluate(NAME) == "rate", "Enter opens the form"
        page.keyboard.press("Escape")
        assert focused(page) == "1"
        few_epochs(page)
        tab_to(page, "Train")
        page.keyboard.press("Enter")
        _, files = delivered(studio, page)
        assert {"model.mlmodel"} <= files


NAME = """() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    const by = at?.getAttribute('aria-labelledby');
    return (by ? document.getElementById(by)?.textContent : (at?.getAttribute('aria-label') ?? at?.textContent) ?? '').trim();
}"""


def tab_to(page, name, most=160):
    """Press Tab until what has the keyboard is called so. Escape leaves the text editor, as it says."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(NAME).startswith(name):
            return
        if page.evaluate(
            "document.activeElement?.shadowRoot !== null && document.activeElement !== document.body"
        ):
            page.keyboard.press("Escape")
    raise AssertionError(f"Tab did not reach {name!r}")


def focused(page):
    page.wait_for_timeout(100)
    return page.evaluate("document.activeElement?.dataset.id")


def test_a_broken_network_is_said_at_the_block_and_repaired_by_one_click(chromium, studio):
    with opened(chromium, studio, "#/build?example=mnist_cnn") as page:
        expect(page.locator("#dataset-title")).to_have_text("MNIST", timeout=SLOW_MS)
        whole = types(page)
        block(page, whole.index("Flatten")).click()
        page.keyboard.press("Delete")
        wrong = page.locator(".block.wrong")
        expect(wrong).to_have_count(1, timeout=SLOW_MS)
        expect(wrong).to_contain_text("does not fit")
        ghost = page.locator(".block.ghost")
        expect(ghost).to_contain_text("Flatten")
        expect(ghost).to_contain_text("400")
        assert page.locator(".block.after").count() == 2
        expect(page.locator("p.sentence[aria-live]")).to_contain_text("With the Flatten it will be 14,410")
        screens(page, "build-broken")
        axe(page)
        page.locator(".bubble").get_by_role("button", name="Put a Flatten before it").click()
        expect(wrong).to_have_count(0, timeout=SLOW_MS)
        assert types(page) == whole
        page.get_by_role("button", name="Undo", exact=True).click()
        expect(wrong).to_have_count(1, timeout=SLOW_MS)
        page.get_by_role("button", name="Redo", exact=True).click()
        assert types(page) == whole


def test_search(chromium, studio):
    with opened(chromium, studio) as page:
        ready(page)
        page.keyboard.press("/")
        options = page.locator(".list").get_by_role("option")
        expect(options).to_have_count(len(studio.client.get("/v1/layers").json()["layers"]))
        axe(page)
        page.keyboard.type("noise")
        expect(options.first).to_contain_text("GaussianNoise")
        page.keyboard.press("Escape")
        expect(options).to_have_count(0)
        page.keyboard.type("/")
        page.keyboard.type("no such layer")
        expect(page.locator(".list")).to_contain_text("No layer has this name")


def test_a_layer_is_dragged_to_a_place(chromium, studio):
    with opened(chromium, studio, "#/build?example=iris") as page:
        expect(page.locator("#dataset-title")).to_have_text("Iris flowers", timeout=SLOW_MS)
        assert types(page) == ["Dense", "Dense"]
        drag(page, page.locator(".chips").get_by_role("button", name="Dropout"), page.locator(".plus").nth(0))
        assert types(page) == ["Dropout", "Dense", "Dense"]
        drag(page, block(page, 0), page.locator(".plus").nth(2))
        assert types(page) == ["Dense", "Dropout", "Dense"]


def drag(page, what, where):
    start, end = what.bounding_box(), where.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + 40, steps=3)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=6)
    expect(page.locator(".plus.over")).to_have_count(1)
    page.mouse.up()


def test_a_press_on_a_place_opens_the_search_for_it(chromium, studio):
    with opened(chromium, studio, "#/build?example=iris") as page:
        expect(page.locator("#dataset-title")).to_have_text("Iris flowers", timeout=SLOW_MS)
        ready(page)
        page.locator(".plus").nth(0).click()
        page.keyboard.type("LayerNorm")
        page.locator(".list").get_by_role("option").first.click()
        assert types(page) == ["LayerNormalization", "Dense", "Dense"]


@pytest.mark.parametrize(("example", "layers"), [("mnist_resnet", 30), ("mnist_inception", 24)])
def test_branches_are_drawn_as_a_graph(chromium, studio, example, layers):
    with opened(chromium, studio, f"#/build?example={example}") as page:
        expect(page.locator(".block")).to_have_count(layers + 1, timeout=SLOW_MS)
        ready(page)
        boxes = page.locator(".block").evaluate_all(
            "all => all.map(b => b.getBoundingClientRect()).map(r => [r.left, r.top, r.right, r.bottom])"
        )
        for at, (left, top, right, bottom) in enumerate(boxes):
            for other in boxes[at + 1 :]:
                apart = (
                    right <= other[0] + 16
                    or other[2] <= left + 16
                    or bottom <= other[1] + 16
                    or other[3] <= top + 16
                )
                assert apart, "blocks lie on each other"
        axe(page)
        screens(page, f"build-{example}")


def test_a_skip_connection_is_made_by_clicking(chromium, studio):
    with opened(chromium, studio) as page:
        ready(page)
        block(page, 1).click()
        page.locator(".chips").get_by_role("button", name="Add", exact=True).click()
        expect(page.locator(".block")).to_have_count(5, timeout=SLOW_MS)
        assert types(page) == ["Dense", "Dense", "Add", "Dense"]
        sources = page.locator("section.form .takes select")
        expect(sources).to_have_count(2)
        assert page.locator(".block.wrong").count() == 0


def test_options_of_the_plane_change_the_points(chromium, studio):
    with opened(chromium, studio) as page:
        ready(page)
        canvas = page.locator(".preview canvas")
        canvas.wait_for()
        page.wait_for_timeout(300)
        before = canvas.evaluate("c => c.toDataURL()")
        page.locator(".data summary", has_text="Options").click()
        page.locator(".data").get_by_label("noise", exact=True).fill("0.6")
        expect(page.locator(".cm-content")).to_contain_text('"noise": 0.6', timeout=SLOW_MS)
        page.wait_for_timeout(1500)
        assert canvas.evaluate("c => c.toDataURL()") != before


def test_every_layer_has_a_form(chromium, studio):
    """The form of every type, with its example of the reference: no field is missing, nothing is written to the console."""
    kinds = studio.client.get("/v1/layers").json()["layers"]
    with opened(chromium, studio, "#/build?example=mnist_cnn") as page:
        expect(page.locator("#dataset-title")).to_have_text("MNIST", timeout=SLOW_MS)
        ready(page)
        block(page, 0).click()
        page.locator("section.form summary").click()
        for kind in kinds:
            page.locator("section.form select[id$='-type']").select_option(kind["type"])
            expect(page.locator("section.form h2")).to_have_text(kind["type"])
            if page.locator("section.form details:not([open])").count():
                page.locator("section.form summary").click()
            shown = set(page.locator("section.form .mono").all_inner_texts())
            assert set(kind["schema"]["properties"]) <= shown, kind["type"]
        axe(page, "section.form")


def test_an_error_stands_at_its_field(chromium, studio):
    with opened(chromium, studio, "#/build?example=iris") as page:
        expect(page.locator("#dataset-title")).to_have_text("Iris flowers", timeout=SLOW_MS)
        ready(page)
        block(page, 0).click()
        field = page.locator("section.form").get_by_label("units", exact=True)
        field.fill("0")
        expect(field).to_have_attribute("aria-invalid", "true", timeout=SLOW_MS)
        about = field.get_attribute("aria-describedby").split()[-1]
        expect(page.locator(f"[id='{about}']")).to_contain_text("1")


@pytest.mark.parametrize(
    "context", [DESKTOP, TABLET, PHONE, {**DESKTOP, **DARK}], ids=["desktop", "tablet", "phone", "dark"]
)
def test_accessibility_at_every_size(chromium, studio, context):
    with opened(chromium, studio, **context) as page:
        ready(page)
        block(page, 0).click()
        axe(page)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, "the page scrolls sideways"
        screens(page, "build")
        page.get_by_role("button", name="Another dataset").click()
        page.locator("dialog img").first.wait_for(timeout=SLOW_MS)
        axe(page)
        screens(page, "build-datasets")


def test_in_german(chromium, studio):
    with opened(chromium, studio, "#/build?example=mnist_cnn", **GERMAN) as page:
        ready(page)
        text = page.inner_text("main")
        for words in ("Daraus lernt es", "Schicht einfügen", "Gewichte", "Oder beginnen mit"):
            assert words in text or words in json.dumps(page.content(), ensure_ascii=False)


def test_hidden_parts(chromium, studio):
    with opened(chromium, studio, "#/build?hide=dataset,examples,palette,document,training") as page:
        page.locator(".block").nth(3).wait_for(timeout=SLOW_MS)
        for part in (".data", ".palette", ".document .host", ".training input"):
            assert page.locator(part).count() == 0
        expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
        axe(page)
