"""SculptML documents: whatever the phone app sends must train."""

import copy
import json
from importlib.metadata import EntryPoint
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quickml.datasets import registry
from quickml.datasets.builtin import BUILT_IN
from quickml.datasets.dataset import Dataset
from quickml.document import read, understand
from quickml.errors import DocumentError
from sculptml_documents import (
    DOCUMENTS,
    ODD,
    TEXT,
    TRAINED_IN_2018,
    at_the_root,
    circles,
    dropping,
    iris,
    mnist,
    regularized,
)


def types(plan):
    return [node.layer.type for node in plan.graph.nodes]


EVERY = DOCUMENTS | TRAINED_IN_2018


@pytest.mark.parametrize("doc", EVERY.values(), ids=EVERY)
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
    monkeypatch.setattr(registry, "installed", lambda _: {"broken": entry})
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


# Documents as they were in 2018


def told(document) -> dict[str, str]:
    """The notices by their pointers."""
    return {notice.pointer: notice.message for notice in understand(document).notices}


def layers(document):
    return [node.layer for node in understand(document).graph.nodes]


def test_layers_at_the_root_are_a_model():
    old = {**mnist()["model"], "dataset": mnist()["dataset"]}
    assert understand(old).document == understand(mnist()).document
    assert "/layer_0/dim" in told(old)


def test_problems_of_layers_at_the_root_point_to_the_root_in_their_order():
    old = at_the_root(
        layer_0={"layer": "DenseLyr", "units": "many"}, epochs=0, optimizer={"type": "SGD", "lr": "x"}
    )
    with pytest.raises(DocumentError) as caught:
        understand(old)
    assert [problem.pointer for problem in caught.value.problems] == [
        "/optimizer/lr",
        "/layer_0/units",
        "/epochs",
    ]


@pytest.mark.parametrize(
    ("dim", "dataset"),
    [("(4)", "iris"), ("(150, 4)", "iris"), ("(0, 0, 4)", "iris"), ("(2,)", "circles"), ("(28, 28, 1)", "mnist"),
     ("(28, 28)", "mnist"), ("(784)", "mnist"), ("(60000, 28, 28, 1)", "mnist")],
)  # fmt: skip
def test_a_document_without_a_dataset_takes_the_one_that_fits(dim, dataset):
    document = at_the_root(input_layer={"dim": dim})
    assert understand(document).info.name == dataset
    assert told(document)[""] == f"there is no dataset; {dataset} is used, because its inputs fit"


def test_a_shape_that_no_dataset_has_is_reported():
    notices = told(TRAINED_IN_2018["a shape that no dataset has"])
    assert notices[""] == "there is no dataset, and none has inputs of this shape; mnist is used"
    assert "/input_layer/dim" in notices


def test_the_number_of_classes_is_that_of_the_dataset():
    document = TRAINED_IN_2018["layers at the root, one more than counted"]
    assert [layer.units for layer in layers(document)[1:]] == [8, 3]
    assert told(document)["/num_layers"] == "changed to 2, the number of layers"
    assert told(document)["/layer_1/units"] == "changed to 3, the number of outputs"
    assert [layer.units for layer in layers(TRAINED_IN_2018["a last layer of one unit"])[1:]] == [3]


def test_options_that_sculptml_never_read_do_not_fail_a_document():
    output = {"layer": "DenseLyr", "units": 2, "activation": "softmax"}
    assert told(circles(output, inner_radius=10, num_samples=5, data_split="most")) == {
        "/dataset/inner_radius": "ignored: expected a number below 1.0, found 10",
        "/dataset/num_samples": "ignored: expected a number of at least 20, found 5",
        "/dataset/data_split": 'ignored: expected a number, found "most"',
    }
    contradicting = {**mnist(), "dataset": {"name": "MNIST", "img_rows": 32, "num_classes": "10"}}
    assert told(contradicting)["/dataset/img_rows"] == "ignored: mnist has 28"
    assert "/dataset/num_classes" not in told(contradicting)


def test_regularizers_of_keras_2():
    found = layers(TRAINED_IN_2018["regularizers by name"])[1:5]
    pairs = [(layer.kernel_regularizer.l1, layer.kernel_regularizer.l2) for layer in found]
    assert pairs == [(0.01, 0.0), (0.0, 0.01), (0.01, 0.01), (0.01, 0.01)]
    first, second, third, fourth = layers(TRAINED_IN_2018["regularizers of Keras 2"])[1:5]
    assert (first.kernel_regularizer.l2, second.kernel_regularizer.l1) == (0.02, 0.1)
    assert third.kernel_regularizer is fourth.kernel_regularizer is None
    assert (
        told(regularized("unknown"))["/model/layer_0/kernel_regularizer"]
        == 'ignored: "unknown" is not a known value'
    )
    with pytest.raises(DocumentError, match="/model/layer_0/kernel_regularizer"):
        understand(regularized({"class_name": "L1L2", "config": {"l2": -1}}))


@pytest.mark.parametrize("rate", [1, 1.0, 1.5, -0.5, "2"])
def test_rates_are_clipped(rate):
    assert layers(dropping(rate))[2].rate == 0
    assert told(dropping(rate))["/model/layer_1/rate"] == "changed to 0: Keras 2 dropped nothing at this rate"
    assert layers(dropping("0.5"))[2].rate == 0.5


def test_a_flatten_whose_dim_does_not_fit_is_a_flatten():
    document = TRAINED_IN_2018["a FlattenLyr whose dim does not fit"]
    assert [layer.type for layer in layers(document)] == ["Rescaling", "Flatten", "Dense"]
    assert told(document)["/model/layer_0/dim"] == "ignored: its input has the shape (28, 28, 1)"


def test_a_reshape_needs_a_dim():
    document = circles({"layer": "ReshapeLyr"})
    with pytest.raises(DocumentError, match="/model/layer_0: expected the key 'dim', found none"):
        understand(document)


@pytest.mark.parametrize("key", ["batch_size", "epochs"])
def test_null_is_the_default(key):
    default = {"batch_size": 32, "epochs": 10}[key]
    assert getattr(understand(iris(**{key: None})).document.training, key) == default


@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [
        ({"class_name": "SGD", "config": {"lr": 0.1}}, 0.1), ({"type": "sgd", "learning_rate": "0.1"}, 0.1),
        ({"name": "SGD", "lr": 0.1}, 0.1), ({"class_name": "SGD"}, 0.01), ("keras.optimizers.SGD", 0.01),
        ({"class_name": "SGD", "config": None}, 0.01),
    ],
)  # fmt: skip
def test_an_optimizer_may_be_an_object(optimizer, rate):
    document = iris()
    document["model"]["optimizer"] = optimizer
    found = understand(document).document.training.optimizer
    assert (found.type, found.learning_rate) == ("SGD", rate)


def test_nothing_is_dropped_silently():
    document = iris(metrics=["accuracy", "mae", 3], data_split=80, loss="hinge")
    document["model"]["optimizer"] = {
        "class_name": "Adam",
        "config": {"lr": 0.1, "decay": 0.1, "amsgrad": False},
    }
    document["model"]["layer_0"]["kernel_regularizer"] = {"l2": 0.1, "l3": 0.1}
    assert told(document) == {
        "/dataset/data_split": "changed to a test fraction of 0.2",
        "/dataset/loss": 'ignored: "hinge" is not a loss for classification; the default is used',
        "/dataset/metrics/1": 'ignored: "mae" is not a metric for classification',
        "/dataset/metrics/2": "ignored: 3 is not a metric for classification",
        "/model/layer_0/kernel_regularizer/l3": "ignored: unknown key",
        "/model/optimizer/config/decay": "ignored: Adam has no such argument",
    }
    document["model"]["optimizer"] = {"class_name": "Ftrl"}
    assert told(document)["/model/optimizer"] == 'ignored: "Ftrl" is not a known optimizer; Adam is used'
    plan = understand(iris(metrics=["accuracy", "top_k_categorical_accuracy"]))
    assert plan.document.training.metrics == ("accuracy", "top_k_categorical_accuracy")


@pytest.mark.parametrize("loss", ["mse", "mean_squared_error", "MeanSquaredError", "keras.losses.mse"])
def test_a_loss_that_our_documents_take_is_taken(loss):
    document = iris(loss=loss)
    assert understand(document).document.training.loss == "mean_squared_error"
    assert "/dataset/loss" not in told(document)


def test_a_notice_for_each_of_a_million_keys_is_too_many():
    document = iris()
    document["model"] |= {f"key{number}": number for number in range(100_000)}
    notices = understand(document).notices
    assert len(notices) == 101
    assert notices[-1].message == "99,900 more values were ignored or changed"


nested = st.recursive(
    junk | st.sampled_from(["num_classes", "(3, 3)", "l2", "nan", "\ud800", 10**400, float("inf")]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["config", "lr", "l1"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(TRAINED_IN_2018)), nested, st.data())
def test_any_value_anywhere_is_understood_or_a_problem(name, value, data):
    document = copy.deepcopy(TRAINED_IN_2018[name])
    holder = data.draw(
        st.sampled_from([document, *(part for part in document.values() if isinstance(part, dict))])
    )
    holder = data.draw(
        st.sampled_from([holder, *(part for part in holder.values() if isinstance(part, dict))])
    )
    holder[data.draw(st.sampled_from([*holder, "kernel_regularizer", "dim"]))] = value
    try:
        plan = understand(document)
    except DocumentError as error:
        str(error).encode()
    else:
        plan.to_json().encode()


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"input_layer": {"dim": "four"}}, "/input_layer/dim"), ({"input_layer": {"dim": 4, "a": 1}}, "/input_layer/a"),
        ({"input_layer": [{}]}, "/input_layer"), ({"num_layers": "one"}, "/num_layers"), ({"num_layers": None}, "/num_layers"),
        ({"optimizer": {"class_name": "SGD", "config": 3}}, "/optimizer/config"), ({"metrics": 3}, "/metrics"),
        ({"layer_0": {"layer": "FlattenLyr", "dim": "flat"}}, "/layer_0/dim"), ({"loss": ["mse"]}, "/loss"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_read_is_reported(changed, pointer):
    assert told(at_the_root(**changed))[pointer].startswith("ignored: ")


# What Python's JSON parser took


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_text_that_python_took_is_taken(text):
    plan = read(text)
    assert plan.document == understand(iris()).document
    json.dumps(plan.to_json(), ensure_ascii=False).encode()


def test_what_is_odd_in_a_text_is_reported():
    (notice,) = read(ODD["repeated keys"]).notices
    assert notice.message.startswith("accepted: the repeated key 'units' at line 1, column ")
    (notice,) = read(ODD["NaN in an ignored key"]).notices
    assert notice.message.startswith("accepted: NaN at line 1, column 14; ")


def test_what_is_odd_and_used_is_refused():
    with pytest.raises(DocumentError, match="/dataset/epochs: expected an integer, found NaN"):
        read(TEXT.replace('"epochs": "5"', '"epochs": NaN'))
    with pytest.raises(DocumentError, match="/dataset/epochs: expected an integer"):
        read(TEXT.replace('"epochs": "5"', '"epochs": ' + "[" * 200 + "]" * 200))


@pytest.mark.parametrize(
    "dim", ["(" + "9, " * 1000 + ")", [10**300] * 1000, "1e300", "(1e999)", "nan", "(-4)"]
)
def test_sizes_beyond_all_bounds_are_no_sizes(dim):
    document = iris()
    document["model"]["input_layer"]["dim"] = dim
    document["model"]["layer_0"] = {"layer": "FlattenLyr", "dim": dim}
    assert understand(document).info.name == "iris"
