"""The film in the report: all of it is embedded, nothing breaks out, and only the player may run."""

import base64
import hashlib
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

import filmed
from quickml.errors import FilmError
from quickml.film import Film
from quickml.report import player as players
from quickml.report import stills
from quickml.report.page import render
from report_pages import HOSTILE, Page, a_report, poisoned

MAKERS = (filmed.plane, filmed.digits, filmed.iris, filmed.sums)


def player_of(made):
    content, plan, data = made
    return players.player(content, plan, data)


def scripts(html):
    """Type and text of every script of a page."""
    return re.findall(r'<script type="([^"]+)"[^>]*>(.*?)</script>', html, re.DOTALL)


@pytest.mark.parametrize("make", MAKERS)
def test_the_page_has_the_whole_film(make):
    made = make()
    html = render(a_report(), [], player_of(made))
    found = dict(scripts(html))
    assert base64.b64decode(found["application/octet-stream"]) == made[0]
    facts = json.loads(found["application/json"])
    assert facts == player_of(made).facts
    assert Film.read(made[0]).header["probes"] == [probe["index"] for probe in facts["probes"]]


@pytest.mark.parametrize("make", MAKERS)
def test_only_the_player_may_run_and_nothing_is_fetched(make):
    html = render(a_report(), [], player_of(make()))
    page, found = Page(html), scripts(html)
    assert html.count("<script") == 3
    (policy,) = [a["content"] for a in page.find("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(dict(found)["module"].encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'", "img-src data:", "style-src 'unsafe-inline'",
        f"script-src 'sha256-{digest}'", "require-trusted-types-for 'script'",
    ]  # fmt: skip
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "data"):
            assert str(attributes.get(name) or "data:").startswith("data:")
        assert not [name for name in attributes if name.startswith("on")]
    addresses = set(re.findall(r"https?:[^\"'\s]*", html))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of SVG, which nobody fetches
    for word in (
        "eval(",
        "Function(",
        "innerHTML",
        "insertAdjacent",
        "document.write",
        "import(",
        "fetch(",
        "url(",
    ):
        assert word not in html


def test_hostile_names_stay_text():
    content, plan, data = filmed.plane()
    info = plan.info.model_copy(update={"labels": (HOSTILE, HOSTILE + "2"), "feature_names": (HOSTILE, "y")})
    hostile = players.facts(Film.read(content), _with(plan, info), data)
    found = player_of((content, plan, data))
    changed = players.Player(**{**vars(found), "facts": hostile})
    html = render(poisoned(a_report()), [], changed)
    assert html.count("<script") == html.count("</script") == 3
    facts = json.loads(dict(scripts(html))["application/json"])
    assert facts["labels"] == [HOSTILE, HOSTILE + "2"]


def _with(plan, info):
    return type(plan)(**{**vars(plan), "info": info})


def test_a_run_without_a_film_has_no_script():
    _, plan, data = filmed.iris()
    assert players.player(b"", plan, data) is None
    assert "<script" not in render(a_report(), [])


def test_a_damaged_film_is_an_error():
    content, plan, data = filmed.iris()
    with pytest.raises(FilmError):
        players.player(content[:-3], plan, data)


def test_kernels_connect_the_columns_of_units():
    facts = player_of(filmed.plane()).facts
    assert facts["lines"] == [
        {"weights": "weights/first/kernel", "from": "input", "to": "unit/first"},
        {"weights": "weights/last/kernel", "from": "unit/first", "to": "grid"},
    ]


def test_samples_are_those_of_the_test_set():
    _, plan, data = made = filmed.digits()
    facts = player_of(made).facts
    assert facts["sample"] == facts["probes"][0]
    for index, probe in zip([5, 1, 2], facts["probes"], strict=False):
        assert probe["truth"] == data.y_test[index]
        assert probe["name"] == plan.info.labels[data.y_test[index]]
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(probe["picture"].partition(",")[2]))))
        np.testing.assert_array_equal(pixels, data.x_test[index, ..., 0])
    points = player_of(filmed.plane()).facts["points"]
    rings = filmed.plane()[2]
    np.testing.assert_allclose([point[:2] for point in points], rings.x_test, rtol=1e-3)
    assert [point[2] for point in points] == rings.y_test.tolist()


def test_still_pictures_show_the_answers_from_start_to_end():
    content, _, _ = filmed.plane()
    film = Film.read(content)
    found = stills.stills(film)
    assert [still.caption for still in found[::5]] == ["start", "epoch 4 of 20, loss 0.25"]
    picture = Image.open(io.BytesIO(base64.b64decode(found[-1].uri.partition(",")[2]))).convert("RGB")
    red, _, blue = np.moveaxis(np.asarray(picture, np.int32), -1, 0)
    says_second = film.frames[-1].parts["grid"][0, ::-1]  # the first row of a picture is the highest y
    assert (blue > red)[says_second > 0.55].all()
    assert (red > blue)[says_second < 0.45].all()
    assert stills.stills(Film.read(filmed.digits()[0])) == []


def test_restored_weights_are_named():
    made = filmed.plane()
    assert Film.read(made[0]).frames[-1].number == 4 * filmed.STEPS
    text = Page(render(a_report(), [], player_of(made))).text
    assert "The training ended at epoch 4 of 20, loss 0.25." in text
    restored = player_of(filmed.plane(is_restored=True))
    text = Page(render(a_report(), [], restored)).text
    assert restored.stills[-1].caption == "best weights"
    assert (
        "The training ended at epoch 4 of 20, loss 0.25; the last picture shows the best weights, which were restored"
        in text
    )
