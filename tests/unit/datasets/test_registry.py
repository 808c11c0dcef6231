"""Datasets that are registered by a program, or installed with another package, and what is wrong with some."""

import json
import logging
import os
import subprocess
import sys
from typing import Literal

import numpy as np
import pytest

from outside_dataset import DOCUMENT, installed
from quickml import plugins
from quickml.datasets import REGISTERED, Data, Dataset, DatasetInfo, register, registry
from quickml.datasets.builtin import BUILT_IN
from quickml.document import Plan, understand
from quickml.document.schema import schema
from quickml.errors import DatasetError, DocumentError


@pytest.fixture
def outside(monkeypatch, tmp_path):
    """The package of the page, found by its entry point."""
    monkeypatch.syspath_prepend(installed(tmp_path / "site"))
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    plugins.installed.cache_clear()
    yield tmp_path / "site"
    plugins.installed.cache_clear()
    for name in [name for name in sys.modules if name.split(".")[0] == "my_package"]:
        del sys.modules[name]


@pytest.fixture
def registered(monkeypatch):
    """The registry for one test, less what other packages here may bring."""
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    monkeypatch.setattr(registry, "installed", lambda _: {})


def small(**changes):
    """A dataset class of its own, whose description or arrays are changed."""

    class Small(Dataset):
        """Two points."""

        name: Literal["small"] = "small"

        def info(self):
            described = {
                "name": "small", "title": "Small", "source": "here", "shape": (2,), "labels": ("a", "b"),
                "sizes": (4, 2),
            }  # fmt: skip
            return DatasetInfo(**described | changes.get("info", {}))

        def load(self):
            x, y = np.zeros((6, 2), np.float32), np.array([0, 1, 0, 1, 0, 1], np.int32)
            made = {"x_train": x[:4], "y_train": y[:4], "x_test": x[4:], "y_test": y[4:]}
            return Data(**made | changes.get("data", {}))

    return Small


def problems(document):
    with pytest.raises(DocumentError) as caught:
        understand(document)
    return [str(problem) for problem in caught.value.problems]


def test_an_installed_dataset_is_understood_and_loaded(outside):
    assert "my_package.shapes" not in sys.modules
    plan = understand(DOCUMENT)
    assert plan.info.labels == ("circle", "square")
    assert plan.document.dataset.inverted
    data = REGISTERED.load(plan.document.dataset)
    assert data.x_train.min() == 0
    assert (data.x_train == 255).mean() > 0.5, "inverted"
    assert Plan.from_json(plan.to_json()) == plan


def test_its_options_are_checked_as_those_of_any_dataset(outside):
    assert problems({**DOCUMENT, "dataset": {"name": "shapes", "inverted": "yes", "invertd": True}}) == [
        '/dataset/inverted: expected true or false, found "yes"',
        "/dataset/invertd: expected a known key, found 'invertd'; did you mean 'inverted'?",
    ]
    assert problems({**DOCUMENT, "dataset": "shape"}) == [
        "/dataset/name: expected a known dataset, found \"shape\"; did you mean 'shapes'?"
    ]


def test_it_is_in_the_schema_of_this_installation(outside):
    found = schema()
    assert (
        found["$defs"]["Shapes"]["properties"]["inverted"]["description"]
        == "Draw dark shapes on a bright background."
    )
    assert "shapes" in json.dumps(found["properties"]["dataset"])
    assert "Shapes" not in schema(BUILT_IN.values())["$defs"]


def test_documents_with_built_in_datasets_do_not_look_for_packages(outside):
    script = (
        "import sys; from quickml.document import understand;"
        'understand({"name": "t", "dataset": "iris", "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]}});'
        'print(sorted({"numpy", "my_package"} & set(sys.modules)));'
        "from quickml import plugins; print(plugins.installed.cache_info().misses)"
    )
    environment = {**os.environ, "PYTHONPATH": str(outside)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["[]", "0"]


def test_a_package_that_cannot_be_imported_is_an_error_of_its_documents_only(outside, caplog):
    (outside / "my_package" / "shapes.py").write_text("import nowhere_to_be_found\n")
    (told,) = problems(DOCUMENT)
    assert told.startswith('/dataset/name: expected a dataset that can be loaded, found "shapes"; ')
    assert "my_package.shapes:Shapes cannot be loaded: ModuleNotFoundError" in told
    with caplog.at_level(logging.WARNING):
        assert {kind.__name__ for kind in registry.datasets()} == {
            kind.__name__ for kind in BUILT_IN.values()
        }
    assert "nowhere_to_be_found" in caplog.text


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Shapes = 5", "expected the entry point my_package.shapes:Shapes to be a Dataset, found 5"),
        (
            "from quickml.datasets.builtin.classic_tables import Iris as Shapes",
            "expected my_package.shapes:Shapes to have this name, found 'iris'",
        ),
    ],
)
def test_an_entry_point_that_leads_elsewhere_is_refused(outside, code, message):
    (outside / "my_package" / "shapes.py").write_text(code)
    assert message in problems(DOCUMENT)[0]


def test_a_program_registers_a_dataset(registered):
    kind = register(small())
    assert registry.find("small") is kind
    assert register(kind) is kind, "importing a module twice is no mistake"
    plan = understand({
        "name": "t", "dataset": "small",
        "model": {"layers": [{"type": "Dense", "units": 2, "activation": "softmax"}]},
    })  # fmt: skip
    assert plan.info.sizes == (4, 2)


def test_a_name_belongs_to_one_class(registered):
    class Other(Dataset):
        name: Literal["iris"] = "iris"

    with pytest.raises(
        DatasetError, match="Other: expected a unique name, found 'iris'; another dataset has it"
    ):
        register(Other)


@pytest.mark.parametrize("name", ["", "Shapes", "two words", "a" * 65, "../x"])
def test_a_malformed_name_is_refused(registered, name):
    given = name

    class Other(Dataset):
        name: str = given

    with pytest.raises(DatasetError, match="Other: expected name"):
        register(Other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ("a",)}, "labels: expected two or more different ones"),
        ({"labels": ("a", "a")}, "labels: expected two or more different ones"),
        ({"task": "regression"}, "labels: expected none of a regression"),
        ({"shape": (2, 3)}, "shape: expected 1 sizes for features"),
        ({"shape": (0,)}, "shape.0: "),
        ({"feature_names": ("x",)}, "feature_names: expected 2, found 1"),
        ({"kind": "tokens"}, "vocabulary: expected the meaning of each token"),
        ({"sizes": (4, 0)}, "sizes.1: "),
        ({"kind": "video"}, "kind: "),
    ],
    ids=str,
)
def test_a_description_that_makes_no_sense_is_an_error_of_the_document(registered, change, message):
    register(small(info=change))
    told = problems({
        "name": "t", "dataset": "small",
        "model": {"layers": [{"type": "Dense", "units": 2, "activation": "softmax"}]},
    })  # fmt: skip
    assert told[0].startswith("/dataset: expected a dataset that can be described, found 'small'; ")
    assert message in told[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_train": np.zeros((3, 2), np.float32)}, "expected 4 training samples of shape"),
        ({"x_train": np.zeros((4, 2))}, "expected training inputs of type float32, found float64"),
        ({"y_test": np.zeros(2, np.int64)}, "expected test targets of type int32, found int64"),
        ({"x_test": np.full((2, 2), np.nan, np.float32)}, "expected finite test inputs, found NaN or infinity"),
        ({"y_train": np.array([0, 1, 2, 0], np.int32)}, "expected training targets from 0 to 1, found 0 to 2"),
        ({"y_train": np.array([0, -1, 1, 0], np.int32)}, "expected training targets from 0 to 1, found -1 to 1"),
    ],
)  # fmt: skip
def test_arrays_that_are_not_as_described_are_refused(registered, change, message):
    kind = register(small(data=change))
    with pytest.raises(DatasetError, match=f"small: {message}"):
        REGISTERED.load(kind())


def test_what_a_package_raises_is_told_with_the_datasets_name(registered):
    class Broken(small()):
        def load(self):
            return 1 / 0

    with pytest.raises(DatasetError, match="small: cannot be loaded: ZeroDivisionError: division by zero"):
        REGISTERED.load(Broken())

    class Undescribed(small()):
        def info(self):
            raise KeyError("title")

    with pytest.raises(DatasetError, match="small: cannot be described: KeyError: 'title'"):
        REGISTERED.info(Undescribed())
