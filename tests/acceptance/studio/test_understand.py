"""Understand: every number on the page is what Python computes from the same answers, and a mistake leads by
mouse and by keyboard to its sample and to the pixels that mattered."""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from math import sqrt

import httpx
import numpy as np
import pytest

from browser import chromium, visit
from quickml import Answers, Client
from quickml.answers.write import to_bytes
from quickml.datasets import load
from quickml.datasets.builtin.classic_tables import Digits
from quickml.datasets.builtin.images import Mnist
from studio import DARK, DESKTOP, GERMAN, PATIENCE_S, PHONE, STILL, TABLET, axe, screens, studio

__all__ = ["chromium", "studio"]  # fixtures

DENSE = {"type": "Dense", "units": 16, "activation": "relu"}
ADAM = {"optimizer": {"type": "Adam", "learning_rate": 0.01}, "batch_size": 32}


def document(name, dataset, layers, epochs, **export):
    training = {**ADAM, "epochs": epochs}
    return {
        "name": name, "dataset": dataset, "model": {"layers": layers}, "training": training, "export": export,
    }  # fmt: skip


def softmax(units):
    return {"type": "Dense", "units": units, "activation": "softmax"}


CONVOLUTION = {"type": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu"}
DOCUMENTS = {
    "mnist": document(
        "digits of few", {"name": "mnist", "num_samples": 1000},
        [CONVOLUTION, {"type": "MaxPooling2D", "pool_size": 2}, {"type": "Flatten"}, softmax(10)], 2,
    ),
    "digits": document(
        "digits in 4 bits", "digits", [CONVOLUTION, {"type": "Flatten"}, DENSE, softmax(10)], 3,
        formats=["mlmodel"], weights="palettized-4",
    ),
    "diabetes": document("diabetes", "diabetes", [DENSE, {"type": "Dense", "units": 1}], 30),
    "waves": document(
        "waves", {"name": "waves", "num_samples": 600},
        [
            {"type": "Conv1D", "filters": 8, "kernel_size": 5, "activation": "relu"},
            {"type": "GlobalMaxPooling1D"}, softmax(4),
        ], 3,
    ),
    "moons": document(
        "moons", {"name": "moons", "noise": 0.3}, [DENSE, {"type": "Dense", "units": 1, "activation": "sigmoid"}], 5
    ),
    "brackets": document(
        "no better", {"name": "brackets", "num_samples": 500},
        [
            {"type": "Embedding", "input_dim": 3, "output_dim": 2}, {"type": "GlobalAveragePooling1D"},
            {"type": "Dense", "units": 1, "activation": "sigmoid"},
        ], 1,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def jobs(studio):
    """One ready job of each document: its id."""
    ids = {name: studio.submit(one) for name, one in DOCUMENTS.items()}
    return {name: studio.ready(job_id)["id"] for name, job_id in ids.items()}


@pytest.fixture(scope="module")
def client(studio):
    with Client(studio.server.address) as found:
        yield found


@pytest.fixture
def opened(chromium, studio, jobs):
    """Opens Understand for one of the jobs."""

    def open(name, query="", **context):
        return visit(chromium, studio.page(f"#/understand/{jobs[name]}{query}"), **{**DESKTOP, **context})

    return open


def part(page, name):
    """A part of the page, scrolled to, so that it is there."""
    page.locator("h1").first.wait_for()
    section = page.locator(f"#part-{name}")
    section.scroll_into_view_if_needed()
    section.locator("h2").first.wait_for()
    return section


def all_parts(page):
    """Every part of the page, so that checks see them all."""
    page.locator("section[id^=part-]").first.wait_for()
    for section in page.locator("section[id^=part-]").all():
        section.scroll_into_view_if_needed()
        section.locator("h2").first.wait_for()


def words(page):
    return re.sub(r"\s+", " ", page.locator("main").inner_text())


def whole(number):
    return f"{number:,}"


def percent(share, digits=0):
    """As the page rounds: half up."""
    exact = Decimal(float(share)) * 100
    return f"{exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)}%"


def wilson(right, total, z=1.959963984540054):
    share, square = right / total, z * z / total
    middle, reach = share + square / 2, z * sqrt(share * (1 - share) / total + square / (4 * total))
    return (middle - reach) / (1 + square), (middle + reach) / (1 + square)


def confidence(answers):
    return np.take_along_axis(answers.probabilities, answers.predicted[:, None].astype(int), axis=1)[:, 0]


def samples_of(answers, was, said):
    """As the page orders them: the surest first."""
    chosen = np.flatnonzero((answers.truth == was) & (answers.predicted == said))
    return chosen[np.argsort(-confidence(answers)[chosen], kind="stable")].tolist()


def largest_mistake(answers):
    confusion = answers.confusion()
    np.fill_diagonal(confusion, 0)
    was, said = divmod(int(confusion.argmax()), len(confusion))
    return was, said, int(confusion.max())


class TestNumbers:
    def test_those_of_a_classification_are_computed_from_the_answers(self, opened, client, jobs):
        answers = client.answers(jobs["mnist"])
        confusion = answers.confusion()
        total, right = int(confusion.sum()), int(np.trace(confusion))
        low, high = wilson(right, total)
        with opened("mnist") as page:
            part(page, "mistakes")
            text = words(page)
            assert f"{percent(right / total, 2)} right: {whole(right)} of {whole(total)} test samples" in text
            assert f"expect between {percent(low, 1)} and {percent(high, 1)}" in text
            commonest = int(confusion.sum(axis=1).argmax())
            share = confusion.sum(axis=1).max() / total
            assert f"commonest class, “{answers.labels[commonest]}”, would reach {percent(share, 1)}" in text
            assert "The network is clearly better" in text
            assert f"{whole(total - right)} of {whole(total)} test samples" in text
            cells = {
                cell.get_attribute("data-cell"): int(cell.inner_text().replace(",", ""))
                for cell in page.locator("[data-cell]").all()
            }
            assert cells == {
                f"{was}-{said}": int(confusion[was, said]) for was, said in np.argwhere(confusion)
            }
            classes = part(page, "classes")
            areas = [scores.roc_auc for scores in answers.per_class()]
            for label in range(10):
                hits = confusion[label, label]
                precision, recall = hits / confusion[:, label].sum(), hits / confusion[label].sum()
                f1 = 2 * precision * recall / (precision + recall)
                row = words_of(classes.locator(f"[data-class='{label}']"))
                expected = f"{label} {percent(precision, 2)} {percent(recall, 2)} {percent(f1, 2)} {areas[label]:.3f} {whole(confusion[label].sum())}"
                assert row == expected
            bins = [one for one in answers.calibration() if one.samples]
            error = sum(one.samples * abs(one.confidence - one.accuracy) for one in bins) / total
            calibration = part(page, "calibration")
            assert float(calibration.locator("[data-ece]").get_attribute("data-ece")) == pytest.approx(
                error, abs=1e-5
            )
            calibration.get_by_role("button", name=re.compile("^As a table")).click()
            rows = [words_of(row) for row in calibration.locator("tbody tr").all()]
            assert [int(row.split()[-1].replace(",", "")) for row in rows] == [
                one.samples for one in answers.calibration()
            ]

    def test_a_model_that_is_no_better_than_the_commonest_class_is_told_so(self, opened, client, jobs):
        answers = client.answers(jobs["brackets"])
        counts = np.bincount(answers.truth)
        right = int((answers.truth == answers.predicted).sum())
        better = right > counts.max()
        clearly = wilson(right, len(answers.truth))[0] > counts.max() / len(answers.truth)
        expected = (
            "clearly better"
            if clearly
            else "may be chance"
            if better
            else "The network is no better than that"
        )
        with opened("brackets") as page:
            part(page, "mistakes")
            assert expected in words(page)

    def test_those_of_a_regression(self, opened, client, jobs):
        answers = client.answers(jobs["diabetes"])
        truth, found = answers.truth.astype(float), answers.predicted.astype(float)
        error = np.abs(found - truth)
        r2 = 1 - ((found - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
        with opened("diabetes") as page:
            section = part(page, "found")

            def shown(name):
                return float(section.locator(f"[data-measure={name}]").inner_text())

            assert shown("mae") == pytest.approx(error.mean(), rel=1e-3)
            assert shown("rmse") == pytest.approx(np.sqrt((error**2).mean()), rel=1e-3)
            assert shown("r2") == pytest.approx(r2, abs=5e-3)
            off = np.abs(truth - truth.mean()).mean()
            assert f"would be off by {off:.1f}" in words(page)
            worst = int(error.argmax())
            assert page.locator("[data-sample]").first.get_attribute("data-sample") == str(worst)
            page.locator(f"[data-explained='{worst}']").wait_for()
            assert f"Test sample {worst}" in words(page)
            assert "bmi" in words(page)  # the sample is a table of its features
            histogram = part(page, "residuals")
            histogram.get_by_role("button", name=re.compile("^As a table")).click()
            counts = [int(words_of(row).split()[-1]) for row in histogram.locator("tbody tr").all()]
            assert sum(counts) == len(truth)


def words_of(place):
    return re.sub(r"\s+", " ", place.inner_text()).strip()


class TestMistakes:
    def test_a_cell_leads_to_its_samples_and_a_sample_to_the_pixels_that_mattered(self, opened, client, jobs):
        answers = client.answers(jobs["mnist"])
        was, said, count = largest_mistake(answers)
        ids = samples_of(answers, was, said)
        with opened("mnist") as page:
            part(page, "mistakes")
            page.locator(f"[data-cell='{was}-{said}']").click()
            page.get_by_role("heading", name=f"{was} taken for {said} {count}").wait_for()
            shown = [int(one.get_attribute("data-sample")) for one in page.locator("[data-sample]").all()]
            assert shown == ids[:40]
            chosen = ids[1]
            page.locator(f"[data-sample='{chosen}']").click()
            page.locator(f"[data-explained='{chosen}']").wait_for()
            text = words(page)
            assert f"Test sample {whole(chosen)}" in text
            assert f"It is {was}; the network says {said}." in text
            bars = page.get_by_role("list", name="Probabilities of the classes")
            for label, probability in enumerate(answers.probabilities[chosen]):
                assert f"{percent(probability, 1)}" in words_of(bars.locator("li").nth(label))
            self.explained(text, client.explain(jobs["mnist"], mnist(chosen)), said)
            link = page.get_by_role("link", name="Try this sample").get_attribute("href")
            assert link == f"#/try/{jobs['mnist']}?sample={chosen}"
            assert f"sample={chosen}" in page.url and f"cell={was}-{said}" in page.url
            screens(page, "understand-mistakes")
            page.reload()  # the choice is in the address
            page.locator(f"[data-explained='{chosen}']").wait_for()

    def explained(self, text, explanation, said):
        """The sentences have the numbers that Python gets for the same sample."""
        effect = explanation.maps[said]
        values = explanation.facts.values
        before = values[said]
        after = before - effect.max()
        assert f"{said} falls from {percent(before)} to {percent(after)}" in text
        place = np.unravel_index(effect.argmax(), effect.shape)
        led = int(
            np.argmax([value - one[place] for value, one in zip(values, explanation.maps, strict=True)])
        )
        assert ("it is no" in text) == (led != said)

    def test_by_keyboard_alone(self, opened, client, jobs):
        answers = client.answers(jobs["mnist"])
        was, said, _ = largest_mistake(answers)
        with opened("mnist") as page:
            part(page, "mistakes")
            page.locator("#content").focus()
            pressed = 0
            while page.evaluate("document.activeElement.dataset.cell") is None:
                page.keyboard.press("Tab")
                pressed += 1
                assert pressed < 30
            assert page.evaluate("document.activeElement.dataset.cell") == f"{was}-{said}"
            page.keyboard.press("ArrowLeft")
            page.keyboard.press("ArrowDown")
            page.keyboard.press("ArrowUp")
            cell = page.evaluate("document.activeElement.dataset.cell")
            page.keyboard.press("Enter")
            was, said = map(int, cell.split("-"))
            page.locator(f"[data-cell='{cell}'][aria-pressed=true]").wait_for()
            assert page.evaluate("document.activeElement.dataset.cell") == cell
            ids = samples_of(answers, was, said)
            page.locator(f"[data-sample='{ids[0]}']").wait_for()
            while page.evaluate("document.activeElement.dataset.sample") is None:
                page.keyboard.press("Tab")
                pressed += 1
                assert pressed < 60
            page.keyboard.press("Tab") if len(ids) > 1 else None
            sample = page.evaluate("document.activeElement.dataset.sample")
            assert sample == str(ids[min(1, len(ids) - 1)])
            page.keyboard.press("Enter")
            page.locator(f"[data-explained='{sample}']").wait_for()
            assert page.evaluate("document.activeElement.dataset.sample") == sample

    def test_the_worst_mistakes_come_first_and_one_is_explained_at_once(self, opened, client, jobs):
        answers = client.answers(jobs["mnist"])
        wrong = np.flatnonzero(answers.truth != answers.predicted)
        order = wrong[np.argsort(-confidence(answers)[wrong], kind="stable")].tolist()
        with opened("mnist") as page:
            page.locator(f"[data-explained='{order[0]}']").wait_for()
            shown = [int(one.get_attribute("data-sample")) for one in page.locator("[data-sample]").all()]
            assert shown == order[:40]

    def test_a_sequence_is_a_curve_with_the_steps_that_mattered(self, opened, jobs):
        with opened("waves", "?cell=0-0") as page:
            page.locator("[data-explained]").wait_for()
            page.get_by_role("img", name=re.compile("^Curve of test sample")).wait_for()
            assert re.search(r"in steps? \d+", words(page)) or "No single part" in words(page)
            axe(page)
            screens(page, "understand-sequence")

    def test_tokens_are_read_as_they_are(self, opened):
        with opened("brackets") as page:
            page.locator("[data-explained]").wait_for()
            assert re.search(r"[()]{3,}", words(page))


class TestManyClasses:
    CLASSES = 100

    def test_a_large_matrix_is_drawn_and_used_by_keyboard(self, chromium, studio, jobs):
        """The page gets answers with 100 classes to 10,000 samples instead of the server's."""
        random = np.random.default_rng(0)
        truth = random.integers(0, self.CLASSES, 10_000)
        scores = random.random((10_000, self.CLASSES)).astype(np.float32)
        scores[np.arange(10_000), truth] += 60 * (random.random(10_000) < 0.8)
        probabilities = scores / scores.sum(axis=1, keepdims=True)
        labels = [f"class {i}" for i in range(self.CLASSES)]
        content = to_bytes(truth, probabilities, labels)
        answers = Answers.read(content)
        was, said, count = largest_mistake(answers)
        with visit(chromium, studio.page(), **DESKTOP) as page:
            page.route(
                "**/answers",
                lambda route: route.fulfill(body=content, content_type="application/octet-stream"),
            )
            page.goto(studio.page(f"#/understand/{jobs['mnist']}"))
            matrix = page.get_by_role("button", name=re.compile("^Confusion matrix"))
            matrix.wait_for()
            assert f"class {was} taken for class {said}: {count}" in matrix.get_attribute("aria-label")
            matrix.focus()
            page.keyboard.press("Enter")
            page.get_by_role("heading", name=f"class {was} taken for class {said} {count}").wait_for()
            shown = [int(one.get_attribute("data-sample")) for one in page.locator("[data-sample]").all()]
            assert shown == samples_of(answers, was, said)
            row, column = was, said + 1
            while column < self.CLASSES and not answers.confusion()[row, column]:
                column += 1
            page.keyboard.press("ArrowRight")
            if column < self.CLASSES:
                assert f"taken for class {column}: " in matrix.get_attribute("aria-label")
            all_parts(page)
            axe(page)
            assert page.locator("#part-classes tbody tr").count() == self.CLASSES
            page.evaluate("scrollTo(0, 0)")
            screens(page, "understand-100-classes")
            milliseconds = page.evaluate(
                "() => { const start = performance.now(); document.querySelector('[data-sample]').click();"
                " return new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)))) }"
            )
            assert milliseconds < 10_000  # a machine may be busy; see benchmarks/studio.py for figures


class TestCost:
    def test_the_flips_equal_a_recount_with_the_delivered_file(self, opened, client, jobs):
        answers = client.answers(jobs["digits"])
        pictures = load(Digits()).x_test
        said = [
            one.label
            for start in range(0, len(pictures), 64)
            for one in client.predictions(
                jobs["digits"], list(pictures[start : start + 64]), file="model.mlmodel"
            )
        ]
        changed = {
            i: (answers.labels[old], new)
            for i, (old, new) in enumerate(zip(answers.predicted, said, strict=True))
            if answers.labels[old] != new
        }
        broken = sum(answers.truth[i] == answers.predicted[i] for i in changed)
        mended = sum(answers.labels[answers.truth[i]] == new for i, (_, new) in changed.items())
        right = sum(answers.labels[true] == new for true, new in zip(answers.truth, said, strict=True))
        with opened("digits") as page:
            cost = part(page, "cost")
            row = cost.locator("[data-file='model.mlmodel'][data-weights=palettized-4]")
            row.wait_for()
            assert f"{percent(right / len(said), 2)}" in words_of(row)
            assert words_of(row.locator("td").nth(3)) == str(len(changed))
            text = words_of(cost)
            if not changed:
                assert "No sample changed its answer" in text
                return
            title = (
                "1 sample changed its answer"
                if len(changed) == 1
                else f"{len(changed)} samples changed their answer"
            )
            assert title in text
            assert f"{broken} became wrong, {mended} became right" in text
            shown = {
                int(one.get_attribute("data-sample")): tuple(words_of(one.locator(".caption")).split(" → "))
                for one in cost.locator("[data-sample]").all()
            }
            assert shown == changed
            first = next(iter(shown))
            cost.locator(f"[data-sample='{first}']").click()
            page.locator(f"[data-explained='{first}']").wait_for()
            screens(page, "understand-cost")

    def test_the_layers_have_their_share_of_the_weights(self, opened, studio, jobs):
        rows = studio.client.get(f"/v1/jobs/{jobs['digits']}").json()["artifacts"]
        url = next(row["url"] for row in rows if row["name"] == "report.json")
        layers = [one for one in studio.client.get(url).json()["layers"] if one["parameters"]]
        total = sum(one["parameters"] for one in layers)
        most = max(layers, key=lambda one: one["parameters"])
        with opened("digits") as page:
            text = words_of(part(page, "weights"))
            share = most["parameters"] / total
            assert f"{percent(share)} of the weights sit in {most['name']} ({most['type']})." in text
            for one in layers:
                assert f"{one['type']} {one['name']}" in text


class TestThreshold:
    def test_moving_it_counts_anew(self, opened, client, jobs):
        answers = client.answers(jobs["moons"])
        with opened("moons") as page:
            section = part(page, "threshold")
            slider = section.get_by_role("slider")
            for label, keys in (("lower", []), ("lower", ["ArrowRight"] * 20), ("upper", ["Home"])):
                section.get_by_role("combobox").select_option(label=label)
                slider.focus()
                for key in keys:
                    page.keyboard.press(key)
                at = float(slider.input_value())
                expected = answers.threshold(label, at)
                counts = {
                    cell.get_attribute("data-count"): int(words_of(cell).split()[0])
                    for cell in section.locator("[data-count]").all()
                }
                assert counts == {
                    "hits": expected.true_positives,
                    "alarms": expected.false_positives,
                    "missed": expected.false_negatives,
                    "rejected": expected.true_negatives,
                }
            screens(page, "understand-threshold")


class TestEveryone:
    @pytest.mark.parametrize("name", ["mnist", "digits", "diabetes", "moons"])
    @pytest.mark.parametrize("scheme", [{}, DARK], ids=["light", "dark"])
    def test_has_no_faults_of_accessibility(self, opened, name, scheme):
        with opened(name, **scheme) as page:
            page.locator("[data-explained]").wait_for()
            all_parts(page)
            axe(page)
            page.evaluate("scrollTo(0, 0)")
            if not scheme:
                screens(page, f"understand-{name}")

    @pytest.mark.parametrize("device", [PHONE, TABLET], ids=["phone", "tablet"])
    @pytest.mark.parametrize("name", ["mnist", "diabetes", "moons"])
    def test_fits_small_screens_in_german(self, opened, name, device):
        with opened(name, **device, **GERMAN, **STILL) as page:
            page.locator("[data-explained]").wait_for()
            all_parts(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            text = words(page)
            assert "Testbeispiel" in text
            assert "test sample" not in text
            axe(page)
            page.evaluate("scrollTo(0, 0)")
            screens(page, f"understand-{name}-german")

    def test_is_told_what_is_missing(self, chromium, studio):
        job_id = studio.submit(DOCUMENTS["diabetes"], epochs=10_000, max_seconds=60)
        with visit(chromium, studio.page(f"#/understand/{job_id}")) as page:
            page.get_by_text("has no files yet").wait_for()
            link = page.locator("main").get_by_role("link", name="Watch")
            assert link.get_attribute("href") == f"#/watch/{job_id}"
            axe(page)
        httpx.delete(f"{studio.server.address}/v1/jobs/{job_id}", timeout=PATIENCE_S)

    def test_without_a_run_in_the_address_sees_the_newest_one_that_is_ready(self, chromium, studio, jobs):
        with visit(chromium, studio.page("#/understand")) as page:
            page.locator("[data-explained]").wait_for()
            assert "test samples" in words(page)

    def test_jumps_to_a_part(self, opened):
        with opened("mnist", "?part=weights", **STILL) as page:
            page.get_by_role("heading", name="Where the weights are").wait_for()
            page.wait_for_function(
                "document.querySelector('#part-weights').getBoundingClientRect().top < innerHeight"
            )
            page.get_by_role("link", name="How sure it is").click()
            page.wait_for_function(
                "Math.abs(document.querySelector('#part-calibration').getBoundingClientRect().top) < 200"
            )


@cache
def mnist(sample):
    """A test picture of MNIST."""
    return load(Mnist()).x_test[sample]
