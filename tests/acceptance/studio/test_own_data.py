"""Data of one's own: a file is dropped, looked at, learned from and tried; nobody writes a line."""

import io
import json
import math
import random
import re
import zipfile
from contextlib import closing

import numpy as np
import PIL.Image
import pytest

from browser import ARGUMENTS, NAMED, PROGRAM, chromium, visit
from commands import quickml
from studio import DARK, DESKTOP, GERMAN, PHONE, SPANISH, axe, screens, standing, studio

FIXTURES = (chromium, studio)
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
NARROW = {"viewport": {"width": 320, "height": 700}, "has_touch": True, "is_mobile": True}


def flowers(rows=120):
    """A table with an id, a gap, and a column that could be a number or a category."""
    chance = random.Random(3)
    lines = ["id,sepal,petal,bed,species"]
    for i in range(rows):
        kind = i % 2
        petal = "" if i % 15 == 0 else f"{1 + 3 * kind + chance.random():.2f}"
        lines.append(f"{i},{4 + kind + chance.random():.2f},{petal},{1 + i % 4},{['daisy', 'rose'][kind]}")
    return "\n".join(lines).encode()


def choose(page, name, content):
    """Choose a file, as with the dialog of the system."""
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.locator(".own input[type=file]").first.set_input_files(file)


DROP = """([name, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name));
  const event = kind => new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true});
  document.body.dispatchEvent(event('dragover'));
  document.body.dispatchEvent(event('drop'));
}"""


def column(page, name):
    return page.locator(f"[data-column={name}]")


def picture(name, shade, size=(40, 30)):
    """A picture of one colour, as a file to choose."""
    content = io.BytesIO()
    PIL.Image.new("RGB", size, (shade, 255 - shade, 120)).save(content, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": content.getvalue()}


def opened(page, name):
    """Wait until a file is looked at."""
    page.locator("h2", has_text=name).wait_for()
    page.locator(".found[aria-busy=false] .proposal").wait_for()


def test_from_a_dropped_table_to_an_answer(chromium, studio, tmp_path):
    with visit(chromium, studio.page("#/build"), **DESKTOP) as page:
        page.locator(".block[data-id]").first.wait_for()
        page.evaluate(DROP, ["flowers.csv", flowers().decode()])
        opened(page, "flowers.csv")
        assert page.get_by_text("120 rows, 5 columns").count() == 1
        assert column(page, "species").get_by_role("radio", name="Predict species").is_checked()
        assert column(page, "id").get_by_text("numbers of rows").count() == 1
        assert column(page, "petal").get_by_text("8 missing").count() == 1
        page.get_by_role("table").get_by_text("daisy").first.wait_for()
        axe(page)
        screens(page, "own-data")

        column(page, "bed").get_by_text("Leave out", exact=True).click()
        page.get_by_text("Tells which of 2 classes species is, from 2 columns.").wait_for()
        page.get_by_role("button", name="Use this network").click()
        page.locator("h1", has_text="flowers.csv").wait_for()
        page.get_by_role("button", name="Train").and_(page.locator("[aria-disabled=false]")).wait_for()
        page.get_by_role("button", name="Train").click()
        page.wait_for_url("**/#/watch/*")
        job = re.search(r"watch/([^?]+)", page.url)[1]
        studio.ready(job)

        page.goto(studio.page(f"#/try/{job}"))
        page.get_by_label("sepal").fill("5.5")
        page.get_by_label("petal").fill("4.5")
        page.locator(".said, section").get_by_text("rose").first.wait_for()
        axe(page)

        page.goto(studio.page(f"#/take/{job}"))
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile("mlmodel")).first.click()
        download.value.save_as(tmp_path / "flowers.mlmodel")
        said = quickml("predict", str(tmp_path / "flowers.mlmodel"), "sepal=5.5", "petal=4.5")
        assert "rose" in said.stdout, said


def test_types_and_target_are_chosen_by_clicking(chromium, studio):
    with visit(chromium, studio.page("#/data"), **DESKTOP) as page:
        choose(page, "flowers.csv", flowers(60))
        opened(page, "flowers.csv")
        column(page, "petal").get_by_role("radio", name="Predict petal").check()
        page.get_by_text("Predicts the number petal from 3 columns.").wait_for()
        bed = column(page, "bed")
        assert bed.get_by_label("Number").is_checked()
        bed.get_by_label("Number").focus()
        page.keyboard.press("ArrowRight")
        page.locator(".found[aria-busy=false]").wait_for()
        assert bed.get_by_label("Category").is_checked()
        column(page, "bed").get_by_role("radio", name="Predict bed").check()
        page.get_by_text(re.compile("which of 4 classes bed|number bed")).wait_for()
        column(page, "bed").get_by_text("Category", exact=True).click()
        page.get_by_text("Tells which of 4 classes bed is, from 3 columns.").wait_for()
        assert page.get_by_role("alert").filter(has_text=re.compile(r"\S")).count() == 0


def test_what_is_wrong_stands_at_its_column_and_is_mended_there(chromium, studio):
    lines = [f"{i}.5,{'5;1' if i % 10 == 3 else i / 4},{'ab'[i % 2]}" for i in range(60)]
    table = "\n".join(["one,two,kind", *lines]).encode()
    with visit(chromium, studio.page("#/data"), **PHONE) as page:
        choose(page, "mixed.csv", table)
        opened(page, "mixed.csv")
        page.get_by_text("No network yet").wait_for()
        assert "5;1" in column(page, "two").get_by_role("alert").inner_text()
        axe(page)
        column(page, "two").get_by_text("Leave out", exact=True).click()
        page.get_by_role("button", name="Use this network").wait_for()
        assert column(page, "two").get_by_role("alert").count() == 0


def test_a_file_that_is_no_table_is_told(chromium, studio):
    context = chromium.new_context()  # a browser writes answers such as 409 to the console
    try:
        page = context.new_page()
        page.goto(studio.page("#/data"))
        choose(page, "ragged.csv", b"a,b,c\n1,2,3\n4,5\n" * 20)
        page.get_by_text("This cannot be learned from yet").wait_for()
        page.get_by_text(re.compile("Expected 3 fields as in line 1, found 2.*line 3")).wait_for()
        page.get_by_role("table").get_by_text("2", exact=True).wait_for()  # the row before it
        axe(page)
    finally:
        context.close()


def test_a_cut_upload_goes_on_where_it_was(chromium, studio):
    content = flowers(40_000)
    context = chromium.new_context()
    try:
        page = context.new_page()
        cut = []

        def lossy(route):
            if route.request.method == "PATCH" and len(cut) < 2:
                cut.append(route.request.headers["upload-offset"])
                route.abort()
            else:
                route.continue_()

        page.route("**/v1/uploads/*", lossy)
        page.goto(studio.page("#/data"))
        choose(page, "many.csv", content)
        page.get_by_text("It goes on by itself").first.wait_for()
        opened(page, "many.csv")
        page.get_by_text("40,000 rows, 5 columns").wait_for()
        assert len(cut) == 2
        size = next(
            file["size_bytes"]
            for file in studio.client.get("/v1/files").json()["files"]
            if file["name"] == "many.csv"
        )
        assert size == len(content)
    finally:
        context.close()


def test_an_upload_is_paused_and_shows_what_has_arrived(chromium, studio):
    content = flowers(60_000)
    with visit(chromium, studio.page("#/data"), **DESKTOP) as page:
        held = []

        def slow(route):
            if route.request.method == "PATCH":
                held.append(route)
                if len(held) > 1:
                    return  # the second piece never arrives
            route.continue_()

        page.route("**/v1/uploads/*", slow)
        choose(page, "slow.csv", content)
        column(page, "species").wait_for()
        page.get_by_text(re.compile(r"The first \d+% of it")).wait_for()
        assert page.get_by_role("progressbar", name="Upload of slow.csv").count() == 1
        axe(page)
        screens(page, "own-data-upload")
        page.get_by_role("button", name="Pause").click()
        page.get_by_text("Paused").first.wait_for()
        held[-1].abort()
        page.unroute("**/v1/uploads/*")
        page.get_by_role("button", name="Continue").click()
        opened(page, "slow.csv")


def test_a_file_is_deleted_after_asking(chromium, studio):
    with visit(chromium, studio.page("#/data"), **DESKTOP, **DARK, **GERMAN) as page:
        choose(page, "weg.csv", flowers(30))
        opened(page, "weg.csv")
        page.get_by_role("button", name="weg.csv löschen").click()
        page.get_by_role("dialog").get_by_text("Kein Lauf hat sie benutzt.").wait_for()
        axe(page, "dialog")
        page.get_by_role("dialog").get_by_role("button", name="Löschen").click()
        page.get_by_role("button", name="weg.csv löschen").wait_for(state="detached")
        page.get_by_text("Datei hierher ziehen").wait_for()
    names = [file["name"] for file in studio.client.get("/v1/files").json()["files"]]
    assert "weg.csv" not in names


@pytest.mark.parametrize("language", [GERMAN, SPANISH], ids=["de", "es"])
def test_a_narrow_page_shows_all_of_it(chromium, studio, language):
    with visit(chromium, studio.page("#/data"), **NARROW, **language) as page:
        choose(page, "flowers.csv", flowers())
        opened(page, "flowers.csv")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        axe(page)


@pytest.fixture(scope="module")
def filming(chromium):
    """A browser with a camera: Chromium's own, which draws a green pie."""
    browser = chromium.browser_type.launch(executable_path=PROGRAM, args=[*ARGUMENTS, *CAMERA])
    yield browser
    browser.close()


TAKING = """() => {
  const { toBlob } = HTMLCanvasElement.prototype;
  Object.assign(window, { making: 0, made: new Set() });
  HTMLCanvasElement.prototype.toBlob = function (done, ...how) {
    window.making += 1;
    toBlob.call(this, async blob => {
      window.made.add(await blob.text());
      done(blob);
      window.making -= 1;
    }, ...how);
  };
}"""


def hold(page, down, up):
    """Hold until six pictures were taken that differ: on a busy machine the camera stands still for a while.

    Pictures under way come after the release, and move what is below them.
    """
    page.evaluate("window.made.clear()")
    down()
    page.wait_for_function("window.made.size >= 6")
    up()
    page.wait_for_function("!window.making")


def test_pictures_are_taken_learned_and_shown_to_the_file(filming, studio):
    with visit(filming, studio.page("#/data"), **DESKTOP) as page:
        page.evaluate(TAKING)
        page.get_by_role("button", name="Take pictures").click()
        page.get_by_role("button", name="Switch the camera on").click()
        holds = page.get_by_role("button", name="Hold to record")
        holds.first.wait_for()
        assert page.get_by_role("button", name="Use these pictures").is_disabled()
        holds.nth(0).focus()
        hold(page, lambda: page.keyboard.down(" "), lambda: page.keyboard.up(" "))
        holds.nth(1).hover()
        hold(page, page.mouse.down, page.mouse.up)
        page.get_by_label("Name of the class").nth(0).fill("Pie")
        page.get_by_label("Name of the class").nth(1).fill("Cake")
        taken = page.locator(".classes img").count()
        page.get_by_role("button", name="Remove picture 1 of Pie").click()
        page.wait_for_function(
            "count => document.querySelectorAll('.classes img').length === count", arg=taken - 1
        )
        axe(page)
        screens(page, "own-data-camera")
        page.get_by_role("button", name="Use these pictures").click()
        opened(page, "pictures.zip")
        page.get_by_text(f"{taken - 1} pictures in 2 classes").wait_for()
        assert profile(studio, page)["has_test"]
        page.locator(".samples canvas").first.wait_for()
        using = page.get_by_role("button", name="Use this network").and_(page.locator(":enabled"))
        using.wait_for()
        axe(page)
        screens(page, "own-data-pictures")
        using.click()
        page.locator(".block image[href^='blob:']").first.wait_for()  # one of them, as the input


def test_without_a_secure_context_the_page_says_why_and_takes_files(chromium, tmp_path):
    with (
        standing(tmp_path, "--access", "open", "--allowed-hosts", NAMED) as server,
        closing(chromium.new_context()) as context,  # the browser warns on the console of such an address
    ):
        page = context.new_page()
        page.goto(server.page("#/data?camera=").replace("127.0.0.1", NAMED))
        page.get_by_text("only over https").wait_for()
        files = [picture(f"{shade}.png", shade) for shade in (40, 50)]
        adding = page.locator(".classes input[type=file]")
        adding.nth(0).set_input_files(files)
        others = [picture(f"{shade}.png", shade) for shade in (200, 210)]
        adding.nth(1).set_input_files([*others, {"name": "a.txt", "mimeType": "text/plain", "buffer": b"no"}])
        page.get_by_text("Not a picture that this browser can read: a.txt").wait_for()
        assert page.locator(".classes img").count() == 4
        axe(page)
        page.get_by_role("button", name="Use these pictures").click()
        opened(page, "pictures.zip")  # without a digest: it is made of the server's own


def archive(pictures=12):
    """A .zip file of two classes that are told apart by their colour."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for i in range(pictures):
            for label, shade in (("green", 10 + i), ("red", 245 - i)):
                file.writestr(f"{label}/{i}.png", picture("", shade, (24, 24))["buffer"])
    return content.getvalue()


def test_how_far_reading_is_and_what_is_wrong_comes_as_it_is_found(chromium, studio):
    with visit(chromium, studio.page("#/data"), **DESKTOP) as page:
        body = {"type": "urn:quickml:problem:file-importing", "title": "", "status": 202}
        fault = {"pointer": "/dataset/file", "expected": "JPEG", "found": "HEIC (slow.zip: a/1.HEIC)",
                 "hint": "", "subject": "", "code": None, "values": {}, "fix": None}  # fmt: skip
        events = [
            {"type": "progress", "what": "decoded", "done": 3, "total": 12},
            {"type": "problem", "problem": fault},
        ]
        stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        asked, profiles = [], re.compile("/profile")

        def importing(route):
            asked.append(route)
            if len(asked) == 1:
                route.fulfill(status=202, body=json.dumps(body))  # the next one waits until all was looked at

        page.route(profiles, importing)
        page.route(
            re.compile(r"/files/\w+/events"),
            lambda route: route.fulfill(content_type="text/event-stream", body=stream),
            times=1,
        )
        choose(page, "slow.zip", archive(8))
        page.get_by_text("3 of 12 pictures are read").wait_for()
        assert page.get_by_role("progressbar", name="Reading the pictures").count() == 1
        assert page.get_by_role("alert").get_by_text("a/1.HEIC").count() == 1
        axe(page)
        page.unroute(profiles)
        for route in asked[1:]:
            route.continue_()
        opened(page, "slow.zip")
        assert page.get_by_role("alert").count() == 0


def test_a_file_of_which_nothing_can_be_said_yet_is_no_error(chromium, studio):
    """The page asks what is in a table that has not begun to arrive; a browser writes errors to its console."""
    with visit(chromium, studio.page("#/data"), **DESKTOP) as page:
        held, parts = [], re.compile(r"/v1/uploads/\w+$")

        def hold(route):
            held.append(route)

        page.route(parts, hold)
        with page.expect_response(re.compile(r"/v1/uploads/\w+/profile$")) as answer:
            choose(page, "late.csv", flowers(36))
        assert answer.value.status == 204
        page.unroute(parts)
        for route in held:
            route.continue_()
        opened(page, "late.csv")


def motion():
    """Eight recordings of two sensors, as a table."""
    chance = random.Random(5)
    lines = ["recording,time_s,acc_x,acc_y,activity"]
    for number in range(8):
        size, label = [(0.2, "rest"), (2, "walk")][number % 2]
        for step in range(120):
            x, y = size * math.sin(step / 4), size * math.cos(step / 4) + chance.gauss(0, 0.05)
            lines.append(f"r{number},{step / 50:.2f},{x:.3f},{y:.3f},{label}")
    return "\n".join(lines).encode()


def profile(studio, page, **options):
    """The profile of the file that is looked at. A busy server may need another moment to read the file."""
    path = page.url.split("#/data?file=")[1]

    def found():
        answer = studio.client.get(f"/v1/files/{path}/profile", params=options)
        return answer.json() if answer.status_code == 200 else None

    return studio.server.until(found, "the profile")


def test_a_table_is_taken_for_recordings_and_their_file_answers_to_a_window(chromium, studio):
    with visit(chromium, studio.page("#/data"), **DESKTOP) as page:
        choose(page, "motion.csv", motion())
        opened(page, "motion.csv")
        page.get_by_role("radio", name="a moment of a recording").check()
        page.get_by_text("8 recordings of 2 sensors").wait_for()
        page.get_by_text(re.compile("Tells 2 classes apart by windows of")).wait_for()
        page.get_by_label("Rows in a window").fill("20")
        page.get_by_label("Rows in a window").press("Enter")
        page.get_by_text("Tells 2 classes apart by windows of 20 rows.").wait_for()
        axe(page)
        screens(page, "own-data-recordings")
        column(page, "acc_y").get_by_text("Leave out", exact=True).click()
        page.get_by_text("8 recordings of 1 sensor").wait_for()
        page.reload()
        page.get_by_text("8 recordings of 1 sensor").wait_for()
        assert page.get_by_label("Rows in a window").input_value() == "20"
        page.get_by_role("button", name="Use acc_y").click()
        page.get_by_text("8 recordings of 2 sensors").wait_for()
        document = profile(studio, page, kind="recordings", steps=20)["document"]
        job = studio.train({**document, "export": {"formats": ["mlmodel"]}}, epochs=12)["id"]
        page.goto(studio.page(f"#/try/{job}"))
        page.get_by_label("acc_x").fill("1 2 three")
        page.get_by_text("Enter a number.").wait_for()
        file = {"name": "walk.csv", "mimeType": "text/csv", "buffer": motion()}
        page.locator(".file input[type=file]").set_input_files(file)
        page.locator(".said, section").get_by_text("rest").first.wait_for()
        page.get_by_label("From row").fill("121")  # the second recording
        page.locator(".answer .big", has_text="walk").wait_for()
        axe(page)
        screens(page, "own-recordings-try")


def test_arrays_show_their_shapes_and_their_file_answers_to_a_row(chromium, studio):
    chance = np.random.default_rng(0)
    x = chance.random((80, 4)).astype("float32")
    content = io.BytesIO()
    np.savez(content, x=x, y=(x[:, 0] > 0.5).astype("int64"), names=np.arange(3))
    with visit(chromium, studio.page("#/data"), **DESKTOP) as page:
        choose(page, "rows.npz", content.getvalue())
        opened(page, "rows.npz")
        assert page.get_by_text(re.compile("^80 . 4")).count() == 1
        assert page.get_by_label("What x is used as").input_value() == "inputs"
        assert page.get_by_label("What names is used as").input_value() == ""
        page.get_by_text("Tells 2 classes apart.").wait_for()
        axe(page)
        screens(page, "own-data-arrays")
        document = profile(studio, page)["document"]
        job = studio.train({**document, "export": {"formats": ["mlmodel"]}}, epochs=2)["id"]
        page.goto(studio.page(f"#/try/{job}"))
        page.get_by_label("features").fill("0.9 0.1; 0.2")
        page.get_by_text("3 of 4 numbers").wait_for()
        page.get_by_label("features").fill("0.9 0.1; 0.2 0.4")
        page.locator(".layers").wait_for()
        assert page.get_by_role("alert").count() == 0
        axe(page)


def test_several_columns_are_predicted_by_ticking_them(chromium, studio):
    chance = random.Random(2)
    rows = [f"{chance.random():.2f},{'yn'[i % 2]},{'yn'[i % 3 > 0]}" for i in range(60)]
    table = "\n".join(["tempo,rock,jazz", *rows]).encode()
    with visit(chromium, studio.page("#/data"), **DESKTOP) as page:
        choose(page, "songs.csv", table.replace(b"y", b"yes").replace(b"n", b"no"))
        opened(page, "songs.csv")
        page.get_by_label("Predict several columns at once").check()
        for name in ("rock", "jazz"):
            page.get_by_role("checkbox", name=f"Predict {name}").check()
            page.locator(".found[aria-busy=false]").wait_for()
        page.get_by_text("Tells which of 2 labels apply").wait_for()
        axe(page)
        document = profile(studio, page, target='["rock","jazz"]')["document"]
        page.reload()
        page.get_by_text("Tells which of 2 labels apply").wait_for()
        page.get_by_label("Predict several columns at once").uncheck()
        page.get_by_text("Tells which of 2 classes rock is, from 2 columns.").wait_for()
        job = studio.train({**document, "export": {"formats": ["mlmodel"]}}, epochs=2)["id"]
        page.goto(studio.page(f"#/understand/{job}?part=threshold"))
        page.locator("#part-threshold select").select_option("jazz")
        page.get_by_text("Say “jazz” from").wait_for()
        axe(page)


VIEWS = {"watch": ".surface[role=slider]", "understand": "#part-mistakes", "take": ".code textarea"}


def test_a_trained_file_answers_to_pictures_and_to_the_camera(filming, studio):
    with visit(filming, studio.page("#/data"), **DESKTOP) as page:
        choose(page, "colours.zip", archive())
        opened(page, "colours.zip")
        document = profile(studio, page)["document"]
        layers = [{"type": "Rescaling", "scale": 1 / 255}, {"type": "Flatten"},
                  {"type": "Dense", "units": 2, "activation": "softmax"}]  # fmt: skip
        job = studio.train({**document, "model": {"layers": layers}, "training": {}}, epochs=20)["id"]
        page.goto(studio.page(f"#/try/{job}"))
        page.locator(".input input[type=file]").set_input_files(picture("a.png", 20, (60, 40)))
        page.locator(".said").get_by_text("green").first.wait_for()
        page.locator(".why canvas, .why svg").first.wait_for()
        axe(page)
        screens(page, "own-pictures-try")
        page.get_by_role("button", name="Switch the camera on").click()
        page.locator(".viewfinder video").wait_for()
        page.locator(".said").get_by_text("green").first.wait_for()
        page.get_by_role("button", name="Switch it off").click()
        assert page.get_by_role("alert").count() == 0
        for view, shown in VIEWS.items():
            page.goto(studio.page(f"#/{view}/{job}"))
            page.locator(shown).first.wait_for()
            assert page.get_by_role("alert").count() == 0
            axe(page)
