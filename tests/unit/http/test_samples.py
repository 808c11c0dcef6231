"""Samples of datasets with options, by id and by class, and sheets of pictures."""

import io
import json
import threading
from typing import Literal

import numpy as np
import pytest

from quickml.client import endpoints
from quickml.datasets import REGISTERED, registry
from quickml.datasets.builtin import BUILT_IN
from quickml.datasets.builtin.classic_tables import Iris
from quickml.datasets.builtin.images import FashionMnist
from quickml.datasets.builtin.points import Spirals
from quickml.datasets.data import Data
from quickml.datasets.dataset import Dataset
from quickml.datasets.info import DatasetInfo
from quickml.errors import DatasetError, DatasetUnavailableError
from quickml.service import loaded
from quickml.service.loaded import LoadedDatasets
from quickml.service.sheet import SHEET_COLUMNS
from served import is_problem, served

SHAPES = {"waves": {"num_samples": 200}, "adding": {"num_samples": 200}, "brackets": {"num_samples": 200}}
DEFAULTS = {
    "options": {},
    "split": "test",
    "ids": None,
    "labels": (),
    "per_class": None,
    "limit": 100,
    "offset": 0,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as server:
        yield server


def asked(server, name, **arguments):
    """What `Client.samples` returns."""
    call = endpoints.samples(name, **{**DEFAULTS, **arguments})
    answer = server.client.get(call.path, params=dict(call.query))
    assert answer.status_code == 200, answer.text
    return call.result(answer.content)


def drawn(server, name, ids, options=None, split="test"):
    """What `Client.sheet` returns, as an array."""
    from PIL import Image

    call = endpoints.sheet(name, ids, options=options or {}, split=split)
    answer = server.client.get(call.path, params=dict(call.query))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return np.asarray(Image.open(io.BytesIO(call.result(answer.content))))


@pytest.mark.parametrize(
    "name", [name for name in BUILT_IN if name not in ("fashion_mnist", "mnist", "mnist_rows")]
)
def test_pages_together_are_the_dataset(server, name):
    options = SHAPES.get(name, {})
    data = REGISTERED.load(BUILT_IN[name](**options))
    for split, x, y in (("train", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
        found, offset = [], 0
        while offset is not None:
            found.append(asked(server, name, options=options, split=split, limit=700, offset=offset))
            offset = found[-1].next
        assert [one for page in found for one in page.ids] == list(range(len(y)))
        targets = np.array([one for page in found for one in page.targets], y.dtype)
        np.testing.assert_array_equal(targets, y)
        if found[0].kind == "image":
            assert found[0].values is None
        else:
            values = np.array([one for page in found for one in page.values], x.dtype)
            np.testing.assert_array_equal(values, x)


def test_samples_come_class_by_class_or_of_some_classes(server):
    of_each = asked(server, "iris", per_class=3)
    assert of_each.targets == (0, 0, 0, 1, 1, 1, 2, 2, 2)
    assert (of_each.matching, of_each.next) == (9, None)
    assert asked(server, "iris", per_class=3, offset=4, limit=2).ids == of_each.ids[4:6]
    virginica = asked(server, "iris", labels=["virginica"], split="train")
    assert set(virginica.targets) == {2}
    assert virginica.matching == 40
    again = asked(server, "iris", ids=list(virginica.ids[:3]) * 2, split="train")
    assert again.values == virginica.values[:3] * 2


def test_numbers_have_the_fewest_digits_and_a_page_is_bounded(server):
    answer = server.client.get("/v1/datasets/spirals/samples?num_samples=10000&limit=2000")
    assert len(answer.json()["ids"]) == 2000
    assert len(answer.content) < 75_000
    long = asked(server, "waves", options={"steps": 500, "num_samples": 1500}, limit=2000, split="train")
    assert (len(long.ids), long.next, long.matching) == (200, 200, 1200)


def test_options_are_checked_by_the_datasets_model(server):
    get = server.client.get
    found = is_problem(get("/v1/datasets/spirals/samples?noise=-1&turns=3&num_samples=2.5"), 422, "request")
    problems = [(one["pointer"], one["expected"], one["found"]) for one in found["problems"]]
    assert problems == [
        ("?num_samples", "an integer", "2.5"),
        ("?noise", "a number of at least 0.0", "-1"),
        ("?turns", "an option of the dataset", '"turns"'),
    ]
    assert "noise" in found["problems"][2]["hint"]
    for query, place in {
        "noise=1&noise=2": "?noise",
        "ids=1&ids=2": "?ids",
        "noise=[[[": "?noise",
        f"num_samples={'9' * 5000}": "?num_samples",
        "ids=1&per_class=1": "?ids",
        "ids=1,,2": "?ids",
        "ids=-1": "?ids",
        "ids=200": "?ids",
        "label=third": "?label",
        "split=validation": "?split",
        "limit=2001": "?limit",
    }.items():
        problem = is_problem(get(f"/v1/datasets/spirals/samples?{query}"), 422, "request")
        assert [one["pointer"] for one in problem["problems"]] == [place], query
    is_problem(get("/v1/datasets/diabetes/samples?per_class=1"), 422, "request")
    is_problem(get("/v1/datasets/irs/samples"), 404, "not-found")
    is_problem(get("/v1/datasets/irs/sheet.png?ids=1"), 404, "not-found")
    many = is_problem(
        get("/v1/datasets/iris/samples?" + "&".join(f"a{i}=1" for i in range(500))), 422, "request"
    )
    assert len(many["problems"]) == 10


def test_a_dataset_that_is_too_large_to_look_at_is_not_drawn(server):
    problem = is_problem(server.client.get("/v1/datasets/waves/samples?num_samples=1000000"), 409, "dataset")
    assert "expected at most 41,943 samples" in problem["detail"]


# Sheets


@pytest.mark.parametrize("count", [1, 7, 10, 23])
def test_a_sheet_has_the_pictures_in_the_order_asked_for(server, count):
    pictures = REGISTERED.load(BUILT_IN["digits"](seed=3)).x_train
    ids = np.random.default_rng(count).integers(0, len(pictures), count).tolist()
    sheet = drawn(server, "digits", ids, {"seed": 3}, "train")
    columns = min(count, SHEET_COLUMNS)
    assert sheet.shape == (8 * -(-count // SHEET_COLUMNS), 8 * columns)
    for place, one in enumerate(ids):
        row, column = divmod(place, SHEET_COLUMNS)
        cell = sheet[8 * row :, 8 * column :][:8, :8]
        np.testing.assert_array_equal(cell, pictures[one, ..., 0])
    assert not sheet[-8:, 8 * (count % SHEET_COLUMNS or columns) :].any()


def test_a_hundred_digits_are_small_and_known_to_a_client_that_has_them(server):
    path = "/v1/datasets/mnist/sheet.png?ids=" + ",".join(map(str, range(100)))
    first = server.client.get(path)
    assert len(first.content) < 18_000
    assert first.headers["cache-control"] == "private, max-age=604800"
    again = server.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = server.client.get(path + ",100", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_only_pictures_are_on_a_sheet_and_not_too_many(server):
    get = server.client.get
    assert "features" in is_problem(get("/v1/datasets/iris/sheet.png?ids=1"), 422, "input")["detail"]
    for query in ("", "ids=", "ids=0,400000", "ids=" + ",".join("0" * 501), "ids=1&noise=1"):
        is_problem(get(f"/v1/datasets/digits/sheet.png?{query}"), 422, "request")


class Flags(Dataset):
    name: Literal["flags"] = "flags"

    def info(self):
        return DatasetInfo(
            name="flags", title="", source="", kind="image", shape=(2, 3, 3), labels=("a", "b"), sizes=(4, 2)
        )

    def load(self):
        x = np.arange(6 * 18, dtype=np.uint8).reshape(6, 2, 3, 3)
        y = (np.arange(6) % 2).astype(np.int32)
        return Data(x_train=x[:4], y_train=y[:4], x_test=x[4:], y_test=y[4:])


def test_pictures_of_another_package_are_in_colour_and_checked_each_time(server, monkeypatch):
    monkeypatch.setattr(registry, "_classes", {**registry.registered(), "flags": Flags})
    answer = server.client.get("/v1/datasets/flags/sheet.png?ids=1,0")
    assert answer.headers["cache-control"] == "private, no-cache"
    data = Flags().load()
    expected = np.concatenate([data.x_test[1], data.x_test[0]], axis=1)
    np.testing.assert_array_equal(drawn(server, "flags", [1, 0]), expected)


# Memory


class Counted:
    """A catalog that counts what it loads."""

    def __init__(self):
        self.loads, self.may_go_on = [], threading.Event()
        self.may_go_on.set()

    def describe(self, reference):
        return REGISTERED.describe(reference)

    def load(self, reference):
        self.loads.append(reference)
        assert self.may_go_on.wait(10)
        return REGISTERED.load(reference)


def test_datasets_used_last_are_kept_within_the_limit():
    catalog = Counted()
    one_bytes = sum(array.nbytes for array in vars(Spirals().load()).values())
    kept = LoadedDatasets(catalog, max_bytes=max(64 * 1000, 3 * one_bytes))
    for seed in (0, 1, 0, 2, 3, 4, 5, 6, 7, 0):
        kept.get(Spirals(seed=seed))
        assert kept.size_bytes <= 64 * 1000
    assert [one.seed for one in catalog.loads] == [0, 1, 2, 3, 4, 5, 6, 7, 0]


def test_concurrent_first_calls_load_once():
    catalog = Counted()
    kept, found = LoadedDatasets(catalog), []
    catalog.may_go_on.clear()
    threads = [threading.Thread(target=lambda: found.append(kept.get(Iris())[1])) for _ in range(4)]
    for thread in threads:
        thread.start()
    catalog.may_go_on.set()
    for thread in threads:
        thread.join(10)
    assert len(catalog.loads) == 1
    assert all(one is found[0] for one in found)
    assert len(found) == 4


def test_nothing_is_fetched_and_no_path_is_told(server, monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(FashionMnist, "is_local", lambda _: False)
    monkeypatch.setattr(loaded.LOADED, "_kept", type(loaded.LOADED._kept)())
    is_problem(server.client.get("/v1/datasets/fashion_mnist/samples"), 409, "dataset")

    def damaged(_):
        raise DatasetError(f"{tmp_path} is damaged")

    monkeypatch.setattr(Iris, "load", damaged)
    answer = is_problem(server.client.get("/v1/datasets/iris/samples"), 409, "dataset")
    assert str(tmp_path) not in json.dumps(answer)
    assert str(tmp_path) in caplog.text
    with pytest.raises(DatasetUnavailableError):
        LoadedDatasets().get(Iris())
