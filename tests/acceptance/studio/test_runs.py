"""The list of runs: live, with curves together, and what can be done with each."""

import re
import time

import pytest

from browser import chromium, visit
from studio import DARK, DESKTOP, GERMAN, IRIS, PHONE, SPIRALS, STILL, TABLET, axe, screens, standing, studio

FIXTURES = (chromium, studio)
SMALL = {
    **SPIRALS,
    "name": "one layer of 8",
    "model": {
        "layers": [{"type": "Dense", "units": 8, "activation": "tanh"}, SPIRALS["model"]["layers"][-1]]
    },
}
MANY = 1000
QUEUED = {**IRIS, "name": "waiting iris"}


@pytest.fixture(scope="module")
def jobs(studio):
    """Finished jobs, oldest first."""
    return [studio.train(SPIRALS, epochs=40), studio.train(SMALL, epochs=60), studio.train(IRIS, epochs=20)]


def row(page, name):
    return page.locator("tbody tr").filter(has=page.get_by_role("link", name=name, exact=True))


def names(page):
    return page.locator("tbody th a").all_inner_texts()


def act(page, name, what):
    page.get_by_role("button", name=f"Actions for {name}", exact=True).click()
    page.get_by_role("group", name=f"Actions for {name}", exact=True).get_by_text(what, exact=True).click()


@pytest.mark.parametrize("context", [DESKTOP, TABLET, PHONE], ids=["desktop", "tablet", "phone"])
def test_the_list_is_the_newest_first_with_numbers_pictures_and_curves(chromium, studio, jobs, context):
    with visit(chromium, studio.page("#/runs"), **context) as page:
        row(page, "iris").wait_for()
        assert names(page) == [job["name"] for job in reversed(jobs)]
        accuracy = jobs[-1]["metrics"]["accuracy"]
        assert f"{100 * accuracy:.1f}%" in row(page, "iris").inner_text()
        if context is not PHONE:
            page.wait_for_function("() => document.querySelectorAll('tbody canvas').length === 3")
        page.wait_for_function("() => document.querySelectorAll('figure path').length >= 3")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
        axe(page)
        screens(page, "runs")
        page.get_by_role("button", name=re.compile("As a table")).click()
        axe(page)


def test_chosen_runs_are_in_the_chart_and_two_can_be_compared(chromium, studio, jobs):
    with visit(chromium, studio.page("#/runs"), **DESKTOP) as page:
        page.get_by_role("button", name="Choose none").click()
        page.get_by_text("Tick runs below").wait_for()
        page.get_by_label("Show the curve of spirals").check()
        page.get_by_label("Show the curve of one layer of 8").check()
        page.get_by_role("button", name=re.compile("As a table")).click()
        heads = page.locator("figure th").all_inner_texts()
        assert heads == ["Epoch", "spirals", "one layer of 8"]
        assert page.locator("figure tbody tr").count() == 60
        link = page.get_by_role("link", name="Compare these two").get_attribute("href")
        assert link == f"#/watch/{jobs[0]['id']}?with={jobs[1]['id']}"


def test_a_run_is_cloned_into_build(chromium, studio, jobs):
    with visit(chromium, studio.page("#/runs"), **DESKTOP) as page:
        act(page, "one layer of 8", "Build from it")
        page.wait_for_function("() => location.hash.startsWith('#/build')")
        page.wait_for_function("name => document.body.innerText.includes(name)", arg='"units": 8')


def test_a_run_is_stopped_cancelled_and_deleted(chromium, studio, jobs):
    endless = {**SPIRALS, "name": "endless"}
    stopped = studio.submit(endless, epochs=10_000)
    studio.until(stopped, "training")
    with (
        visit(chromium, studio.page("#/runs"), **DESKTOP, **STILL) as page,
        visit(chromium, studio.page("#/runs"), **DESKTOP, **STILL) as other,
    ):
        row(page, "endless").get_by_text("training", exact=True).wait_for()
        act(page, "endless", "Stop and keep")
        row(other, "endless").get_by_text("ready", exact=True).wait_for()
        cancelled = studio.submit({**endless, "name": "endless too"}, epochs=10_000)
        row(page, "endless too").get_by_text("training", exact=True).wait_for()
        act(page, "endless too", "Cancel the training")
        row(other, "endless too").get_by_text("cancelled").wait_for()
        for name in ("endless", "endless too"):
            act(page, name, "Delete")
            dialog = page.get_by_role("dialog")
            axe(page)
            screens(page, "runs-delete")
            dialog.get_by_role("button", name="Delete").click()
            dialog.wait_for(state="detached")
            row(page, name).wait_for(state="detached")
            row(other, name).wait_for(state="detached")
        for job_id in (stopped, cancelled):
            assert studio.client.get(f"/v1/jobs/{job_id}").status_code == 404


def test_a_run_that_is_deleted_while_it_is_watched_says_so(chromium, studio, jobs):
    job_id = studio.train({**IRIS, "name": "short-lived"}, epochs=2)["id"]
    with visit(chromium, studio.page(f"#/watch/{job_id}"), **DESKTOP, **STILL) as page:
        page.wait_for_function("() => Number(document.querySelector('[role=slider]')?.ariaValueMax) > 0")
        page.wait_for_timeout(1000)  # nothing is being fetched any more
        studio.client.delete(f"/v1/jobs/{job_id}")
        page.get_by_text("This run was deleted").wait_for()
        axe(page)


def test_views_of_a_run_take_the_newest_and_offer_the_others(chromium, studio, jobs):
    with visit(chromium, studio.page("#/watch"), **DESKTOP, **STILL) as page:
        newest = studio.client.get("/v1/jobs").json()["jobs"][0]
        page.wait_for_function("id => location.hash.includes(id)", arg=newest["id"])
        page.get_by_role("button", name=f"Choose a run: {newest['name']}").click()
        axe(page)
        page.get_by_role("link", name=re.compile("^spirals")).click()
        page.wait_for_function("id => location.hash.includes(id)", arg=jobs[0]["id"])
        page.get_by_role("link", name="Runs", exact=True).click()
        row(page, "spirals").wait_for()
        assert page.evaluate("location.hash") == "#/runs"


def test_without_runs_there_is_a_way_to_begin(chromium, tmp_path):
    with standing(tmp_path) as empty:
        with visit(chromium, empty.page("#/runs"), **DESKTOP) as page:
            page.get_by_role("link", name="Build a network").wait_for()
            axe(page)
            screens(page, "runs-empty")
        for view in ("watch", "understand", "try", "take"):
            with visit(chromium, empty.page(f"#/{view}"), **DESKTOP) as page:
                page.get_by_text("Nothing has been trained yet").wait_for()
        with visit(chromium, empty.page("#/runs"), **DESKTOP, **GERMAN, **DARK) as page:
            page.get_by_role("link", name="Ein Netz bauen").wait_for()


def test_a_thousand_runs_are_listed_and_searched(chromium, studio, jobs):
    """The server's answers are made here: so many trainings would take too long."""
    template = studio.client.get("/v1/jobs").json()["jobs"][0]

    def answer(route):
        start = int(re.search(r"cursor=(\d+)", route.request.url)[1]) if "cursor" in route.request.url else 0
        made = [
            {**template, "id": f"{template['id'][:-4]}{i:04d}", "name": f"run {i}"}
            for i in range(start, start + 100)
        ]
        following = str(start + 100) if start + 100 < MANY else None
        route.fulfill(json={"jobs": made, "next": following})

    with visit(chromium, studio.page(), **DESKTOP) as page:
        page.route(re.compile(r"/v1/jobs\?"), answer)
        page.route(re.compile(r"/v1/jobs/[^/]+/(events|frames)"), lambda route: route.fulfill(status=204))
        page.goto(studio.page("#/runs"))
        page.get_by_text("run 99", exact=True).wait_for()
        deadline = time.monotonic() + 50
        while page.locator("tbody tr").count() < MANY:
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            page.wait_for_timeout(50)  # the next page of the list comes when its end is seen
            assert time.monotonic() < deadline
        page.get_by_label("Search by name").fill("run 777")
        page.wait_for_function("() => document.querySelectorAll('tbody tr').length === 1")
        page.get_by_label("Search by name").fill("run 99")
        page.wait_for_function("() => document.querySelectorAll('tbody tr').length === 11")
        assert sorted(names(page)) == ["run 99", *[f"run {i}" for i in range(990, 1000)]]
