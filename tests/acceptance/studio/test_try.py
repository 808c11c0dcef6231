"""Try: the delivered file answers what is drawn, typed, moved and dropped, and says what `quickml predict` says."""

import io
import json
import time
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image

from browser import chromium, visit
from server_process import quickml
from studio import DARK, DESKTOP, GERMAN, IRIS, PHONE, ROOT, SPIRALS, STILL, TABLET, axe, screens, studio

FIXTURES = (chromium, studio)
STROKES = json.loads((ROOT / "web/src/views/try/fixtures/strokes.json").read_text())
SOFTMAX = {"type": "Dense", "units": 10, "activation": "softmax"}
DIGITS = {
    "name": "digits to draw",
    "dataset": {"name": "mnist", "num_samples": 2000},
    "model": {
        "layers": [
            {"type": "Conv2D", "filters": 20, "kernel_size": 5, "strides": 2, "activation": "relu"},
            {"type": "Flatten"},
            {"type": "Dense", "units": 32, "activation": "relu"},
            SOFTMAX,
        ]
    },
    "training": {"epochs": 3},
    "export": {"formats": ["mlmodel"], "weights": "auto"},
}
CLOTHES = {
    "name": "clothes",
    "dataset": {"name": "fashion_mnist", "num_samples": 300},
    "model": {"layers": [{"type": "Flatten"}, SOFTMAX]},
    "training": {"epochs": 1},
    "export": {"formats": ["mlmodel"]},
}
WAVES = {
    "name": "waves",
    "dataset": {"name": "waves", "num_samples": 300, "steps": 20},
    "model": {
        "layers": [
            {"type": "Conv1D", "filters": 4, "kernel_size": 3, "activation": "relu"},
            {"type": "Flatten"},
            {"type": "Dense", "units": 4, "activation": "softmax"},
        ]
    },
    "training": {"epochs": 1},
    "export": {"formats": ["mlmodel"]},
}
BRACKETS = {
    "name": "brackets",
    "dataset": {"name": "brackets", "num_samples": 300, "steps": 6},
    "model": {
        "layers": [
            {"type": "Embedding", "input_dim": 3, "output_dim": 4},
            {"type": "Flatten"},
            {"type": "Dense", "units": 2, "activation": "softmax"},
        ]
    },
    "training": {"epochs": 1},
    "export": {"formats": ["mlmodel"]},
}


@pytest.fixture(scope="module")
def digits(studio):
    return studio.train(DIGITS)


@pytest.fixture(scope="module")
def iris(studio):
    return studio.train(IRIS, epochs=20)


def open_try(chromium, studio, job, query="", **context):
    return visit(chromium, studio.page(f"#/try/{job['id']}{query}"), **{**DESKTOP, **STILL, **context})


def downloaded(studio, job, folder, name="model.mlmodel"):
    """A file of a job, as somebody downloads it."""
    file = next(file for file in job["artifacts"] if file["name"] == name)
    (folder / name).write_bytes(studio.client.get(file["url"]).content)
    return folder / name


def predicted(file, *inputs):
    """The probabilities that `quickml predict` gives, in the order of the labels."""
    ended = quickml("predict", file, *inputs, "--json")
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    rows = found if isinstance(found, list) else found.get("predictions", [found])
    return list(rows[0]["probabilities"].values())


class Answers:
    """What the page asked of the server, and what it shows of the answer."""

    def __init__(self, page):
        self.page, self.sent = page, []
        page.on("request", self._note)

    def _note(self, request):
        parts = urlsplit(request.url)
        if request.method != "POST" or not parts.path.endswith("/predictions"):
            return
        if request.headers.get("content-type") == "application/octet-stream":
            self.sent.append((parse_qs(parts.query)["file"][0], request.post_data_buffer))

    def settled(self):
        """Wait until nothing was asked for half a second."""
        end = time.monotonic() + 60
        count = -1
        while count != len(self.sent) or not self.page.locator(".source").count():
            count = len(self.sent)
            self.page.wait_for_timeout(500)
            assert time.monotonic() < end, "the page asks all the time"
        return self

    def shown(self):
        """The rows of the table beside the bars: a label and a percentage for each file."""
        figure = self.page.locator(".answer figure")
        if not figure.locator("table").count():
            figure.get_by_role("button", name="As a table").click()
        rows = figure.locator("tbody tr").all()
        return [[cell.inner_text() for cell in row.locator("td").all()] for row in rows]

    def probabilities(self, column=1):
        return [float(row[column].strip("%")) / 100 for row in self.shown()]

    def pixels(self):
        """The last 28 x 28 pixels that were sent."""
        content = next(content for _, content in reversed(self.sent) if len(content) == 784)
        return np.frombuffer(content, np.uint8).reshape(28, 28)


def draw(page, digit, place=lambda x, y: (x, y)):
    """Draw recorded strokes with the mouse."""
    paper = page.locator("canvas.paper")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    for stroke in STROKES[digit].split("|"):
        for index, point in enumerate(stroke.split(" ")):
            x, y = place(*(int(number) / 1000 for number in point.split(",")))
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if index == 0:
                page.mouse.down()
        page.mouse.up()


@pytest.mark.parametrize("digit", ["3", "7"])
def test_the_delivered_file_answers_what_is_drawn(chromium, studio, digits, digit, tmp_path):
    file = downloaded(studio, digits, tmp_path)
    with open_try(chromium, studio, digits) as page:
        page.wait_for_selector("canvas.paper")
        answers = Answers(page)
        draw(page, digit)
        answers.settled()
        assert {name for name, _ in answers.sent} == {"model.mlmodel"}
        Image.fromarray(answers.pixels()).save(tmp_path / "digit.png")
        assert answers.probabilities() == pytest.approx(predicted(file, tmp_path / "digit.png"), abs=6e-5)
        assert page.locator(".answer .big").inner_text().startswith(digit)
        assert "model.mlmodel, the very file that your phone gets" in page.locator(".source").inner_text()
        page.wait_for_selector(".why canvas")
        screens(page, f"try-{digit}")


def test_it_does_not_matter_where_and_how_large_a_digit_is_drawn(chromium, studio, digits):
    places = {
        "as recorded": lambda x, y: (x, y),
        "high": lambda x, y: (x, y - 0.15),
        "low": lambda x, y: (x + 0.1, y + 0.14),
        "small": lambda x, y: (0.1 + 0.45 * x, 0.45 + 0.45 * y),
    }
    found = {}
    with open_try(chromium, studio, digits) as page:
        page.wait_for_selector("canvas.paper")
        for name, place in places.items():
            answers = Answers(page)
            draw(page, "3", place)
            answers.settled()
            found[name] = (answers.pixels().astype(int), answers.probabilities())
            page.get_by_role("button", name="Clear").click()
    pixels, probabilities = found["as recorded"]
    for name, (others, shares) in found.items():
        # A mouse moves by whole pixels of the screen, which are larger in a small digit.
        assert np.abs(others - pixels).mean() < 6, name
        assert shares == pytest.approx(probabilities, abs=0.12), name
        assert np.argmax(shares) == 3, name


def test_strokes_are_taken_back_and_cleared(chromium, studio, digits):
    with open_try(chromium, studio, digits) as page:
        page.wait_for_selector("canvas.paper")
        answers = Answers(page)
        draw(page, "4")  # two strokes
        answers.settled()
        both = answers.pixels()
        page.keyboard.press("Control+z")
        answers.settled()
        assert (answers.pixels() != both).any()
        page.get_by_role("button", name="Undo stroke").click()
        page.wait_for_selector("text=Its answer appears here.")
        assert page.get_by_role("button", name="Undo stroke").is_disabled()
        draw(page, "4")
        answers.settled()
        assert (answers.pixels() == both).all()
        page.get_by_role("button", name="Clear").click()
        page.wait_for_selector("text=Its answer appears here.")


def test_a_test_sample_is_opened_by_its_address_and_chosen_with_the_keyboard(chromium, studio, digits):
    ids = studio.client.get("/v1/datasets/mnist/samples?num_samples=2000&label=7&limit=3").json()["ids"]
    with open_try(chromium, studio, digits, "?sample=17") as page:
        answers = Answers(page).settled()
        page.wait_for_selector(".answer >> text=The dataset says")
        sheet = studio.client.get("/v1/datasets/mnist/sheet.png?num_samples=2000&ids=17").content
        assert (answers.pixels() == np.asarray(Image.open(io.BytesIO(sheet)))).all()
        summary = page.locator("summary", has_text="test samples")
        summary.focus()
        page.keyboard.press("Enter")
        page.get_by_label("Class").select_option("7")
        sample = page.get_by_role("button", name=f"Test sample {ids[1]}: 7")
        sample.focus()
        page.keyboard.press("Enter")
        answers.settled()
        sheet = studio.client.get(f"/v1/datasets/mnist/sheet.png?num_samples=2000&ids={ids[1]}").content
        assert (answers.pixels() == np.asarray(Image.open(io.BytesIO(sheet)))).all()
        assert f"sample={ids[1]}" in page.url
        assert sample.get_attribute("aria-pressed") == "true"
        draw(page, "1")
        answers.settled()
        assert "sample=" not in page.url


def test_two_files_are_compared(chromium, studio, digits, tmp_path):
    variants = [file["name"] for file in digits["artifacts"] if file["kind"] == "variant"]
    assert "model.float32.mlmodel" in variants
    with open_try(chromium, studio, digits) as page:
        page.wait_for_selector("canvas.paper")
        answers = Answers(page)
        page.get_by_label("Compare with").select_option("model.float32.mlmodel")
        draw(page, "9")
        answers.settled()
        Image.fromarray(answers.pixels()).save(tmp_path / "digit.png")
        shares = []
        for column, name in ((1, "model.mlmodel"), (2, "model.float32.mlmodel")):
            expected = predicted(downloaded(studio, digits, tmp_path, name), tmp_path / "digit.png")
            assert answers.probabilities(column) == pytest.approx(expected, abs=6e-5)
            shares.append(np.array(expected))
        text = page.locator(".compared").inner_text()
        if shares[0].argmax() == shares[1].argmax():
            largest = 100 * np.abs(shares[0] - shares[1]).max()
            assert text.startswith(f"Both say {shares[0].argmax()}.")
            assert float(text.split("difference is ")[1].split()[0]) == pytest.approx(largest, rel=0.06)
        else:
            assert text.startswith("They differ")
        assert parse_qs(urlsplit(page.url).fragment.split("?")[1])["with"] == ["model.float32.mlmodel"]
        screens(page, "try-two-files")


def test_measurements_of_a_flower(chromium, studio, iris, tmp_path):
    file = downloaded(studio, iris, tmp_path)
    with open_try(chromium, studio, iris) as page:
        answers = Answers(page).settled()
        flower = {"sepal length": "6,3", "sepal width": "3.3", "petal length": "6", "petal width": "2.5"}
        for name, value in flower.items():
            page.get_by_role("textbox", name=f"{name} (cm)").fill(value)
            page.keyboard.press("Tab")
        answers.settled()
        assert np.frombuffer(answers.sent[-1][1], "<f4") == pytest.approx([6.3, 3.3, 6, 2.5])
        (tmp_path / "flower.csv").write_text("6.3,3.3,6,2.5\n")
        assert answers.probabilities() == pytest.approx(predicted(file, tmp_path / "flower.csv"), abs=6e-5)
        page.get_by_role("slider", name="petal width").focus()
        page.keyboard.press("ArrowLeft")
        answers.settled()
        assert 2.3 < np.frombuffer(answers.sent[-1][1], "<f4")[3] < 2.5
        page.get_by_role("textbox", name="petal width (cm)").fill("wide")
        page.keyboard.press("Tab")
        page.wait_for_selector("text=Enter a number.")
        page.wait_for_selector(".why ul")


def test_a_point_in_the_plane(chromium, studio):
    job = studio.train(SPIRALS, epochs=20)
    with open_try(chromium, studio, job) as page:
        answers = Answers(page).settled()
        box = page.locator(".plane").bounding_box()
        page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
        answers.settled()
        point = np.frombuffer(answers.sent[-1][1], "<f4")
        assert point[0] < 0 < point[1]  # y grows upwards
        body = {"inputs": [point.tolist()]}
        (row,) = studio.client.post(f"/v1/jobs/{job['id']}/predictions", json=body).json()["predictions"]
        assert answers.probabilities() == pytest.approx(list(row["probabilities"].values()), abs=6e-5)
        page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.75 * box["height"], steps=5)
        page.mouse.up()
        answers.settled()
        point = np.frombuffer(answers.sent[-1][1], "<f4")
        assert point[1] < 0 < point[0]
        screens(page, "try-plane")


def dropped(page, name, media_type, content):
    """Drop a file onto the page."""
    page.evaluate(
        """([name, type, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name, {type}));
            const event = kind => new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true});
            document.body.dispatchEvent(event('dragover'));
            document.body.dispatchEvent(event('drop'));
        }""",
        [name, media_type, list(content)],
    )


def test_a_dropped_picture(chromium, studio):
    job = studio.train(CLOTHES)
    # A photo of 90 x 60 pixels that was taken lying on its side: dark on light, with its dark part at the top.
    upright = np.full((90, 60), 240, np.uint8)
    upright[:45, :] = 30
    photo = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a rotation to the right
    Image.fromarray(np.rot90(upright)).save(photo, "JPEG", quality=95, exif=exif)
    with open_try(chromium, studio, job) as page:
        answers = Answers(page).settled()  # it begins with a test sample
        dropped(page, "photo.jpg", "image/jpeg", photo.getvalue())
        answers.settled()
        pixels = answers.pixels().astype(int)
        # Most of the edge is light or dark by halves, so compare with both.
        if pixels[:10].mean() > pixels[-10:].mean():
            pixels = 255 - pixels
        assert abs(pixels[:10].mean() - 30) < 6
        assert abs(pixels[-10:].mean() - 240) < 6
        before = answers.pixels()
        page.get_by_label("Swap light and dark").click()
        answers.settled()
        assert (answers.pixels() == 255 - before).all()
        for content, text in (
            (b"no picture", "no PNG, JPEG, GIF, WebP or BMP"),
            (photo.getvalue()[:200] + bytes(300), "damaged|no PNG"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2, "too large"),
        ):
            dropped(page, "x.png", "image/png", content)
            alert = page.get_by_role("alert")
            alert.wait_for()
            assert any(part in alert.inner_text() for part in text.split("|")), alert.inner_text()


def test_a_photo_of_a_digit_is_cut_out_and_centred(chromium, studio, digits):
    paper = np.full((120, 200), 220, np.uint8)
    paper[20:26, 140:170] = paper[20:60, 164:170] = 30  # a small 7 at the upper right
    photo = io.BytesIO()
    Image.fromarray(paper).save(photo, "PNG")
    with open_try(chromium, studio, digits) as page:
        answers = Answers(page).settled()
        first = studio.client.get("/v1/datasets/mnist/samples?num_samples=2000&limit=1").json()["ids"][0]
        sheet = studio.client.get(f"/v1/datasets/mnist/sheet.png?num_samples=2000&ids={first}").content
        assert (
            answers.pixels() == np.asarray(Image.open(io.BytesIO(sheet)))
        ).all()  # it begins with a sample
        dropped(page, "photo.png", "image/png", photo.getvalue())
        answers.settled()
        pixels = answers.pixels().astype(float)
        assert 19 <= np.ptp(np.nonzero(pixels > 40)[0]) + 1 <= 21
        places = np.arange(28) + 0.5
        assert abs(pixels.sum(axis=0) @ places / pixels.sum() - 14) < 0.5
        assert abs(pixels.sum(axis=1) @ places / pixels.sum() - 14) < 0.5
        dropped(page, "digit.png", "image/png", sheet)  # has the size of the dataset's: it is one of them
        answers.settled()
        assert (answers.pixels() == np.asarray(Image.open(io.BytesIO(sheet)))).all()


def test_a_drawn_curve(chromium, studio):
    job = studio.train(WAVES)
    with open_try(chromium, studio, job) as page:
        answers = Answers(page).settled()
        page.get_by_role("button", name="Flat line").click()
        box = page.locator("svg[aria-label^='Curve']").bounding_box()
        page.mouse.move(box["x"] + 2, box["y"] + 0.5 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 2)  # in one leap
        page.mouse.up()
        answers.settled()
        values = np.frombuffer(answers.sent[-1][1], "<f4")
        assert values.shape == (20,)
        assert (np.diff(values) > 0).all()


def test_written_symbols(chromium, studio):
    job = studio.train(BRACKETS)
    with open_try(chromium, studio, job) as page:
        answers = Answers(page).settled()
        page.get_by_role("button", name="Clear").click()
        for symbol in "()(":
            page.get_by_role("button", name=symbol, exact=True).click()
        page.get_by_role("button", name="Delete the last one").click()
        answers.settled()
        assert np.frombuffer(answers.sent[-1][1], "<f4").tolist() == [1, 2, 0, 0, 0, 0]
        axe(page)


def test_a_run_that_is_not_ready(chromium, studio):
    job = studio.submit(SPIRALS, epochs=10_000, batch_size=4)
    try:
        with open_try(chromium, studio, {"id": job}) as page:
            page.get_by_role("link", name="Watch", exact=True).last.wait_for()
            page.get_by_text("as soon as it is ready").wait_for()
    finally:
        studio.client.post(f"/v1/jobs/{job}/cancel")


@pytest.mark.parametrize(
    "context", [DESKTOP, TABLET, PHONE, {**PHONE, **DARK}, {**DESKTOP, **DARK, **GERMAN}]
)
def test_everybody_can_use_it(chromium, studio, digits, context):
    with open_try(chromium, studio, digits, "?sample=3&with=model.float32.mlmodel", **context) as page:
        Answers(page).settled()
        page.wait_for_selector(".why canvas")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for details in page.locator("details").all():
            details.evaluate("one => (one.open = true)")
        page.wait_for_selector(".pictures canvas")
        axe(page)
        screens(page, "try")


def test_on_a_phone_a_finger_draws_and_the_bars_are_below(chromium, studio, digits):
    with open_try(chromium, studio, digits, **PHONE) as page:
        page.wait_for_selector("canvas.paper")
        answers = Answers(page)
        box = page.locator("canvas.paper").bounding_box()
        assert box["width"] > 340
        finger = page.context.new_cdp_session(page)
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in
                  ((0.5, 0.2), (0.5, 0.4), (0.5, 0.6), (0.5, 0.8))]  # fmt: skip
        touch = lambda kind, points: finger.send(  # noqa: E731
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        )
        touch("touchStart", points[:1])
        for point in points[1:]:
            touch("touchMove", [point])
        touch("touchEnd", [])
        answers.settled()
        assert answers.pixels()[14, 13:15].min() > 200  # a 1
        assert page.evaluate("scrollY") == 0  # the page did not move
        assert page.locator(".answer").bounding_box()["y"] > box["y"] + box["height"]
