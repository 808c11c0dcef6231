"""Take: every file can be downloaded as it is, and the phone, Swift and other programs find it."""

import hashlib
import json
import re

import httpx
import pytest

from browser import chromium, visit
from server_process import quickml
from studio import DARK, DESKTOP, IRIS, PHONE, STILL, TABLET, axe, screens, standing, studio

FIXTURES = (chromium, studio)
FORMATS = {"formats": ["mlmodel", "mlpackage", "onnx"]}


@pytest.fixture(scope="module")
def iris(studio):
    return studio.train({**IRIS, "export": FORMATS}, epochs=5)


def open_take(chromium, studio, job, **context):
    return visit(chromium, studio.page(f"#/take/{job['id']}"), **{**DESKTOP, **STILL, **context})


def test_downloads_are_the_files(chromium, studio, iris, tmp_path):
    with open_take(chromium, studio, iris) as page:
        for file in iris["artifacts"]:
            link = page.get_by_role("link", name=f"Download: {file['name']}", exact=True)
            link.wait_for()
            page.wait_for_selector(f"a[download='{file['name']}'][href*='signature=']")
            with page.expect_download() as found:
                link.click()
            content = found.value.path().read_bytes()
            assert found.value.suggested_filename == file["name"]
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file["size_bytes"], file["sha256"])


def test_a_file_says_what_it_is(chromium, studio, iris):
    parity = studio.server.events(iris["id"])[-1][1]["parity"]
    samples = next(row["samples"] for row in parity if row["file"] == "model.mlmodel")
    package = next(file for file in iris["artifacts"] if file["kind"] == "mlpackage")
    with open_take(chromium, studio, iris) as page:
        row = page.locator("li", has=page.get_by_role("heading", name="model.mlmodel", exact=True))
        row.get_by_text("iOS 13 or later").wait_for()
        assert f"Verified: on {samples} samples" in row.inner_text()
        row.get_by_text("Checksum").click()
        digest = row.get_by_role("textbox", name="SHA-256 of model.mlmodel").input_value()
        assert digest == next(file for file in iris["artifacts"] if file["kind"] == "mlmodel")["sha256"]
        row = page.locator("li", has=page.get_by_role("heading", name="model.mlpackage", exact=True))
        row.get_by_text("3 files inside").click()
        for member in package["package"]["files"]:
            assert member["path"] in row.inner_text()


def test_the_report_opens(chromium, studio, iris):
    with open_take(chromium, studio, iris) as page:
        page.wait_for_selector("a[target=_blank][href*='signature=']")
        with page.context.expect_page() as found:
            page.get_by_role("link", name="Open: report.html").click()
        found.value.wait_for_selector("h1")
        assert IRIS["name"] in found.value.title() + found.value.locator("body").inner_text()


def test_swift_is_written_from_the_file(chromium, studio, iris, tmp_path):
    file = next(file for file in iris["artifacts"] if file["kind"] == "mlmodel")
    (tmp_path / "model.mlmodel").write_bytes(studio.client.get(file["url"]).content)
    about = json.loads(quickml("inspect", tmp_path / "model.mlmodel", "--json").stdout)
    (taken,) = about["inputs"]
    with open_take(chromium, studio, iris) as page:
        code = page.locator("textarea[aria-label$='.swift']")
        code.wait_for()
        text = code.input_value()
        shape = ", ".join(map(str, taken["shape"]))
        assert f"MLMultiArray(shape: [{shape}], dataType: .{taken['data_type']})" in text
        assert f"model.prediction({taken['name']}: array)" in text
        assert f"output.{about['predicted_feature']}" in text
        assert f"output.{about['predicted_probabilities']}" in text
        assert ", ".join(about["labels"]) in text
        page.get_by_label("File", exact=True).select_option("model.mlpackage")
        assert ".mlpackage:" in code.input_value()


def test_commands_fetch_the_file(chromium, studio, iris, tmp_path):
    with open_take(chromium, studio, iris) as page:
        command = page.get_by_role("textbox", name="Command line")
        command.wait_for()
        words = command.input_value().split()
    assert words[:2] == ["quickml", "download"]
    ended = quickml(*words[1:], "--out", tmp_path / "files", "--file", "model.mlmodel")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "files" / "model.mlmodel").exists()


def modules(page):
    """The dark modules of the QR code on the page, as rows of booleans."""
    size = int(page.locator("[data-address] svg").get_attribute("viewBox").split()[2])
    rows = [[False] * size for _ in range(size)]
    path = page.locator("[data-address] svg path").get_attribute("d")
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)", path):
        for column in range(int(x), int(x) + int(width)):
            rows[int(y)][column] = True
    inked = [index for index, row in enumerate(rows) if any(row)]
    edge = slice(inked[0], inked[-1] + 1)
    return [row[edge] for row in rows[edge]]


MASKS = (
    lambda y, x: (y + x) % 2,
    lambda y, x: y % 2,
    lambda y, x: x % 3,
    lambda y, x: (y + x) % 3,
    lambda y, x: (y // 2 + x // 3) % 2,
    lambda y, x: y * x % 2 + y * x % 3,
    lambda y, x: (y * x % 2 + y * x % 3) % 2,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2,
)
"""A module is inverted where the mask of the code is 0 (ISO/IEC 18004, table 10)."""


def text_of(rows):
    """The text of a QR code of version 2 to 5, whose codewords are one block; without correcting errors."""
    size = len(rows)
    assert size in (25, 29, 33, 37), "another version"
    format_bits = [rows[8][column] for column in (2, 3, 4)]
    mask = MASKS[int("".join(str(int(bit)) for bit in format_bits), 2) ^ 0b101]

    def is_data(y, x):
        finder = (y < 9 and (x < 9 or x >= size - 8)) or (y >= size - 8 and x < 9)
        alignment = abs(y - (size - 7)) <= 2 and abs(x - (size - 7)) <= 2
        return not (finder or alignment or 6 in (y, x))

    bits, upward = [], True
    for right in [*range(size - 1, 6, -2), 5, 3, 1]:
        for y in range(size - 1, -1, -1) if upward else range(size):
            bits += [rows[y][x] != (mask(y, x) == 0) for x in (right, right - 1) if is_data(y, x)]
        upward = not upward
    number = lambda start, count: int("".join(str(int(bit)) for bit in bits[start : start + count]), 2)  # noqa: E731
    assert number(0, 4) == 0b0100, "not bytes"
    return bytes(number(12 + 8 * index, 8) for index in range(number(4, 8))).decode()


def test_the_code_has_the_address_for_the_phone(chromium, studio, iris):
    with open_take(chromium, studio, iris) as page:
        page.wait_for_selector("[data-address] svg")
        address = page.locator("[data-address]").get_attribute("data-address")
        assert address == studio.page(f"#/try/{iris['id']}")
        assert text_of(modules(page)) == address
        page.get_by_text("This address works on this computer only.").wait_for()
        page.get_by_label("Host in the address").fill("192.168.1.7:9000")
        address = page.locator("[data-address]").get_attribute("data-address")
        assert address == f"http://192.168.1.7:9000/#/try/{iris['id']}"
        assert text_of(modules(page)) == address
        assert not page.get_by_text("This address works on this computer only.").count()


def test_the_code_can_download_the_file(chromium, studio, iris):
    with open_take(chromium, studio, iris) as page:
        page.get_by_label("Scan to download model.mlmodel").click()
        page.wait_for_selector("[data-address*='signature=']")
        address = page.locator("[data-address]").get_attribute("data-address")
    answer = httpx.get(address)
    file = next(file for file in iris["artifacts"] if file["kind"] == "mlmodel")
    assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]


def test_where_tokens_are_required_the_code_has_one_only_if_it_shall(chromium, tmp_path):
    with standing(tmp_path, "--access", "tokens") as studio:
        token = studio.token or _token(studio, tmp_path)
        studio.client.headers["Authorization"] = f"Bearer {token}"
        job = studio.train(IRIS, epochs=2)
        with visit(chromium, studio.page(f"#/take/{job['id']}?token={token}"), **DESKTOP) as page:
            page.wait_for_selector("[data-address] svg")
            assert token not in page.url
            assert "token" not in page.locator("[data-address]").get_attribute("data-address")
            page.get_by_text("the phone asks for a token").wait_for()
            page.get_by_label("Put my token into the code").click()
            assert page.locator("[data-address]").get_attribute("data-address").endswith(f"?token={token}")
            page.get_by_text("Whoever scans this code").wait_for()
            page.wait_for_selector("a[download='model.mlmodel'][href*='signature=']")
            assert token not in page.locator(".files").inner_html()
            with page.expect_download() as found:
                page.get_by_role("link", name="Download: model.mlmodel").click()
            assert found.value.path().stat().st_size > 0
            assert token not in page.get_by_role("textbox", name="curl").input_value()


def _token(studio, folder):
    ended = quickml("token", "create", "somebody", "--data", folder / "data", "--json")
    assert ended.returncode == 0, ended.stderr
    return next(iter(re.findall(r"qml_\w+", ended.stdout)))


@pytest.mark.parametrize("context", [DESKTOP, TABLET, PHONE, {**PHONE, **DARK}, {**DESKTOP, **DARK}])
def test_everybody_can_use_it(chromium, studio, iris, context):
    with open_take(chromium, studio, iris, **context) as page:
        page.wait_for_selector("textarea[aria-label$='.swift']")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for details in page.locator("details").all():
            details.evaluate("one => (one.open = true)")
        axe(page)
        screens(page, "take")
