"""SculptML documents: whatever the phone app sends must train."""

import copy
from importlib.metadata import EntryPoint
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quickml.datasets import registry
from quickml.datasets.builtin import BUILT_IN
from quickml.datasets.dataset import Dataset
from quickml.document import understand
from quickml.errors import DocumentError
from sculptml_documents import DOCUMENTS, iris, mnist


def types(plan):
    return [node.layer.type for node in plan.graph.nodes]


@pytest.mark.parametrize("doc", DOCUMENTS.values(), ids=DOCUMENTS)
def test_every_kind_is_understood(doc):
    before = copy.deepcopy(doc)
    plan = understand(doc)
    assert doc == before, "the document handed in is left as it was"
    assert plan.is_binary or plan.graph.output_shape == (plan.info.outputs,)


def test_the_classic_network():
    plan = understand(mnist())
    assert plan.graph.parameters.total == 1_199_882
    assert plan.document.training.optimizer.type == "Adadelta"
    assert plan.document.training.optimizer.learning_rate == 1.0
    assert (plan.document.training.batch_size, plan.document.training.epochs) == (128, 12)
    pooling = next(node.layer for node in plan.graph.nodes if node.layer.type == "MaxPooling2D")
    assert pooling.strides is None, "a key spelled `stride:` means nothing"
    assert {notice.pointer for notice in plan.notices} == {
        "/model/layer_0/dim", "/model/layer_2/stride:", "/dataset/data_split",
    }  # fmt: skip


def test_the_training_share_becomes_the_test_share():
    assert understand(iris(data_split=0.7)).document.dataset.test_fraction == 0.3
    assert understand(iris(data_split=1.0)).document.dataset.test_fraction == 0.05


def test_a_flatten_with_a_dim_is_a_reshape():
    plan = understand(DOCUMENTS["flat input, reshaped by a FlattenLyr"])
    assert types(plan)[:4] == ["Rescaling", "Reshape", "Reshape", "Conv2D"]


def test_a_softmax_on_a_last_layer_that_has_none():
    plan = understand(DOCUMENTS["softmax on a last Dropout"])
    assert types(plan)[-1] == "Dense"
    assert any("one unit per output" in notice.message for notice in plan.notices)


def test_problems_point_into_the_document_as_it_was_handed_in():
    doc = mnist()
    doc["model"]["layer_5"]["units"] = "many"
    doc["dataset"]["epochs"] = 0
    with pytest.raises(DocumentError) as caught:
        understand(doc)
    assert {problem.pointer for problem in caught.value.problems} == {
        "/model/layer_5/units",
        "/dataset/epochs",
    }


def test_a_missing_layer_and_an_unknown_one_are_told_together():
    doc = mnist()
    del doc["model"]["layer_3"]
    doc["model"]["layer_4"]["layer"] = "LSTMLyr"
    doc["dataset"]["name"] = "cats"
    with pytest.raises(DocumentError) as caught:
        understand(doc)
    assert {p.pointer for p in caught.value.problems} == {"/model/layer_3", "/model/layer_4", "/dataset/name"}


@pytest.mark.parametrize("key", ["type", "name", "inputs"])
@pytest.mark.parametrize("value", ["hidden", "Flatten", [], {}, 3])
def test_keys_of_today_mean_nothing_on_an_old_layer(key, value):
    doc = mnist()
    doc["model"]["layer_5"][key] = value
    plan = understand(doc)
    assert types(plan) == types(understand(mnist()))
    assert f"/model/layer_5/{key}" in {notice.pointer for notice in plan.notices}


junk = st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.lists(st.integers(), max_size=3)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(mnist()["model"])),
    st.text(max_size=8) | st.sampled_from(["units", "stride", "dim"]),
    junk,
)
def test_junk_is_understood_or_told(key, inner, value):
    doc = mnist()
    if isinstance(doc["model"][key], dict):
        doc["model"][key][inner] = value
    else:
        doc["model"][key] = value
    try:
        understand(doc)
    except DocumentError as error:
        assert all(problem.pointer.startswith(("/model", "/dataset", "/name")) for problem in error.problems)


def test_a_dataset_of_a_package_that_cannot_be_loaded_is_a_problem(monkeypatch):
    entry = EntryPoint("broken", "no_such_module:Thing", registry.GROUP)
    monkeypatch.setattr(registry, "_entry_points", lambda: {"broken": entry})
    document = {**mnist(), "dataset": {"name": "Broken"}}
    with pytest.raises(DocumentError, match=r"/dataset: expected a dataset .* found 'Broken'; .*no_such_mod"):
        understand(document)


def test_an_option_without_a_default_is_told(monkeypatch):
    class Stored(Dataset):
        name: Literal["stored"] = "stored"
        path: str

        def info(self):
            return BUILT_IN["mnist"]().info().model_copy(update={"name": self.name})

    monkeypatch.setattr(registry, "_classes", {**registry.registered()})
    registry.register(Stored)
    with pytest.raises(DocumentError, match="/dataset: expected the key 'path', found none"):
        understand({**mnist(), "dataset": {"name": "stored"}})
