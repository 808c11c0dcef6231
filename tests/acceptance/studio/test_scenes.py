"""The scenes of a film show its numbers: what their tables say is what `quickml.Film` reads."""

import copy
import re

import numpy as np
import pytest

from browser import chromium, visit
from quickml import Film
from studio import DARK, DESKTOP, IRIS, PHONE, SPIRALS, STILL, TABLET, axe, screens, studio

FIXTURES = (chromium, studio)
BLOBS = {
    "name": "blobs",
    "dataset": {"name": "blobs", "num_samples": 300},
    "model": {
        "layers": [
            {"type": "Dense", "units": 6, "activation": "relu"},
            {"type": "Dense", "units": 3, "activation": "softmax"},
        ]
    },
    "training": {"optimizer": {"type": "Adam", "learning_rate": 0.02}, "batch_size": 32, "epochs": 8},
}
MNIST = {
    "name": "small mnist",
    "dataset": {"name": "mnist", "num_samples": 1000},
    "model": {
        "layers": [
            {"type": "Conv2D", "filters": 8, "kernel_size": 5, "activation": "relu"},
            {"type": "MaxPooling2D", "pool_size": 4},
            {"type": "Flatten"},
            {"type": "Dense", "units": 10, "activation": "softmax"},
        ]
    },
    "training": {"optimizer": {"type": "Adam", "learning_rate": 0.005}, "batch_size": 32, "epochs": 1},
}
WAVES = {
    "name": "waves",
    "dataset": "waves",
    "model": {
        "layers": [
            {"type": "Conv1D", "filters": 6, "kernel_size": 5, "activation": "relu"},
            {"type": "GlobalMaxPooling1D"},
            {"type": "Dense", "units": 4, "activation": "softmax"},
        ]
    },
    "training": {"optimizer": {"type": "Adam", "learning_rate": 0.01}, "batch_size": 64, "epochs": 2},
}
DIABETES = {
    "name": "diabetes",
    "dataset": "diabetes",
    "model": {"layers": [{"type": "Dense", "units": 8, "activation": "relu"}, {"type": "Dense", "units": 1}]},
    "training": {"optimizer": {"type": "Adam", "learning_rate": 0.01}, "batch_size": 32, "epochs": 10},
}
KINDS = {
    "spirals": (SPIRALS, {"epochs": 40}),
    "blobs": (BLOBS, {}),
    "iris": (IRIS, {"epochs": 15}),
    "mnist": (MNIST, {}),
    "waves": (WAVES, {}),
    "diabetes": (DIABETES, {}),
}


class Trained:
    """A job, and its film."""

    def __init__(self, studio, document, changes):
        job = studio.train(copy.deepcopy(document), **changes)
        self.id = job["id"]
        url = next(file["url"] for file in job["artifacts"] if file["kind"] == "film")
        self.film = Film.read(studio.client.get(url).content)

    @property
    def last(self):
        return self.film.frames[-1]


@pytest.fixture(scope="module")
def trained(studio):
    """Trains a document once, when a test asks for it."""
    known = {}

    def one(kind):
        if kind not in known:
            known[kind] = Trained(studio, *KINDS[kind])
        return known[kind]

    return one


def watch(chromium, studio, job, **context):
    """Watch at the last frame: without motion, nothing plays by itself."""
    address = studio.page(f"#/watch/{job.id}?at={job.last.number}")
    return visit(chromium, address, **{**DESKTOP, **STILL, **context})


def figure(page, title):
    return page.locator("figure").filter(has=page.get_by_role("heading", name=title))


def table(page, title):
    """The rows of the table twin of a figure."""
    chart = figure(page, title)
    chart.get_by_role("button", name=re.compile("^As a table")).click()
    rows = chart.locator("tbody tr")
    rows.first.wait_for()
    found = rows.evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.textContent))")
    chart.get_by_role("button", name=re.compile("^As a chart")).click()
    return found


def numbers(rows, first, last=None):
    """Columns of a table as an array."""
    return np.array([[float(cell) for cell in row[first:last]] for row in rows])


def close(found, expected):
    """Equal to four digits: those of a table."""
    np.testing.assert_allclose(found, np.asarray(expected, dtype=float), rtol=6e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["spirals", "blobs"])
def test_the_table_of_the_plane_has_the_numbers_of_the_film(chromium, studio, trained, kind):
    job = trained(kind)
    grid = job.last.parts["grid"]
    ends = job.film.header["grid"]
    with watch(chromium, studio, job) as page:
        rows = table(page, "The answer, everywhere")
        page.get_by_text(re.compile("test points are on the right side")).wait_for()
        axe(page)
        screens(page, f"scene-{kind}")
    places = (np.arange(2, 64, 4) + 0.5) / 64
    x, y = (low + places * (high - low) for low, high in (ends["x"], ends["y"]))
    close(numbers(rows, 0, 1)[:, 0], np.tile(x, 16))
    close(numbers(rows, 1, 2)[:, 0], np.repeat(y, 16))
    close(numbers(rows, 2), grid[:, 2::4, 2::4].reshape(len(grid), -1).T)


@pytest.mark.parametrize("kind", ["spirals", "blobs", "iris"])
def test_the_table_of_the_network_has_the_weights_of_the_film(chromium, studio, trained, kind):
    job = trained(kind)
    parts = job.last.parts
    kernels = [parts[name] for name in parts if name.startswith("weights/") and name.endswith("/kernel")]
    with watch(chromium, studio, job) as page:
        rows = table(page, "What every neuron sees")
        everything = table(page, "Every weight")
    close(numbers(rows, 2)[:, 0], np.concatenate([kernel.reshape(-1) for kernel in kernels]))
    of_kernels = [row for row in everything if row[0].endswith("/kernel")]
    close(numbers(of_kernels, 3)[:, 0], np.concatenate([kernel.reshape(-1) for kernel in kernels]))


def test_a_neuron_is_named_and_said_truly(chromium, studio, trained):
    job = trained("spirals")
    to_answer = job.last.parts["weights/dense_2/kernel"][:, 0]
    strongest = int(np.argmax(np.abs(to_answer)))
    with watch(chromium, studio, job) as page:
        unit = page.locator(f'[data-unit="2 {strongest}"]')
        unit.hover()
        page.get_by_role("heading", name=f"Neuron {strongest + 1} of the second layer").first.wait_for()
        said = page.get_by_text(re.compile("Its weight to the answer is .*, the strongest of 12"))
        weight = re.search(r"answer is ([+\u2212][\d.]+)", said.first.text_content())[1]
        assert float(weight.replace("\u2212", "-")) == pytest.approx(to_answer[strongest], rel=0.01)
        page.mouse.move(2, 2)
        page.get_by_role("heading", name="The answer, everywhere").wait_for()


def test_neurons_are_reached_by_the_keyboard(chromium, studio, trained):
    with watch(chromium, studio, trained("spirals")) as page:
        first = page.locator('[data-unit="1 0"]')
        first.wait_for()
        assert page.locator('[data-unit][tabindex="0"]').count() == 1
        before = page.url
        figure(page, "What every neuron sees").get_by_role("button", name=re.compile("^As a table")).focus()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        page.get_by_role("heading", name="Neuron 2 of the first layer").first.wait_for()
        page.keyboard.press("ArrowRight")
        page.get_by_role("heading", name="Neuron 2 of the second layer").first.wait_for()
        page.keyboard.press("Enter")
        assert page.locator('[data-unit="2 1"]').get_attribute("aria-pressed") == "true"
        page.keyboard.press("Tab")
        page.get_by_role("heading", name="Neuron 2 of the second layer").first.wait_for()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Escape")
        page.get_by_role("heading", name="The answer, everywhere").wait_for()
        assert page.url == before, "the arrows of neurons must not move the playhead"


def test_a_point_of_the_plane_is_read(chromium, studio, trained):
    job = trained("spirals")
    with watch(chromium, studio, job) as page:
        plane = page.get_by_role("application")
        plane.focus()
        page.keyboard.press("ArrowUp")
        read = page.get_by_text(re.compile(r"^x .*, y .*: (one|other) \d+%"))
        before = read.text_content()
        for _ in range(12):
            page.keyboard.press("Shift+ArrowRight")
        assert read.text_content() != before
        assert float(re.match(r"x (-?[\d.]+)", read.text_content())[1]) == pytest.approx(
            job.film.header["grid"]["x"][1], rel=0.05
        )


def test_filters_samples_and_probes_have_the_numbers_of_the_film(chromium, studio, trained):
    job = trained("mnist")
    parts = job.last.parts
    with watch(chromium, studio, job) as page:
        page.get_by_text(re.compile("are right at this moment")).wait_for()
        filters = table(page, "8 filters of conv2d")
        travel = table(page, "What every layer does with one sample")
        probes = table(page, re.compile("test samples at every moment"))
        page.get_by_role("button", name=re.compile("^Test sample")).nth(4).click()
        page.get_by_text(re.compile("during the training")).first.wait_for()
        axe(page)
        screens(page, "scene-mnist")
    close(numbers(filters, 2), parts["filters/conv2d/kernel"].reshape(-1, 5))
    shown = [name for name in parts if name.startswith("activation/")]
    close(numbers(travel, 2)[:, 0], np.concatenate([parts[name].reshape(-1) for name in shown]))
    close(numbers(probes, 3), parts["probes"])
    assert [int(row[0]) for row in probes] == job.film.header["probes"]


@pytest.mark.parametrize(("kind", "shape"), [("iris", TABLET), ("waves", DESKTOP), ("diabetes", PHONE)])
def test_tables_and_sequences_have_scenes(chromium, studio, trained, kind, shape):
    job = trained(kind)
    parts = job.last.parts
    with watch(chromium, studio, job, **shape) as page:
        title = re.compile("^Answers to 32" if kind == "diabetes" else "test samples at every moment")
        figure(page, title).locator("svg circle, button span").first.wait_for()
        rows = table(page, title)
        histograms = table(page, "How the weights are distributed")
        axe(page)
        screens(page, f"scene-{kind}")
    close(numbers(rows, 2 if kind == "diabetes" else 3), parts["probes"])
    names = [name for name in parts if name.startswith("histogram/")]
    close(numbers(histograms, 3)[:, 0], np.concatenate([parts[name] for name in names]))


def test_scenes_are_complete_in_the_dark_and_in_german(chromium, studio, trained):
    with watch(chromium, studio, trained("blobs"), locale="de-DE", **DARK) as page:
        page.get_by_text(re.compile("Testpunkte liegen auf der richtigen Seite")).wait_for()
        page.get_by_role("heading", name="Was jedes Neuron sieht").wait_for()
        axe(page)
