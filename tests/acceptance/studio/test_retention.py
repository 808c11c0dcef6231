"""Files that are deleted while their job stays: what the page, the API and the commands say before and after."""

import json
import re

import pytest

from browser import chromium, visit
from commands import quickml
from studio import DARK, DESKTOP, GERMAN, IRIS, PHONE, axe, screens, standing

FIXTURES = (chromium,)
NAMED = {**IRIS, "name": "kept for a while"}


def retain(folder, owner, *times):
    done = quickml("token", "retain", owner, *times, "--data", folder / "data")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retention")
    retain(folder, "nobody", "--keep-files", "1s")  # so that the server looks every second
    with standing(folder, "--keep-jobs-s", "90d", "--keep-files-s", "12h") as studio:
        job = studio.train(NAMED, epochs=20)
        yield folder, studio, job


@pytest.mark.parametrize("context", [DESKTOP, {**PHONE, **DARK}], ids=["desktop", "phone-dark"])
def test_the_page_says_until_when_files_are_kept(chromium, place, context):
    _, studio, job = place
    with visit(chromium, studio.page(f"#/understand/{job['id']}"), **context) as page:
        told = page.get_by_text("Files are deleted on")
        told.wait_for()
        assert "warn" in told.get_attribute("class"), "it is less than a day"
        axe(page)
        screens(page, "retention-near")
        page.get_by_role("link", name="Download", exact=True).click()
        page.get_by_role("heading", name="Files of kept for a while").wait_for()
        page.goto(studio.page("#/runs"))
        page.get_by_role("row").get_by_text("Files are deleted on").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
        axe(page)
        screens(page, "retention-runs")


def test_commands_and_the_api_say_it(place):
    folder, studio, job = place
    (row,) = map(json.loads, quickml("jobs", "--json", "--data", folder / "data").stdout.splitlines())
    told = studio.server.job(job["id"])
    for name in ("delete_at", "delete_files_at"):
        assert row[name][:19] == told[name][:19]
    assert "files will be deleted on" in quickml("jobs", "--data", folder / "data").stdout
    done = quickml("watch", job["id"], "--server", studio.server.address)
    assert "the server deletes them on" in done.stderr
    retain(folder, "anyone", "--keep-files", "30d")
    assert "files kept 30d" in retain(folder, "anyone")
    changed = studio.server.job(job["id"])["delete_files_at"]
    assert changed > told["delete_files_at"]
    with pytest.raises(AssertionError, match="files kept at most as long as their jobs"):
        retain(folder, "anyone", "--keep-jobs", "7d")


def test_deleted_files_are_told_everywhere(chromium, place, tmp_path):
    folder, studio, job = place
    retain(folder, "anyone", "--keep-files", "1s")
    gone = studio.server.until(
        lambda: (found := studio.server.job(job["id"]))["files_deleted_at"] and found, "deleted files"
    )
    assert [file["name"] for file in gone["artifacts"]] == ["report.json"]
    model = next(file for file in job["artifacts"] if file["kind"] == "mlmodel")
    answer = studio.client.get(model["url"])
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:quickml:problem:files-deleted")
    commands = {"--server": studio.server.address, "--out": tmp_path / "out"}
    done = quickml("download", job["id"], *(text for pair in commands.items() for text in pair))
    assert (done.returncode, "whose files were deleted on" in done.stderr) == (2, True)
    done = quickml(
        "download", job["id"], "--file", "report.json", *(text for pair in commands.items() for text in pair)
    )
    assert done.returncode == 0
    assert json.loads((tmp_path / "out" / "report.json").read_text())["metrics"]
    assert "files deleted" in quickml("jobs", "--data", folder / "data").stdout
    done = quickml("watch", job["id"], "--server", studio.server.address)
    assert (done.returncode, "its files were deleted on" in done.stderr) == (0, True)
    with visit(chromium, studio.page(f"#/watch/{job['id']}"), **DESKTOP) as page:
        page.get_by_text("There are no pictures of this training").wait_for()
        page.get_by_text("Files were deleted on").wait_for()
        page.locator(".dock path").first.wait_for()
        axe(page)
        screens(page, "retention-watch")
        for view in ("understand", "try", "take"):
            page.goto(studio.page(f"#/{view}/{job['id']}"))
            page.get_by_text("The curve and the numbers are kept").wait_for()
        axe(page)
        screens(page, "retention-gone")
        link = page.get_by_role("link", name="Build from it")
        assert link.get_attribute("href") == f"#/build?clone={job['id']}"
        page.goto(studio.page("#/runs"))
        page.get_by_role("row").get_by_text("Files were deleted on").wait_for()
        axe(page)
        screens(page, "retention-runs-gone")
    with visit(chromium, studio.page(f"#/take/{job['id']}"), **DESKTOP, **DARK, **GERMAN) as page:
        page.get_by_text(re.compile(r"Dateien wurden am \d\d\.\d\d\.\d{4}, \d\d:\d\d gelöscht")).wait_for()
        axe(page)
        screens(page, "retention-gone-german")
