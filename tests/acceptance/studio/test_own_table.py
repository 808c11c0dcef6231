"""A table of one's own: every view of its job works without samples, which the server does not give out."""

import random

import pytest

from browser import chromium, visit
from studio import DESKTOP, GERMAN, PHONE, axe, screens, studio

FIXTURES = (chromium, studio)
TYPES = {"area": "number", "rooms": "number", "district": "category"}


def flats():
    """A CSV file with gaps in both columns of numbers."""
    chance = random.Random(7)
    lines = ["area,rooms,district,price"]
    for i in range(120):
        area, rooms = chance.randint(20, 140), chance.randint(1, 6)
        district = chance.choice(["Mitte", "Nord", "Süd"])
        price = 3000 * area + 9000 * rooms + len(district) * 1000 + chance.randint(0, 999)
        lines.append(f"{'' if i % 9 == 0 else area},{'' if i % 11 == 0 else rooms},{district},{price}")
    return "\n".join(lines).encode()


@pytest.fixture(scope="module")
def job(studio):
    headers = {"Upload-Complete": "?1", "Content-Disposition": 'inline; filename="flats.csv"'}
    assert studio.client.post("/v1/files", content=flats(), headers=headers).status_code == 201
    layers = [{"type": "Dense", "units": 8, "activation": "relu"}, {"type": "Dense", "units": 1}]
    dataset = {
        "name": "table",
        "file": "flats.csv",
        "target": "price",
        "task": "regression",
        "columns": TYPES,
    }
    document = {"name": "flats", "dataset": dataset, "model": {"layers": layers}}
    return studio.train({**document, "export": {"formats": ["mlmodel"]}}, epochs=3)


def answer(studio, job, row):
    """What the server says to a row, with four digits as the page has it."""
    found = studio.client.post(f"/v1/jobs/{job['id']}/predictions", json={"inputs": [row]}).json()
    (value,) = found["predictions"][0]["values"]
    return f"{float(f'{value:.4g}'):,.0f}"


def asks_for_samples(request):
    return "/v1/datasets/table" in request.url


def test_a_row_is_filled_in_and_the_file_answers(chromium, studio, job):
    with visit(chromium, studio.page(f"#/try/{job['id']}"), **DESKTOP) as page:
        area, rooms = page.get_by_label("area"), page.get_by_label("rooms")
        district = page.get_by_label("district")
        page.wait_for_selector(".layers")
        assert district.locator("option").all_inner_texts() == ["Mitte", "Nord", "Süd", "other or missing"]
        assert page.get_by_text("Empty counts as").count() == 2

        area.focus()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("101.5")
        page.keyboard.press("Tab")
        page.keyboard.press("Delete")
        district.select_option("Süd")
        row = {"area": 101.5, "rooms": None, "district": "Süd"}
        page.get_by_text(answer(studio, job, row), exact=True).first.wait_for()
        district.select_option("other or missing")
        row["district"] = None
        page.get_by_text(answer(studio, job, row), exact=True).first.wait_for()
        assert page.get_by_text("price", exact=True).count() == 1
        assert page.get_by_role("alert").count() == 0
        axe(page)
        screens(page, "own-table")

        rooms.fill("many")
        page.get_by_text("Enter a number.").wait_for()
        assert rooms.get_attribute("aria-invalid") == "true"
        assert page.get_by_text("Its answer appears here.").count() == 1
        axe(page)


SHOWN = {
    "watch/": ".pictures canvas, .pictures svg",
    "understand/": "#part-found .gallery button",
    "try/": ".layers",
    "take/": ".code textarea",
    "build?clone=": "h1:text('flats.csv')",
}


@pytest.mark.parametrize("view", SHOWN)
def test_no_view_asks_for_samples_or_shows_an_error(chromium, studio, job, view):
    asked = []
    with visit(chromium, studio.page(), **PHONE, **GERMAN) as page:
        page.on("request", lambda request: asked.append(request.url) if asks_for_samples(request) else None)
        page.goto(studio.page(f"#/{view}{job['id']}"))
        page.locator(SHOWN[view]).first.wait_for()
        if view == "watch/":
            assert "Testbeispiel" not in page.locator(".pictures").inner_text()
        axe(page)
        assert not asked
        assert page.get_by_role("alert").count() == 0


@pytest.fixture(scope="module")
def pair(studio, job):
    """A job that predicts two numbers from the same file."""
    layers = [{"type": "Dense", "units": 8, "activation": "relu"}, {"type": "Dense", "units": 2}]
    columns = {"rooms": "number", "district": "category"}
    dataset = {"name": "table", "file": "flats.csv", "target": ["price", "area"], "columns": columns}
    document = {"name": "pair", "dataset": dataset, "model": {"layers": layers}}
    return studio.train({**document, "export": {"formats": ["mlmodel"]}}, epochs=3)


def test_several_numbers_are_shown_with_their_names(chromium, studio, pair):
    with visit(chromium, studio.page(f"#/try/{pair['id']}"), **DESKTOP) as page:
        rooms = page.get_by_label("rooms")
        page.wait_for_selector(".layers")
        rooms.fill("3")
        page.get_by_label("district").select_option("Nord")
        row = {"rooms": 3, "district": "Nord"}
        found = studio.client.post(f"/v1/jobs/{pair['id']}/predictions", json={"inputs": [row]}).json()
        (prediction,) = found["predictions"]
        assert list(prediction["targets"]) == ["price", "area"]
        price, area = (float(f"{value:.4g}") for value in prediction["values"])
        page.get_by_text(f"{price:,.0f} · {area:,.4g}", exact=True).first.wait_for()
        assert page.get_by_text("price · area", exact=True).count() == 1
        assert page.get_by_role("alert").count() == 0


@pytest.mark.parametrize("view", ["watch/", "understand/", "take/"])
def test_views_of_several_numbers_show_no_error(chromium, studio, pair, view):
    with visit(chromium, studio.page(f"#/{view}{pair['id']}"), **DESKTOP) as page:
        page.locator(SHOWN[view]).first.wait_for()
        assert page.get_by_role("alert").count() == 0
        if view == "understand/":
            price, area = (page.get_by_role("radio", name=name) for name in ("price", "area"))
            assert price.is_checked()
            page.locator("h1", has_text="price").wait_for()
            area.check()
            page.locator("h1", has_text="area").wait_for()
            page.get_by_text("Actual: area").wait_for()
            axe(page)
        if view == "take/":
            code = page.locator(".code textarea").first.input_value()
            assert "-> (price: Double, area: Double)" in code
