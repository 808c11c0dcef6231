"""Watch: the playhead moves through the film that the server stored, and the address keeps the moment."""

import re
import time

import numpy as np
import pytest

from browser import chromium, visit
from quickml import Film
from studio import DARK, DESKTOP, PHONE, SPIRALS, STILL, TABLET, axe, screens, studio

FIXTURES = (chromium, studio)
ORANGE, PAPER, BLUE = np.array([232, 131, 58]), np.array([252, 252, 250]), np.array([53, 88, 212])
ONE_LAYER = {
    **SPIRALS,
    "name": "one layer of 8",
    "model": {
        "layers": [{"type": "Dense", "units": 8, "activation": "tanh"}, SPIRALS["model"]["layers"][-1]]
    },
}
DIVERGING = {
    "name": "too fast",
    "dataset": "diabetes",
    "model": {"layers": [{"type": "Dense", "units": 8, "activation": "relu"}, {"type": "Dense", "units": 1}]},
    "training": {"optimizer": {"type": "SGD", "learning_rate": 1e6}, "epochs": 5},
}
ENDLESS = {**SPIRALS, "name": "endless spirals"}


@pytest.fixture(scope="module")
def spirals(studio):
    return studio.train(SPIRALS, epochs=60)["id"]


@pytest.fixture(scope="module")
def other(studio):
    return studio.train(ONE_LAYER, epochs=30, batch_size=64)["id"]


@pytest.fixture(scope="module")
def film(studio, spirals):
    return film_of(studio, spirals)


def film_of(studio, job_id):
    files = studio.server.job(job_id)["artifacts"]
    url = next(file["url"] for file in files if file["kind"] == "film")
    return Film.read(studio.client.get(url).content)


@pytest.fixture
def endless(studio):
    """A training that is not over before it is looked at."""
    job_id = studio.submit(ENDLESS, epochs=10_000, batch_size=4)
    studio.until(job_id, "training")
    yield job_id
    studio.client.post(f"/v1/jobs/{job_id}/cancel")
    studio.server.until(lambda: studio.server.job(job_id)["status"] != "training", "the end of the job")


def watch(chromium, studio, job_id, query="", **context):
    return visit(chromium, studio.page(f"#/watch/{job_id}{query}"), **{**DESKTOP, **STILL, **context})


def slider(page):
    return page.get_by_role("slider", name="Position in the training")


def shown(page):
    """Number of the frame whose answers are drawn."""
    return int(page.locator("[data-shown]").get_attribute("data-shown"))


def until(page, expression, seconds=30):
    """Wait until an expression is true: the policy of the page forbids what `wait_for_function` does."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"waited in vain for {expression}"
        page.wait_for_timeout(50)


def stands_at(page, number):
    page.wait_for_selector(f"[data-shown='{number}']")


def colours(page, selector, cells):
    """Colours of a canvas at places: row 0 of the plane is the lowest."""
    return np.array(
        page.locator(selector).evaluate(
            """(canvas, cells) => {
              const copy = new OffscreenCanvas(canvas.width, canvas.height);
              const context = copy.getContext('2d', {willReadFrequently: true});
              context.drawImage(canvas, 0, 0);
              return cells.map(([row, column]) => {
                const x = Math.floor((column + 0.5) / 64 * canvas.width);
                const y = Math.floor((1 - (row + 0.5) / 64) * canvas.height);
                return [...context.getImageData(x, y, 1, 1).data.slice(0, 3)];
              });
            }""",
            cells,
        )
    )


def towards_blue(colour):
    """From -1, orange, to 1, blue: how far a colour is from the paper's."""
    return (PAPER - colour) @ (BLUE - ORANGE) / ((PAPER - BLUE) @ (BLUE - ORANGE))


def test_a_frame_that_is_scrubbed_to_is_the_stored_one(chromium, studio, spirals, film):
    cells = [(row, column) for row in range(4, 64, 7) for column in range(4, 64, 7)]
    with watch(chromium, studio, spirals) as page:
        stands_at(page, film.frames[-1].number)
        surface = slider(page).bounding_box()
        for share in (0.2, 0.55, 0.9):
            page.mouse.move(surface["x"] + 0.97 * surface["width"], surface["y"] + 60)
            page.mouse.down()
            page.mouse.move(surface["x"] + share * surface["width"], surface["y"] + 60, steps=8)
            page.mouse.up()
            wanted = min(film.frames, key=lambda frame: abs(frame.number / film.frames[-1].number - share))
            stands_at(page, wanted.number)
            values = np.asarray(wanted.parts["grid"])[0]
            drawn = colours(page, "[role=application] canvas", cells)
            answers = np.array([values[cell] for cell in cells])
            is_clear = np.abs(answers - 0.5) > 0.15
            blues = [np.linalg.norm(c - BLUE) < np.linalg.norm(c - ORANGE) for c in drawn]
            agrees = (np.array(blues) == (answers > 0.5))[is_clear]
            assert agrees.mean() > 0.9  # test points cover a few cells
            loss = float(page.locator("[data-value=loss]").first.inner_text())
            assert loss == pytest.approx(wanted.loss, rel=5e-3)


def test_the_strip_shows_stored_frames(chromium, studio, spirals, film):
    cells = [(row, column) for row in range(3, 64, 5) for column in range(3, 64, 5)]
    by_number = {frame.number: frame for frame in film.frames}
    with watch(chromium, studio, spirals) as page:
        stands_at(page, film.frames[-1].number)
        pictures = page.locator(".strip canvas")
        numbers = [int(pictures.nth(i).get_attribute("data-frame")) for i in range(pictures.count())]
        assert len(numbers) >= 8
        assert numbers[0] == 0 and numbers[-1] == film.frames[-1].number and numbers == sorted(numbers)
        for number in numbers:
            values = np.asarray(by_number[number].parts["grid"])[0]
            drawn = [towards_blue(c) for c in colours(page, f".strip canvas[data-frame='{number}']", cells)]
            answers = [2 * values[cell] - 1 for cell in cells]
            assert np.corrcoef(drawn, answers)[0, 1] > 0.97


def test_the_playhead_by_keyboard(chromium, studio, spirals, film):
    numbers = [frame.number for frame in film.frames]
    with watch(chromium, studio, spirals) as page:
        stands_at(page, numbers[-1])
        slider(page).focus()
        for key, index in (
            ("Home", 0), ("ArrowRight", 1), ("PageUp", 11), ("ArrowLeft", 10), ("PageDown", 0),
            ("End", len(numbers) - 1), ("ArrowLeft", len(numbers) - 2),
        ):  # fmt: skip
            page.keyboard.press(key)
            stands_at(page, numbers[index])
            assert slider(page).get_attribute("aria-valuenow") == str(index)
        text = slider(page).get_attribute("aria-valuetext")
        assert re.fullmatch(r"epoch \d+ of 60, loss [\d.]+", text)
        page.keyboard.press("Home")
        assert slider(page).get_attribute("aria-valuetext") == "before the first step"
        page.keyboard.press(" ")
        page.get_by_role("button", name="Pause").wait_for()
        until(page, "document.querySelector('[data-shown]').dataset.shown > 3")
        page.keyboard.press(" ")
        page.get_by_role("button", name="Play", exact=True).wait_for()


def test_playback_goes_through_all_frames_and_speeds_differ(chromium, studio, other):
    numbers = [frame.number for frame in film_of(studio, other).frames]
    with watch(chromium, studio, other, "?at=0") as page:
        stands_at(page, 0)
        page.get_by_role("button", name="4 times").click()
        page.evaluate(
            """() => { window.seen = new Set(); new MutationObserver(() =>
                seen.add(Number(document.querySelector('[data-shown]').dataset.shown)))
                .observe(document.querySelector('[data-shown]'), {attributes: true}) }"""
        )
        page.get_by_role("button", name="Play", exact=True).click()
        stands_at(page, numbers[-1])
        page.get_by_role("button", name="Play from the start").wait_for()
        assert len(page.evaluate("[...seen]")) > len(numbers) / 3


def test_a_finished_run_plays_by_itself_unless_motion_is_reduced(chromium, studio, spirals, film):
    with watch(chromium, studio, spirals, reduced_motion="no-preference") as page:
        page.get_by_role("button", name="Pause").wait_for()
        until(page, "document.querySelector('[data-shown]')?.dataset.shown < 60")
    with watch(chromium, studio, spirals) as page:
        stands_at(page, film.frames[-1].number)
        page.wait_for_timeout(500)
        assert shown(page) == film.frames[-1].number


def test_the_address_keeps_the_moment(chromium, studio, spirals, film):
    with watch(chromium, studio, spirals) as page:
        stands_at(page, film.frames[-1].number)
        page.get_by_role("button", name="Previous frame").click()
        number = film.frames[-2].number
        until(page, f"location.hash.includes('at={number}')")
        address = page.evaluate("location.hash")
    with visit(chromium, studio.page(address), **DESKTOP) as page:  # motion is not reduced
        stands_at(page, number)
        page.wait_for_timeout(400)
        assert shown(page) == number


@pytest.mark.parametrize("unit", ["epoch", "step", "share"])
def test_two_runs_on_one_playhead(chromium, studio, spirals, other, film, unit):
    second = film_of(studio, other)

    def place(of, number):
        return (
            number / {"epoch": of.header["steps_per_epoch"], "step": 1, "share": of.frames[-1].number}[unit]
        )

    with watch(chromium, studio, spirals, f"?with={other}&by={unit}") as page:
        page.wait_for_selector("[data-run=other][data-frame]")
        stands_at(page, film.frames[-1].number)
        slider(page).focus()
        page.keyboard.press("Home")
        for _ in range(4):
            page.keyboard.press("PageUp")
            number = shown(page)
            at = place(film, number)
            wanted = [frame.number for frame in second.frames if place(second, frame.number) <= at + 1e-9][-1]
            page.wait_for_selector(f"[data-run=other][data-frame='{wanted}']")
        assert page.get_by_text("one layer of 8").count() >= 2
        axe(page)
        screens(page, f"watch-compared-{unit}")
        page.get_by_role("button", name="Remove the comparison").click()
        until(page, "!location.hash.includes('with=')")


def test_another_run_is_chosen_by_clicking(chromium, studio, spirals, other):
    with watch(chromium, studio, spirals) as page:
        page.get_by_role("button", name="Compare with another run").click()
        page.get_by_role("button", name=re.compile("one layer of 8")).first.click()
        until(page, f"location.hash.includes('with={other}')")
        page.get_by_role("button", name="Swap").click()
        until(page, f"location.hash.startsWith('#/watch/{other}')")
        page.get_by_role("heading", name="one layer of 8", level=1).wait_for()


def test_the_table_has_the_numbers_of_the_epochs(chromium, studio, spirals):
    epochs = [event for _, event in studio.server.events(spirals) if event["type"] == "epoch"]
    with watch(chromium, studio, spirals) as page:
        page.get_by_role("button", name=re.compile("As a table ?: How it learned")).click()
        rows = page.get_by_role("region", name="How it learned").locator("tbody tr")
        rows.first.wait_for()
        assert rows.count() == len(epochs)
        cells = rows.nth(30).locator("td").all_inner_texts()
        assert cells[0] == "31"
        assert float(cells[1]) == pytest.approx(epochs[30]["metrics"]["loss"], rel=1e-3)


def test_a_training_is_followed_left_and_found_again(chromium, studio, endless):
    with watch(chromium, studio, endless) as page:
        page.get_by_text("You are watching live").wait_for()
        until(page, "document.querySelector('[data-shown]')?.dataset.shown > 0")
        page.keyboard.press("ArrowLeft")
        back = page.get_by_role("button", name=re.compile("Back to live"))
        back.wait_for()
        number = shown(page)
        page.wait_for_timeout(1500)
        assert shown(page) == number  # it stays, although the film grows
        back.click()
        page.get_by_text("You are watching live").wait_for()
        until(page, f"document.querySelector('[data-shown]').dataset.shown > {number}")


def test_stop_and_keep(chromium, studio, endless):
    with watch(chromium, studio, endless) as page:
        page.wait_for_selector("[data-shown]")
        page.get_by_role("button", name="Stop and keep").click()
        studio.ready(endless)
        page.get_by_text("verified").wait_for()
        page.get_by_text("stopped on request").first.wait_for(state="attached")
        assert page.get_by_role("button", name="Stop and keep").count() == 0
        page.get_by_text(re.compile("test samples, at the end")).wait_for()


def test_cancel_asks_when_something_is_lost(chromium, studio, endless):
    with watch(chromium, studio, endless) as page:
        until(page, "document.querySelector('[data-shown]')?.dataset.shown > 0")
        page.get_by_role("button", name="Cancel", exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text(re.compile("is lost")).wait_for()
        axe(page)
        dialog.get_by_role("button", name="Go on training").click()
        assert studio.server.job(endless)["status"] == "training"
        page.get_by_role("button", name="Cancel", exact=True).click()
        page.get_by_role("button", name="Cancel the training").click()
        page.get_by_text("This training was cancelled").wait_for()
        assert studio.server.job(endless)["status"] == "cancelled"


def test_a_waiting_job_says_what_no_worker_has(chromium, studio):
    job_id = studio.submit(SPIRALS, accelerator="gpu")
    with watch(chromium, studio, job_id) as page:
        page.get_by_text("no connected worker has a GPU").wait_for()
        assert page.locator(".status").inner_text().startswith("Waiting for a free worker · no")
        assert page.get_by_text("next in line").count() == 0
        assert page.get_by_text("after step").count() == 0
        axe(page)
        screens(page, "watch-lacks")
    studio.server.client.delete(f"/v1/jobs/{job_id}")


def test_a_failure_is_told_in_the_words_of_the_server(chromium, studio):
    job_id = studio.submit(DIVERGING)
    studio.server.until(lambda: studio.server.job(job_id)["status"] in ("failed", "ready"), "its end")
    job = studio.server.job(job_id)
    assert job["status"] == "failed"
    with watch(chromium, studio, job_id) as page:
        page.get_by_role("heading", name="The training failed").wait_for()
        page.get_by_text(job["error"][:60]).first.wait_for()
        link = page.get_by_role("link", name="Change it in Build")
        assert f"clone={job_id}" in link.get_attribute("href")
        axe(page)


@pytest.mark.parametrize("device", [DESKTOP, TABLET, PHONE], ids=["desktop", "tablet", "phone"])
@pytest.mark.parametrize("scheme", [{}, DARK], ids=["light", "dark"])
def test_accessible_on_every_device(chromium, studio, spirals, film, device, scheme):
    with watch(chromium, studio, spirals, "?at=200", **device, **scheme) as page:
        stands_at(page, 200)
        page.get_by_text(re.compile("test points, read")).wait_for()
        box = slider(page).bounding_box()
        assert box["y"] + 60 < page.viewport_size["height"]  # the playhead can be reached without scrolling
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        axe(page)
        if not scheme:
            screens(page, "watch")
