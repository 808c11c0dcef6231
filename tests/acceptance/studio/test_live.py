"""What is seen of a running training is the same after a reload, in other tabs, and after the server was killed."""

import re
from contextlib import contextmanager

from browser import NAMED, chromium, visit
from quickml import Film
from server_process import PATIENCE_S, quickml, serving
from studio import DESKTOP, SPIRALS, STILL, StudioServer, needs_page, standing, studio

FIXTURES = (chromium, studio)
MS = 1000 * PATIENCE_S
TABS = 8
LONG = {**SPIRALS, "name": "long spirals"}


@contextmanager
def endless(studio):
    """A training that goes on until the end of the test."""
    job_id = studio.submit(LONG, epochs=10_000)
    studio.until(job_id, "training")
    try:
        yield job_id
    finally:
        studio.client.delete(f"/v1/jobs/{job_id}")


@contextmanager
def tabs_of(chromium, count):
    """Tabs of one browser: they share connections, locks and channels. No page may throw."""
    problems = []
    context = chromium.new_context(**DESKTOP, **STILL)
    try:
        tabs = [context.new_page() for _ in range(count)]
        for tab in tabs:
            tab.set_default_timeout(MS)
            tab.on("pageerror", lambda error: problems.append(str(error)))
        yield tabs
    finally:
        context.close()
    assert not problems


def streams(tabs):
    """The requests of these tabs for the stream of changes, from now on."""
    found = []
    for number, tab in enumerate(tabs):

        def note(request, number=number):
            if "/v1/events" in request.url and request.headers.get("accept") == "text/event-stream":
                found.append(number)

        tab.on("request", note)
    return found


def opened(asked, tabs):
    """The numbers of the tabs that have opened streams, once one has: on a busy machine a leader is found late."""
    for _ in range(300):
        if asked:
            break
        tabs[0].wait_for_timeout(100)
    return set(asked)


def row(page, name):
    return page.locator("tbody tr").filter(has=page.get_by_role("link", name=name, exact=True))


def epoch(page, name=LONG["name"]):
    """The epoch that the list of runs says a training is in."""
    text = row(page, name).locator(".status").inner_text()
    found = re.search(r"epoch ([\d,]+) of", text)
    return int(found[1].replace(",", "")) if found else 0


def grows(page, than):
    page.wait_for_function(
        """than => [...document.querySelectorAll('tbody .status')].some(one => {
            const found = /epoch (\\d+) of/.exec(one.innerText.replaceAll(',', ''));
            return found && Number(found[1]) > than;
        })""",
        arg=than,
        timeout=MS,
    )


def has_status(page, name, status):
    row(page, name).locator(".status", has_text=status).wait_for()


def losses(page, more_than=0):
    """The loss of each epoch, from the table twin of the curves, once it has more than a number of rows.

    The list knows how far a training is before its curve is loaded."""
    page.get_by_role("button", name="As a table").click()
    rows = page.locator("figure tbody tr")
    rows.nth(more_than).wait_for(state="attached")
    found = [float(text) for text in rows.locator("td:last-child").all_inner_texts() if text]
    page.get_by_role("button", name="As a chart").click()
    return found


def expected_losses(studio, job_id):
    """The loss of each epoch by the events; after a crash, epochs come again."""
    found, after = {}, 0
    while (page := studio.client.get(
        f"/v1/jobs/{job_id}/events", params={"after": after}, headers={"Accept": "application/json"}
    ).json())["events"]:  # fmt: skip
        for event in (item["event"] for item in page["events"]):
            if event["type"] == "epoch":
                found[event["epoch"]] = float(f"{event['metrics']['loss']:.4g}")
        after = page["last"]
    return [found[epoch] for epoch in sorted(found)]


def test_a_reload_in_mid_training_changes_nothing(chromium, studio):
    with endless(studio) as job_id, visit(chromium, studio.page("#/runs"), **DESKTOP, **STILL) as page:
        grows(page, 20)
        before = losses(page, 10)
        page.reload()
        grows(page, len(before))
        after = losses(page, len(before))
        assert len(before) > 10
        assert after[: len(before)] == before
        expected = expected_losses(studio, job_id)
        assert after == expected[: len(after)]


def test_eight_tabs_share_one_stream_and_another_takes_over(chromium, studio):
    with endless(studio), tabs_of(chromium, TABS) as tabs:
        asked = streams(tabs)
        for tab in tabs:
            tab.goto(studio.page("#/runs"))
        for tab in tabs:
            grows(tab, 5)
        assert len(opened(asked, tabs)) == 1, f"tabs {asked} opened streams"
        leader = asked[0]
        tabs.pop(leader).close()
        del asked[:]
        seen = max(epoch(tab) for tab in tabs)
        for tab in tabs:
            grows(tab, seen + 50)
        assert len(opened(asked, tabs)) == 1
        job_id = studio.submit({**SPIRALS, "name": "another"}, epochs=2)
        for tab in tabs:
            has_status(tab, "another", "waiting")
        studio.client.delete(f"/v1/jobs/{job_id}")
        for tab in tabs:
            row(tab, "another").wait_for(state="detached")


def test_without_a_secure_context_tabs_share_one_stream_too(chromium, tmp_path):
    """A class opens http://192.168.1.20:8000, where browsers have neither locks nor random UUIDs."""
    with (
        standing(tmp_path, "--access", "open", "--allowed-hosts", NAMED) as server,
        endless(server) as job_id,
        tabs_of(chromium, TABS) as tabs,
    ):
        asked = streams(tabs)
        for tab in tabs:
            tab.goto(server.page("#/runs").replace("127.0.0.1", NAMED))
        assert tabs[0].evaluate("[isSecureContext, 'locks' in navigator]") == [False, False]
        for tab in tabs:
            grows(tab, 5)
        assert len(opened(asked, tabs)) == 1, f"tabs {asked} opened streams"
        tabs.pop(asked[0]).close()
        seen = max(epoch(tab) for tab in tabs)
        for tab in tabs:
            grows(tab, seen + 50)
        tabs[0].goto(server.page(f"#/watch/{job_id}").replace("127.0.0.1", NAMED))
        tabs[0].wait_for_function("() => Number(document.querySelector('[role=slider]')?.ariaValueMax) > 10")


def test_a_killed_server_leaves_curve_and_film_complete(chromium, tmp_path):
    needs_page()
    data = tmp_path / "data"
    with serving(data) as first:
        port = first.address.rsplit(":", 1)[1]
        studio = StudioServer(first)
        job_id = studio.submit(LONG, epochs=700)
        studio.until(job_id, "training")
        with tabs_of(chromium, 2) as (runs, watch):
            runs.goto(studio.page("#/runs"))
            watch.goto(studio.page(f"#/watch/{job_id}"))
            grows(runs, 30)
            first.process.kill()
            first.process.wait()
            runs.get_by_text("No connection to the server").wait_for()
            watch.get_by_text("No connection to the server").wait_for()
            with serving(data, "--port", port) as second:
                again = StudioServer(second)
                again.ready(job_id)
                has_status(runs, LONG["name"], "ready")
                runs.get_by_text("No connection to the server").wait_for(state="detached")
                assert losses(runs) == expected_losses(again, job_id)
                assert len(losses(runs)) == 700
                watch.wait_for_function(
                    "count => document.querySelector('[role=slider]')?.ariaValueMax === String(count - 1)",
                    arg=frame_count(again, job_id),
                    timeout=MS,
                )


def frame_count(studio, job_id):
    return len(Film.read(film_of(studio, job_id)).frames)


def film_of(studio, job_id):
    files = studio.server.job(job_id)["artifacts"]
    return studio.client.get(next(file["url"] for file in files if file["kind"] == "film")).content


def test_the_same_seed_gives_the_same_film(chromium, studio):
    first, second = (studio.train({**SPIRALS, "name": name}, epochs=20)["id"] for name in ("one", "two"))
    pictures = []
    for job_id in (first, second):
        with visit(chromium, studio.page(f"#/watch/{job_id}"), **DESKTOP, **STILL) as page:
            last = frame_count(studio, job_id) - 1
            page.wait_for_function(
                "last => document.querySelector('[role=slider]')?.ariaValueMax === String(last)", arg=last
            )
            page.locator("[role=slider]").focus()
            page.keyboard.press("End")
            page.wait_for_timeout(300)
            pictures.append(page.locator(".scene canvas").first.evaluate("canvas => canvas.toDataURL()"))
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) > 1000


def test_a_revoked_token_is_asked_for_again(chromium, tmp_path):
    needs_page()
    with standing(tmp_path, "--access", "tokens") as server:
        data = ("--data", tmp_path / "data")
        created = quickml("token", "create", "pupil", *data)
        assert created.returncode == 0, created.stderr
        secret = re.search(r"qml_\S+", created.stdout)[0]
        with tabs_of(chromium, 2) as tabs:  # `visit` would mind that the browser reports each 401
            for tab in tabs:
                tab.goto(server.page(f"#/runs?token={secret}"))
                tab.get_by_text("Nothing has been trained yet").wait_for()
            listed = quickml("token", "list", *data).stdout
            ident = next(line.split()[0] for line in listed.splitlines() if "pupil" in line)
            assert quickml("token", "revoke", ident, *data).returncode == 0
            for tab in tabs:
                tab.get_by_label("Token").wait_for()
                tab.get_by_label("Token").fill(server.token)
                tab.keyboard.press("Enter")
                tab.get_by_text("Nothing has been trained yet").wait_for()


def test_a_run_that_no_worker_will_take_says_so(chromium, tmp_path):
    with standing(tmp_path, "--workers", "0") as studio:
        job_id = studio.submit(SPIRALS)
        with visit(chromium, studio.page(f"#/watch/{job_id}"), **DESKTOP, **STILL) as page:
            page.get_by_text("no worker is connected: it begins when one is").wait_for()
            page.get_by_role("status").filter(has_text="No worker is connected").wait_for()
