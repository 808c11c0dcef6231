"""The report page: what it says, that it is one file, and that nothing in it can break out."""

from __future__ import annotations

import base64
import copy
import io
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from quickml.report import axes, charts, formatting, matrix, network
from quickml.report.mistakes import Mistake, worst
from quickml.report.page import render
from report_pages import HOSTILE, Page, a_report, history, poisoned


def a_regression() -> dict[str, Any]:
    report = a_report(
        confusion_matrix=None,
        classes=[],
        macro=None,
        baseline=None,
        scatter=[[1.0, 2.0], [3.0, 3.0], [5.0, None], [8.0, 6.0]],
        metrics={"loss": 4.0},
        history=history(3, "loss", "mean_absolute_error"),
    )
    report["dataset"] = report["dataset"] | {"task": "regression", "labels": [], "target_name": "height (cm)"}
    report["parity"] = [report["parity"][0] | {"label_agreement": None, "accuracy": None}]
    return report


def a_mistake(**changes: Any) -> Mistake:
    fields: dict[str, Any] = {
        "index": 5, "truth": "versicolor", "predicted": "virginica", "confidence": 0.875,
        "values": np.array([5.1, 2.25], np.float32),
    }  # fmt: skip
    return Mistake(**(fields | changes))


# What it says


def test_the_headline_and_the_promise() -> None:
    page = Page(render(a_report(), [a_mistake()]))
    assert "93.33 % test accuracy: 2 of 30 samples wrong" in page.text
    assert "always predicting the commonest class (setosa) would reach 33.33 %" in page.text
    promise = "verified: 256 samples run through the exported file; largest difference 3.1 × 10⁻⁶"  # noqa: RUF001
    assert promise in page.text


def test_everything_of_the_report_is_there() -> None:
    text = Page(render(a_report(), [a_mistake()])).text
    for words in (
        "three kinds", "Iris flowers Fisher 1936", "training samples 108", "validation samples 12",
        "test samples 30", "/model/layer_0 dim was ignored", "versicolor virginica 87.5 % 5.1 2.25",
        "a (cm) b (cm)", "1 norm Normalization input 2", "2 dense Dense softmax norm 3 1,234 100 %", "1,230 trainable",
        "model.mlmodel 30 test samples and 226 variations of them 3.1", "model.mlmodel 4.8 MB abababababababab…",
        "mlmodelc was not written: needs macOS", "Adam learning rate 0.01", "sparse categorical crossentropy",
        "8 of 20 stopped early", "memory, estimated 12.0 MB", "verify 0.30 s", "start-up, other 2.00 s",
        "4.00 s in total", "keras 3.13.0", "22 November 2026, 21:08 UTC",
        '"units": 3',
        "setosa 100 % 100 % 100 % 1 10 versicolor 90.0 % 90.0 % 90.0 % \N{EN DASH} 10",
        "mean of all classes 93.3 % 93.3 % 93.3 % 0.985 30",
    ):  # fmt: skip
        assert words in text, words


def test_a_model_that_is_no_better_than_guessing_says_so_beside_the_tick() -> None:
    guessed = a_report(confusion_matrix=[[10, 0, 0], [10, 0, 0], [10, 0, 0]], metrics={"accuracy": 1 / 3})
    page = Page(render(guessed, []))
    assert (
        "No better than guessing: always predicting the commonest class (setosa) would reach 33.33 %"
        in page.text
    )
    assert "verified:" in page.text
    rare = {"metric": "mean_recall", "label": "setosa", "value": 0.5, "model": 0.76, "is_no_better": False}
    text = Page(render(guessed | {"baseline": rare}, [])).text
    assert "No better" not in text
    assert "would reach 33.33 %, and a mean recall of 50.00 % instead of the model's 76.00 %" in text
    mean = a_regression() | {"metrics": {"mean_absolute_error": 2.67}}
    assert (
        "No better than guessing: always predicting the mean, 4, would be off by 2.67"
        in Page(render(mean, [])).text
    )
    for better in (a_report(), a_regression() | {"metrics": {"mean_absolute_error": 1.0}}):
        assert "guessing" not in Page(render(better, [])).text


def test_a_file_has_no_accuracy_of_its_own_on_fewer_samples() -> None:
    """88.09 % on 512 samples, below 88.90 % on all 10,000, would look like a loss."""
    report = a_report()
    report["parity"] = [report["parity"][0] | {"samples": 512, "held_out": 512, "accuracy": 0.8809}]
    text = Page(render(report, [])).text
    assert "88.09" not in text
    assert "model.mlmodel 512 test samples 3.1" in text


def layer(name: str, *inputs: str, shape: tuple[int, ...] = (8, 8, 4), **settings: Any) -> dict[str, Any]:
    return {
        "name": name, "type": name.split("_", maxsplit=1)[0], "inputs": list(inputs), "output_shape": list(shape),
        "parameters": 99 if settings else 0, "settings": settings,
    }  # fmt: skip


RESIDUAL = [
    layer("Rescaling", "input"),
    layer("Conv2D_1", "Rescaling", kernel_size=[3, 3], activation="relu"),
    layer("Conv2D_2", "Conv2D_1", kernel_size=[3, 3], strides=[2, 2], padding="same"),
    layer("Add", "Conv2D_1", "Conv2D_2"),
    layer("ReLU", "Add"),
]


def test_branches_are_drawn_and_listed() -> None:
    report = a_report(layers=RESIDUAL)
    report["dataset"]["shape"] = [8, 8, 4]
    page = Page(render(report, []))
    assert [box.title for box in network.drawing(RESIDUAL, [8, 8, 4])[0].boxes] == [
        "input",
        "Conv2D",
        "Conv2D",
        "Add",
    ]
    assert len(page.find("path", "arrow")) == 4, "input, two convolutions, and the one past the second"
    assert "4 Add Add Conv2D_1, Conv2D_2 8 × 8 × 4" in page.text  # noqa: RUF001
    assert "3 Conv2D_2 Conv2D 3 × 3, stride 2, same Conv2D_1" in page.text  # noqa: RUF001
    assert "2 Conv2D_1 Conv2D 3 × 3 · relu Rescaling" in page.text  # noqa: RUF001


@given(st.data())
def test_any_network_can_be_drawn(data: st.DataObject) -> None:
    """Boxes do not overlap, lie inside of their line, and every input has an arrow or shares a box."""
    rows = []
    for at in range(data.draw(st.integers(1, 30))):
        known = ["input", *(row["name"] for row in rows)]
        inputs = data.draw(st.lists(st.sampled_from(known[-6:]), min_size=1, max_size=3))
        rows.append(layer(f"L{at}", *inputs, **data.draw(st.sampled_from([{}, {"kernel_size": 3}]))))
    lines = network.drawing(rows, [8, 8, 4])
    for line in lines:
        assert len(line.arrows) == len(line.heads)
        for at, box in enumerate(line.boxes):
            assert 0 <= box.x <= box.x + box.width <= line.width
            assert 0 <= box.y <= box.y + box.height <= line.height
            for other in line.boxes[:at]:
                beside = other.x + other.width <= box.x or box.x + box.width <= other.x
                assert beside or other.y + other.height <= box.y or box.y + box.height <= other.y
    boxes = [box for line in lines for box in line.boxes]
    names = [name.split(":")[0] for box in boxes for name in box.tooltip.splitlines()]
    assert sorted(names) == sorted(["input", *(row["name"] for row in rows)])


def test_a_long_network_fits_the_page() -> None:
    rows = [layer(f"Dense_{at}", f"Dense_{at - 1}" if at else "input", units=4) for at in range(40)]
    lines = network.drawing(rows, [4])
    assert len(lines) > 3
    assert max(line.width for line in lines) < 1026
    assert len(Page(render(a_report(layers=rows), [])).find("path", "head")) == 40 + len(lines) - 1


def test_a_regression() -> None:
    mistakes = [a_mistake(truth="8", predicted="6", confidence=2.0)]
    page = Page(render(a_regression(), mistakes))
    assert "1 mean absolute error of height (cm), on 30 test samples" in page.text
    assert "90 % of the samples: at most 2" in page.text
    assert len(page.find("circle", "sample")) == 3
    assert "probability" not in page.text
    assert not page.find("table", "matrix")


def test_pictures_are_png_of_the_very_pixels() -> None:
    pixels = np.arange(28 * 28, dtype=np.uint32).astype(np.uint8).reshape(28, 28, 1)
    page = Page(render(a_report(), [a_mistake(values=pixels)]))
    (img,) = page.find("img")
    head, data = str(img["src"]).split(",")
    assert head == "data:image/png;base64"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), pixels[..., 0])
    assert img["alt"] == "test sample 5, versicolor"


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pictures_of_any_channels(channels: int) -> None:
    pixels = np.zeros((8, 6, channels), np.uint8)
    assert len(Page(render(a_report(), [a_mistake(values=pixels)])).find("img")) == 1


def test_the_matrix_has_counts_and_shares() -> None:
    page = Page(render(a_report(), []))
    assert len(page.find("td", "hit")) == 3
    cell = next(a for a in page.find("td", "miss") if "none" not in str(a["class"]))
    assert cell["title"] == "true versicolor, predicted virginica: 1 of 10 (10.00\N{NO-BREAK SPACE}%)"


def test_curves_have_axes_legend_and_titles_to_hover_over() -> None:
    page = Page(render(a_report(), []))
    assert "epoch 8, validation: 0.125" in page.text
    assert "loss by epoch: training from 1 to 0.125; validation from 1 to 0.125" in page.text
    assert len(page.find("path", "curve")) == 4
    assert len(page.find("circle", "target")) == 4 * 8


def a_row(**changes: Any) -> dict[str, Any]:
    """One line of what smaller weights save and cost."""
    row: dict[str, Any] = {
        "file": "model.mlmodel", "weights": "palettized-4", "minimum_ios": 13, "size_bytes": 600_000,
        "float32_bytes": 4_800_000, "accuracy": 0.9, "mean_absolute_error": None, "drop": 0.0333,
        "label_agreement": 0.9667, "flips": 1, "flipped": [], "taken": False,
    }  # fmt: skip
    return row | changes


def test_smaller_weights_show_what_they_save_and_cost() -> None:
    rows = [
        a_row(),
        a_row(
            weights="int8",
            size_bytes=1_200_000,
            accuracy=0.9333,
            drop=0.0,
            label_agreement=1.0,
            flips=0,
            taken=True,
        ),
    ]
    report = a_report(compression=rows)
    report["parity"] = [report["parity"][0] | {"reference": "decompressed"}]
    text = Page(render(report, [])).text
    assert "Compressed weights: size, and accuracy on all 30 test samples" in text
    row = "model.mlmodel palettized-4 13 600 kB 12.5 % 90.00 % −3.33 % 96.67 % 1 not used: too inaccurate"  # noqa: RUF001
    assert row in text
    assert "model.mlmodel int8 13 1.2 MB 25.0 % 93.33 % 0 % 100 % 0 used" in text
    assert "and the file with its own weights, decompressed" in text
    assert "model.mlmodel its decompressed weights 30 test samples" in text
    assert "decompressed" not in Page(render(a_report(), [])).text
    assert "Compressed weights" not in Page(render(a_report(), [])).text


def test_smaller_weights_of_a_regression() -> None:
    row = a_row(
        accuracy=None, label_agreement=None, flips=None, mean_absolute_error=1.25, drop=0.25, taken=True
    )
    text = Page(render(a_regression() | {"compression": [row]}, [])).text
    assert "model.mlmodel palettized-4 13 600 kB 12.5 % 1.25 +25.00 % used" in text
    assert "same label" not in text
    lost = a_row(accuracy=None, label_agreement=None, mean_absolute_error=None, drop=None)
    assert "12.5 % – – not used" in Page(render(a_regression() | {"compression": [lost]}, [])).text  # noqa: RUF001


def test_a_file_that_differs_is_not_called_verified() -> None:
    report = a_report()
    for difference in (0.3, None):
        report["parity"] = [report["parity"][0] | {"largest_difference": difference}]
        text = Page(render(report, [])).text
        assert "verified:" not in text
        assert "differs: 256 samples" in text
    assert "not verified: No exported file was run." in Page(render(a_report(parity=[]), [])).text


# One file, nothing to fetch, nothing that breaks out


@pytest.mark.parametrize("report", [a_report(), a_regression()])
def test_nothing_is_fetched(report: dict[str, Any]) -> None:
    html = render(report, [a_mistake(values=np.zeros((4, 4, 3), np.uint8))])
    page = Page(html)
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "object", "embed", "base", "form"}
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "xlink:href", "data"):
            assert str(attributes.get(name) or "data:").startswith("data:")
        assert not [name for name in attributes if name.startswith("on")]
    assert "http:" not in html
    assert "https:" not in html
    assert "url(" not in html
    assert "@import" not in html
    policy = [a["content"] for a in page.find("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


@pytest.mark.parametrize("original", [a_report(), a_regression()])
def test_hostile_strings_stay_strings(original: dict[str, Any]) -> None:
    report = poisoned(original)
    report["dataset"]["task"] = original["dataset"]["task"]
    report["compression"] = [poisoned(a_row())]
    report["skipped"] = report["versions"] = {HOSTILE: HOSTILE}
    report["training"]["optimizer"][HOSTILE] = HOSTILE
    report["metrics"][HOSTILE] = 1.0
    report["seconds"][HOSTILE] = 1.0
    for row in report["history"]:
        row[HOSTILE] = 0.5
    html = render(report, [a_mistake(truth=HOSTILE, predicted=HOSTILE)])
    assert "<script" not in html
    assert html.count("</style>") == 1
    assert Page(html).text.count("<script>alert('x')</script>") > 20


# Extremes


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 1000])
def test_any_number_of_epochs(epochs: int) -> None:
    html = render(a_report(history=history(epochs, "loss", "val_loss")), [])
    assert len(Page(html).find("path", "curve")) == 2
    assert len(html) < 100_000


@pytest.mark.parametrize("classes", [2, 26])
def test_any_number_of_classes(classes: int) -> None:
    report = a_report(confusion_matrix=np.eye(classes, dtype=int).tolist())
    report["dataset"]["labels"] = [f"class {i}" for i in range(classes)]
    report["metrics"]["accuracy"] = 1.0
    page = Page(render(report, []))
    assert len(page.find("td", "hit")) == classes
    assert "100 % test accuracy: 0 of" in page.text
    assert "None: every test sample was classified correctly." in page.text


def test_numbers_that_are_none() -> None:
    report = copy.deepcopy(a_report())
    report["metrics"] = {"loss": None, "accuracy": None}
    report["history"][3]["loss"] = report["history"][0]["val_loss"] = None
    report["parity"][0] |= {"largest_difference": None, "label_agreement": None, "accuracy": None}
    report["confusion_matrix"][1] = [0, 0, 0]
    assert "– test accuracy" in Page(render(report, [])).text  # noqa: RUF001
    for row in report["history"]:
        row.update(loss=None, accuracy=None, val_loss=None, val_accuracy=None)
    assert "Learning curves" not in Page(render(report, [])).text
    render(a_report(history=[], layers=[], parameters=0, files=[], warnings=[], skipped={}, seconds={}), [])


def test_a_gap_breaks_the_curve() -> None:
    rows = history(5, "loss")
    rows[2]["loss"] = None
    (chart,) = charts.learning_curves(rows)
    assert chart.lines[0].path.count("M") == 2


def test_thinning_keeps_spikes_and_ends() -> None:
    rows = history(1000, "loss")
    rows[500]["loss"] = 77.0
    (chart,) = charts.learning_curves(rows)
    numbers = chart.lines[0].path.removeprefix("M").split()
    assert len(numbers) <= charts.MAX_VERTICES + 2
    assert numbers[0].startswith("58.0,")
    assert numbers[-1].startswith("506.0,")
    assert min(float(number.split(",")[1]) for number in numbers) < 30


def test_a_learning_rate_is_drawn_where_it_changes() -> None:
    rows = history(4, "loss")
    assert [chart.title for chart in charts.learning_curves(rows)] == ["loss"]
    rows[3]["learning_rate"] = 0.1
    assert [chart.title for chart in charts.learning_curves(rows)] == ["loss", "learning rate"]


# Parts


@example([5e-324, 1.0], True, None)
@given(st.lists(st.floats(-1e30, 1e30), min_size=1), st.booleans(), st.sampled_from([None, 0.0]))
def test_every_value_lies_on_its_axis(values: list[float], log: bool, floor: float | None) -> None:
    axis = axes.value_axis(values, floor=floor, log=log)
    assert axis.low < axis.high
    assert 2 <= len(axis.ticks) <= 9
    assert list(axis.ticks) == sorted(set(axis.ticks))
    for value in values:
        assert -1e-6 <= axis.share(value) <= 1 + 1e-6


@given(st.lists(st.floats(1e-12, 1e12), min_size=2), st.just(True))
def test_a_log_axis_holds_its_values(values: list[float], log: bool) -> None:
    axis = axes.value_axis(values, floor=0.0, log=log)
    assert axis.is_log == (max(values) / min(values) >= axes.LOG_FROM)
    assert all(-1e-6 <= axis.share(value) <= 1 + 1e-6 for value in values)


@given(st.integers(1, 5000), st.integers(0, 100_000))
def test_epoch_ticks_are_whole_and_few(first: int, more: int) -> None:
    axis = axes.epoch_axis(first, first + more)
    assert axis.ticks[0] == first
    assert len(axis.ticks) <= 10
    assert all(tick == int(tick) and 0 <= axis.share(tick) <= 1 for tick in axis.ticks)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (1.0, "1"), (0.02134, "0.02134"), (1234.56, "1,235"), (-2.5, "−2.5"), (None, "–"),  # noqa: RUF001
        (math.nan, "–"), (math.inf, "–"), (3.1e-6, "3.1 × 10⁻⁶"), (0.0001, "0.0001"), (1e9, "1 × 10⁹"),  # noqa: RUF001
        (99.99999, "100"), (9.99999e-5, "1 × 10⁻⁴"),  # noqa: RUF001
    ],
)  # fmt: skip
def test_numbers(value: float | None, text: str) -> None:
    assert formatting.number(value).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "100 %"), (0.99999, "99.9 %"), (0.5, "50.0 %"), (0.0, "0 %"), (0.00001, "< 0.1 %"), (None, "–")],  # noqa: RUF001
)
def test_only_all_is_called_100_percent(share: float | None, text: str) -> None:
    assert formatting.percent(share).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.224, "0.22 s"), (12.34, "12.3 s"), (59.99, "1 min 0 s"), (228.4, "3 min 48 s"), (3780, "1 h 3 min")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert formatting.duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(999, "999 bytes"), (1204, "1.2 kB"), (999_950, "1.0 MB"), (412_000_000, "412 MB")],
)
def test_sizes(size_bytes: int, text: str) -> None:
    assert formatting.size(size_bytes).replace("\N{NO-BREAK SPACE}", " ") == text


def test_matrix_rows() -> None:
    first, second = matrix.rows([[3, 1], [0, 0]], ["a", "b"])
    assert (first.total, first.right) == (4, 0.75)
    assert [cell.share for cell in first.cells] == [0.75, 0.25]
    assert second.right is None


# Mistakes


def test_worst_of_a_classification() -> None:
    x = np.arange(10, dtype=np.float32).reshape(5, 2)
    y = np.array([0, 1, 2, 1, 0])
    p = np.array([[0.9, 0.1, 0], [0.6, 0.3, 0.1], [0.05, 0.95, 0], [0, 1, 0], [0.1, 0.1, 0.8]], np.float32)
    found = worst(x, y, p, ("a", "b", "c"))
    assert [(m.index, m.truth, m.predicted) for m in found] == [(2, "c", "b"), (4, "a", "c"), (1, "b", "a")]
    assert found[0].confidence == pytest.approx(0.95)
    assert np.array_equal(found[0].values, x[2])
    assert len(worst(x, y, p, ("a", "b", "c"), count=1)) == 1


@pytest.mark.parametrize("form", [(3,), (3, 1)])
def test_worst_of_two_classes_from_one_probability(form: tuple[int, ...]) -> None:
    p = np.array([0.9, 0.2, 0.4]).reshape(form)
    found = worst(np.zeros((3, 2)), np.array([0, 1, 0]), p, ("no", "yes"))
    assert [(m.index, m.predicted, round(m.confidence, 6)) for m in found] == [
        (0, "yes", 0.9),
        (1, "no", 0.8),
    ]


def test_worst_of_a_regression() -> None:
    y = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    found = worst(np.zeros((4, 2)), y, np.array([[1.5], [2.0], [0.0], [math.nan]]), ())
    assert [(m.index, m.truth, m.predicted, m.confidence) for m in found] == [
        (3, "4", "–", math.inf), (2, "3", "0", 3.0), (0, "1", "1.5", 0.5),  # noqa: RUF001
    ]  # fmt: skip
    render(a_regression(), found)


def test_a_report_through_json_renders_the_same() -> None:
    assert render(json.loads(json.dumps(a_report())), []) == render(a_report(), [])
