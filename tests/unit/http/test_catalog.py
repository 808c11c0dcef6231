"""What can be asked for, as a client draws it: layers, datasets, the schema, the OpenAPI document."""

import base64
import io
import json
from typing import Literal

import numpy as np
import pytest

from quickml.datasets import registry
from quickml.datasets.builtin import BUILT_IN
from quickml.datasets.data import Data
from quickml.datasets.dataset import Dataset
from quickml.datasets.info import DatasetInfo
from quickml.document import understand
from quickml.document.layers import LAYERS
from quickml.http.routes import catalog as routes
from quickml.service import catalog
from quickml.service.loaded import LoadedDatasets
from served import IRIS, ROOT, is_problem, served


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as server:
        yield server


def test_every_layer_has_help_an_example_and_its_arguments(server):
    layers = {layer["type"]: layer for layer in server.client.get("/v1/layers").json()["layers"]}
    assert list(layers) == list(LAYERS)
    dense = layers["Dense"]
    assert dense["help"]
    assert "units" in dense["schema"]["required"]
    assert dense["schema"]["properties"]["activation"]["default"] == "linear"
    for layer in layers.values():
        assert layer["help"]
        LAYERS[layer["type"]].model_validate({"type": layer["type"], **layer["example"]["arguments"]})
        assert references(layer["schema"]) <= set(layer["schema"].get("$defs", {}))


def references(value):
    if isinstance(value, dict):
        own = {value["$ref"].removeprefix("#/$defs/")} if "$ref" in value else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_every_dataset_is_listed_with_its_sizes(server):
    listed = {one["name"]: one for one in server.client.get("/v1/datasets").json()["datasets"]}
    assert list(listed) == list(BUILT_IN)
    iris = listed["iris"]
    assert (iris["train_samples"], iris["test_samples"], iris["task"]) == (120, 30, "classification")
    assert iris["labels"] == ["setosa", "versicolor", "virginica"]
    assert len(iris["feature_names"]) == 4


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_every_dataset_can_be_asked_for(server, name):
    from PIL import Image

    answer = server.client.get(f"/v1/datasets/{name}")
    assert answer.status_code == 200, answer.text
    about = answer.json()
    listed = {one["name"]: one for one in server.client.get("/v1/datasets").json()["datasets"]}
    assert about == {**about, **listed[name]}
    assert about["schema"]["properties"]["name"]["const"] == name
    assert references(about["schema"]) <= set(about["schema"].get("$defs", {}))
    for sample in about["samples"]:
        assert not about["labels"] or sample["target"] in about["labels"]
        if about["input"] == "image":
            size = Image.open(io.BytesIO(base64.b64decode(sample["png"]))).size
            assert size == (about["shape"][1], about["shape"][0])
        else:
            assert np.shape(sample["values"]) == tuple(about["shape"])


def test_a_dataset_of_pictures_shows_some_of_each_class(server):
    from PIL import Image

    digits = server.client.get("/v1/datasets/digits").json()
    assert {sample["target"] for sample in digits["samples"]} == set(digits["labels"])
    for sample in digits["samples"]:
        picture = Image.open(io.BytesIO(base64.b64decode(sample["png"])))
        assert (picture.format, picture.size) == ("PNG", (8, 8))
    assert digits["schema"]["properties"]["test_fraction"]["default"] == 0.2


def test_a_dataset_of_numbers_shows_rows(server):
    iris = server.client.get("/v1/datasets/iris").json()
    assert all(len(sample["values"]) == 4 for sample in iris["samples"])
    diabetes = server.client.get("/v1/datasets/diabetes").json()
    assert all(isinstance(sample["target"], float) for sample in diabetes["samples"])


def test_no_dataset_is_fetched_for_its_samples(server, monkeypatch, tmp_path):
    import pooch

    from quickml.datasets.builtin import images

    catalog._samples.cache_clear()
    monkeypatch.setattr(catalog, "LOADED", LoadedDatasets())
    monkeypatch.setattr(images, "DEBIAN", tmp_path / "absent")
    monkeypatch.setattr(pooch, "retrieve", lambda *_, **__: 1 / 0)
    assert server.client.get("/v1/datasets/fashion_mnist").json()["samples"] == []


@pytest.fixture
def outside(monkeypatch):
    """Register datasets of another package."""

    class Circles(Dataset):  # as a dataset of ours is called
        name: Literal["rings"] = "rings"

        def info(self):
            return DatasetInfo(
                name=self.name,
                title="",
                source="",
                kind="image",
                shape=(2, 2),
                labels=("a", "b"),
                sizes=(2, 2),
            )

        def load(self):
            x, y = (np.zeros((2, 2, 2), np.uint8) for _ in "ab"), (np.arange(2, dtype=np.int32) for _ in "ab")
            return Data(x_train=next(x), y_train=next(y), x_test=next(x), y_test=next(y))

    class Dense(Circles):  # as a layer is called
        name: Literal["thick"] = "thick"
        path: str

    monkeypatch.setattr(registry, "_classes", {**registry.registered()})
    cached = (catalog._schema, catalog.layers, catalog._samples, routes._layers, routes._schema)
    for function in cached:
        function.cache_clear()
    registry.register(Circles)
    registry.register(Dense)
    yield
    for function in cached:
        function.cache_clear()


@pytest.mark.usefixtures("outside")
def test_datasets_of_other_packages_leave_ours_as_they_are(server):
    get = server.client.get
    listed = [one["name"] for one in get("/v1/datasets").json()["datasets"]]
    assert listed == [*BUILT_IN, "rings"]  # `thick` has an option without a default
    assert [layer["type"] for layer in get("/v1/layers").json()["layers"]] == list(LAYERS)
    assert "num_samples" in get("/v1/datasets/circles").json()["schema"]["properties"]
    rings = get("/v1/datasets/rings").json()
    assert [sample["target"] for sample in rings["samples"]] == ["a", "b"]
    assert all(sample["png"] for sample in rings["samples"])
    is_problem(get("/v1/datasets/thick"), 404, "not-found")
    found = server.client.post("/v1/validate", json={**IRIS, "dataset": "thick"}).json()["problems"]
    assert [(one["pointer"], one["expected"]) for one in found] == [("/dataset", "the key 'path'")]


def test_an_unknown_dataset_is_not_found(server):
    is_problem(server.client.get("/v1/datasets/irs"), 404, "not-found")


def test_the_schema_is_the_documents(server):
    answer = server.client.get("/v1/schema").json()
    assert answer == json.loads((ROOT / "docs" / "reference" / "spec.schema.json").read_text())


# The OpenAPI document


@pytest.fixture(scope="module")
def openapi(server):
    return server.client.get("/v1/openapi.json").json()


def test_the_committed_document_is_the_one_that_is_served(openapi):
    assert openapi == json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text())


def test_all_references_lead_somewhere(openapi):
    text = json.dumps(openapi)
    assert "#/$defs/" not in text
    named = {name.removeprefix("#/components/schemas/") for name in references(openapi)}
    assert named <= set(openapi["components"]["schemas"])


def test_errors_are_problem_documents_and_nothing_else(openapi):
    for path, operations in openapi["paths"].items():
        for operation in operations.values():
            assert "422" not in operation["responses"], path
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            assert operation["operationId"].isidentifier()
            assert operation["summary"], path
    assert "HTTPValidationError" not in openapi["components"]["schemas"]


def test_the_documents_own_schema_is_in_it(openapi):
    content = openapi["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert content["anyOf"][0] == {"$ref": "#/components/schemas/Document"}
    assert openapi["components"]["schemas"]["Document"]["required"] == ["name", "dataset", "model"]
    assert understand(IRIS)


def test_the_index_leads_on(server):
    links = server.client.get("/").json()["links"]
    assert all(server.client.get(link).status_code == 200 for link in links.values())
