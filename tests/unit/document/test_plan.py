"""A plan kept as text: what is stored with a job comes back equal, and damaged text is refused."""

import json
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from layer_examples import EXAMPLES, layers_of
from quickml.datasets import REGISTERED, registry
from quickml.datasets.dataset import Missing
from quickml.document import Plan, read, understand
from quickml.document.layers import LAYERS
from quickml.document.shapes import walk
from quickml.errors import DatasetError, DocumentError, StoredPlanError
from sculptml_documents import DOCUMENTS

ROOT = Path(__file__).parents[3]
FILES = [ROOT / "mnist_cnn.json", ROOT / "iris_spec.json", *sorted((ROOT / "examples").glob("*.json"))]
SOFTMAX = {"type": "Dense", "units": 3, "activation": "softmax"}


def plan(*layers, dataset="iris", **others) -> Plan:
    return understand({"name": "t", "dataset": dataset, "model": {"layers": [*layers, SOFTMAX]}, **others})


def check(before: Plan) -> None:
    text = before.to_json()
    after = Plan.from_json(text)
    assert after == before
    assert after.to_json() == text
    assert after.document.model_dump_json() == before.document.model_dump_json()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_examples_come_back_equal(path):
    check(read(path.read_bytes()))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_sculptml_documents_come_back_equal(name):
    check(understand(DOCUMENTS[name]))


@pytest.mark.parametrize("kind", LAYERS)
def test_every_layer_comes_back_equal(kind):
    base = plan()
    for shape, arguments in EXAMPLES[kind]:
        made = [LAYERS[each["type"]].model_validate(each) for each in layers_of(kind, arguments)]
        graph, problems = walk(made, shape)
        assert not problems
        model = base.document.model.model_construct(layers=tuple(made), input_shape=shape)
        other = {1: "features", 2: "sequence", 3: "image"}[len(shape)]
        info = base.info.model_copy(update={"shape": shape, "kind": other, "feature_names": ()})
        document = base.document.model_copy(update={"model": model})
        check(replace(base, document=document, info=info, graph=graph))


def test_options_and_notices_come_back():
    before = plan(
        dataset={"name": "iris", "test_fraction": 0.1, "seed": 3},
        training={
            "optimizer": "adadelta",
            "validation_fraction": 0.1,
            "early_stopping": {},
            "learning_rate_schedule": {
                "type": "PiecewiseConstantDecay",
                "boundaries": [1],
                "values": [0.1, 0.01],
            },
        },
        export={"weights": "auto", "formats": ["mlmodel", "onnx"], "updatable": {"optimizer": "adam"}},
    )
    assert before.notices
    assert before.info.sizes == (135, 15)
    check(before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version: expected 1, found 2"),
        ({"document": {}}, "Document/name: Field required"),
        ({"info": {}}, "DatasetInfo/name: Field required"),
        ({"info": None}, "DatasetInfo"),
        ({"notices": [{"place": "/"}]}, "expected a plan as JSON"),
        ({"memory_bytes": None}, "expected a plan as JSON"),
        ({"memory_bytes": float("inf")}, "expected a plan as JSON"),
    ],
)
def test_damaged_plans_are_refused(change, message):
    stored = json.loads(plan().to_json()) | change
    with pytest.raises(StoredPlanError, match=f"stored plan: .*{message}"):
        Plan.from_json(json.dumps(stored))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "5", '{"version": 1}', "[" * 100_000])
def test_foreign_text_is_refused(text):
    with pytest.raises(StoredPlanError, match="stored plan: expected a plan as JSON"):
        Plan.from_json(text)


def test_layers_that_do_not_fit_the_stored_shape_are_refused():
    stored = json.loads(plan({"type": "Reshape", "target_shape": [4]}).to_json())
    stored["info"] |= {"shape": [5], "feature_names": []}
    with pytest.raises(StoredPlanError, match="Reshape expects a shape that holds 5 numbers"):
        Plan.from_json(json.dumps(stored))


def test_a_plan_outlives_its_dataset():
    stored = json.loads(plan().to_json())
    stored["document"]["dataset"] = {"name": "uninstalled", "seed": 1, "rows": [1, 2], "deep": {"a": [3]}}
    after = Plan.from_json(json.dumps(stored))
    assert isinstance(after.document.dataset, Missing)
    assert json.loads(after.to_json()) == stored
    with pytest.raises(DocumentError, match="/dataset/name: expected a known dataset"):
        understand(stored["document"])


def test_a_plan_outlives_the_package_of_its_dataset(monkeypatch):
    stored = json.loads(plan().to_json())
    stored["document"]["dataset"] = {"name": "broken", "seed": 1}
    broken = EntryPoint("broken", "no_such_module:Thing", registry.GROUP)
    monkeypatch.setattr(registry, "installed", lambda _: {"broken": broken})
    after = Plan.from_json(json.dumps(stored))
    assert isinstance(after.document.dataset, Missing)
    with pytest.raises(DatasetError, match="broken: the entry point no_such_module:Thing cannot be loaded"):
        REGISTERED.load(after.document.dataset)
    with pytest.raises(DocumentError, match="no_such_module"):
        understand(stored["document"])
