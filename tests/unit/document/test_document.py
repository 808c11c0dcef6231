"""Documents: what is understood, and what is said about those that are wrong."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quickml.document import read, understand
from quickml.document.layers import LAYERS
from quickml.document.layers.layer import default_name
from quickml.document.parse import MAX_PROBLEMS
from quickml.document.schema import schema
from quickml.document.shapes import walk
from quickml.errors import DocumentError, Problem

ROOT = Path(__file__).parents[3]
IRIS_END = {"type": "Dense", "units": 3, "activation": "softmax"}


def document(*layers, dataset="iris", **others):
    return {"name": "test", "dataset": dataset, "model": {"layers": list(layers)}, **others}


def problems(doc) -> list[Problem]:
    with pytest.raises(DocumentError) as caught:
        understand(doc) if not isinstance(doc, str | bytes) else read(doc)
    return list(caught.value.problems)


def pointers(doc) -> list[str]:
    return [problem.pointer for problem in problems(doc)]


def test_the_examples_are_understood():
    mnist = read((ROOT / "mnist_cnn.json").read_bytes())
    assert mnist.graph.parameters.total == 1_199_882
    assert [node.output_shape for node in mnist.graph.nodes][:4] == [
        (28, 28, 1), (26, 26, 32), (24, 24, 64), (12, 12, 64),
    ]  # fmt: skip
    assert mnist.document.training.loss == "sparse_categorical_crossentropy"
    iris = read((ROOT / "iris_spec.json").read_bytes())
    assert iris.graph.parameters.trainable == 4 * 16 + 16 + 16 * 3 + 3


@pytest.mark.parametrize("name", ["mnist_cnn.json", "iris_spec.json"])
def test_a_document_as_understood_means_the_same(name):
    plan = read((ROOT / name).read_bytes())
    again = read(plan.document.model_dump_json(exclude_none=True))
    assert again.document == plan.document
    assert again.graph == plan.graph


def test_pixels_are_scaled_and_features_standardised_inside_the_model():
    assert understand(document(IRIS_END)).graph.nodes[0].layer.type == "Normalization"
    image = document(
        {"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}, dataset="mnist"
    )
    first = understand(image).graph.nodes[0].layer
    assert (first.type, first.scale) == ("Rescaling", 1 / 255)
    regression = understand(document({"type": "Dense", "units": 1}, dataset="diabetes"))
    assert regression.graph.nodes[-1].layer.invert


def test_preprocessing_of_ones_own_is_left_alone():
    own = document({"type": "Rescaling", "scale": 0.1}, IRIS_END)
    assert [node.layer.type for node in understand(own).graph.nodes] == ["Rescaling", "Dense"]


def test_branches_from_the_input_take_the_preprocessed_input():
    branches = document(
        {"type": "Dense", "units": 4, "name": "left"},
        {"type": "Dense", "units": 4, "name": "right", "inputs": ["input"]},
        {"type": "Add", "inputs": ["left", "right"]},
        IRIS_END,
    )
    nodes = {node.name: node for node in understand(branches).graph.nodes}
    assert nodes["left"].inputs == nodes["right"].inputs == ("normalization",)


def test_every_problem_is_told_at_once_with_its_place():
    wrong = {
        "name": "a/b",
        "dataset": "irs",
        "model": {
            "layers": [{"type": "Dens"}, {"type": "Dense", "units": "3"}, {"type": "Dense", "unit": 3}, {}, 5]
        },
        "trainin": {},
        "training": {"optimizer": "adm", "epochs": 0, "loss": "mean_squred_error"},
    }
    assert set(pointers(wrong)) == {
        "/name", "/dataset/name", "/model/layers/0/type", "/model/layers/1/units", "/model/layers/2",
        "/model/layers/2/unit", "/model/layers/3", "/model/layers/4", "/training/optimizer/type",
        "/training/loss", "/training/epochs", "/trainin",
    }  # fmt: skip
    hints = {problem.pointer: problem.hint for problem in problems(wrong)}
    assert hints["/model/layers/0/type"] == "did you mean 'Dense'?"
    assert hints["/model/layers/2/unit"] == "did you mean 'units'?"
    assert hints["/training/optimizer/type"] == "did you mean 'Adam'?"
    assert hints["/trainin"] == "did you mean 'training'?"


def test_wrong_values_do_not_hide_wrong_shapes():
    mnist = json.loads((ROOT / "mnist_cnn.json").read_text())
    del mnist["model"]["layers"][4]
    mnist["training"]["optimizer"] = "Adm"
    mnist["export"]["minimum_ios"] = 13
    assert list(map(str, problems(mnist))) == [
        "/model/layers/4: Dense expects a flat input, found (12, 12, 64); put a Flatten before it",
        "/training/optimizer/type: expected a known optimizer, found \"Adm\"; did you mean 'Adam'?",
        "/export/minimum_ios: mlpackage expects iOS 15 or later, found 13; "
        "leave mlpackage out of formats, or raise minimum_ios",
    ]


def test_a_layer_that_is_wrong_in_itself_hides_no_other():
    wrong = {"type": "Dense", "units": "many", "name": "wrong"}
    doc = document(wrong, {"type": "Flatten", "inputs": ["wrong"]}, {"type": "Conv2D", "filters": 1, "kernel_size": 9},
                   {**IRIS_END, "inputs": ["nobody"]})  # fmt: skip
    assert set(pointers(doc)) == {"/model/layers/0/units", "/model/layers/3/inputs/0"}


def test_the_sentence_of_a_problem():
    conv = {"type": "Conv2D", "filters": 64, "kernel_size": 3}
    (problem, *_) = problems(
        document(conv, {"type": "Dense", "units": 10, "activation": "softmax"}, dataset="mnist")
    )
    assert str(problem) == (
        "/model/layers/1: Dense expects a flat input, found (26, 26, 64); put a Flatten before it"
    )


@pytest.mark.parametrize(
    ("first", "sentence"),
    [
        ({"mean": 0.0, "variance": -1.0}, "variance: expected a number of at least 0.0, found -1.0"),
        ({"mean": [1, "a"], "variance": 1.0}, 'mean/1: expected a number, found "a"'),
        ({"mean": 0.0, "variance": "x"}, 'variance: expected a number, or a list, found "x"'),
    ],
    ids=str,
)
def test_a_value_that_may_be_one_of_two_things_is_one_problem(first, sentence):
    found = problems(document({"type": "Normalization", **first}, IRIS_END))
    assert [str(problem) for problem in found] == [f"/model/layers/0/{sentence}"]


@pytest.mark.parametrize(
    ("layers", "pointer"),
    [
        ([{"type": "Conv2D", "filters": 4, "kernel_size": 3}, IRIS_END], "/model/layers/0"),
        ([{"type": "Reshape", "target_shape": [3, -1]}, IRIS_END], "/model/layers/0/target_shape"),
        ([{"type": "Dense", "units": 4}], "/model/layers/0"),
        ([{"type": "Dense", "units": 3}], "/model/layers/0"),
        ([IRIS_END, {"type": "Add"}], "/model/layers/1"),
        ([{**IRIS_END, "inputs": ["nobody"]}], "/model/layers/0/inputs/0"),
        ([{**IRIS_END, "name": "a", "inputs": ["a"]}], "/model/layers/0/inputs/0"),
        ([{**IRIS_END, "name": "a"}, {**IRIS_END, "name": "a"}], "/model/layers/1/name"),
        ([{**IRIS_END, "name": "input"}], "/model/layers/0/name"),
        ([{"type": "Dense", "units": 9}, {**IRIS_END, "inputs": ["input"]}], "/model/layers/0"),
        ([{"type": "BatchNormalization", "axis": 0}, IRIS_END], "/model/layers/0/axis"),
        ([{"type": "Normalization", "mean": [1, 2], "variance": [1, 2]}, IRIS_END], "/model/layers/0/mean"),
        ([{"type": "Normalization", "mean": 1}, IRIS_END], "/model/layers/0/variance"),
        ([{"type": "Dense", "units": 10**7}, {"type": "Dense", "units": 10**5}, IRIS_END], "/model/layers/1"),
        ([{"type": "Softmax"}], "/model/layers/0"),
        (
            [{"type": "Dense", "units": 4}, {"type": "Normalization", "invert": True}, IRIS_END],
            "/model/layers/1",
        ),
        ([{**IRIS_END, "bias_initializer": "orthogonal"}], "/model/layers/0/bias_initializer"),
        ([{"type": "Normalization", "mean": 0, "variance": -1}, IRIS_END], "/model/layers/0/variance"),
    ],
)
def test_a_layer_that_does_not_fit(layers, pointer):
    assert pointer in pointers(document(*layers))


@pytest.mark.parametrize(
    ("others", "pointer"),
    [
        ({"training": {"loss": "huber"}}, "/training/loss"),
        ({"training": {"metrics": ["r2_score"]}}, "/training/metrics/0"),
        ({"training": {"early_stopping": {}}}, "/training/early_stopping/monitor"),
        ({"training": {"validation_fraction": 0.001}}, "/training/validation_fraction"),
        (
            {"training": {"learning_rate_schedule": {
                "type": "PiecewiseConstantDecay", "boundaries": [5, 3], "values": [1]}}},
            "/training/learning_rate_schedule/values",
        ),
        ({"export": {"minimum_ios": 13}}, "/export/minimum_ios"),
        ({"export": {"formats": ["mlmodel", "mlmodel"]}}, "/export/formats"),
        ({"export": {"formats": ["onyx"]}}, "/export/formats/0"),
        ({"export": {"formats": []}}, "/export/formats"),
        ({"training": {"learning_rate_schedule": {"type": "Cosine"}}}, "/training/learning_rate_schedule/type"),
        ({"training": {"epochs": True}}, "/training/epochs"),
        ({"training": {"epochs": 2.5}}, "/training/epochs"),
        ({"training": {"optimizer": {"type": "SGD", "learning_rate": -1}}}, "/training/optimizer/learning_rate"),
        ({"training": {"optimizer": {"type": "SGD", "beta_1": 0.5}}}, "/training/optimizer/beta_1"),
        ({"training": {"optimizer": 5}}, "/training/optimizer"),
        ({"training": {"optimizer": {"type": "SGD", "learning_rate": 1e300}}}, "/training/optimizer/learning_rate"),
        ({"export": {"author": "\ud800"}}, ""),
    ],
)  # fmt: skip
def test_training_and_export_that_do_not_fit(others, pointer):
    assert pointer in pointers(document(IRIS_END, **others))


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "{", "[]", "null", "3", '"x"', '{"a": 1, "a": 2}', '{"a": NaN}', '{"a": Infinity}',
        b"\xff\xfe{}", '{"a": ' + "9" * 5000 + "}", "[" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000, " " * (5 * 2**20),
        '{"name": "a", "dataset": "iris", "model": {"layers": []}}',
        '{"name": "\\ud800", "dataset": "iris", "model": {"layers": []}}',
    ],
    ids=lambda text: repr(text[:20]),
)  # fmt: skip
def test_what_is_no_document_is_one_clear_problem(text):
    found = problems(text)
    assert 1 <= len(found) <= 3
    assert all(len(str(problem)) < 400 for problem in found)


def test_where_json_breaks_off():
    (problem,) = problems('{\n  "name": "a",\n  "dataset" "iris"\n}')
    assert "line 3, column 13" in problem.found
    assert '"dataset" "iris"' in problem.hint


def test_an_absurd_size_is_refused():
    huge = document({"type": "Dense", "units": 1_000_000}, {"type": "Dense", "units": 1_000_000}, IRIS_END)
    (problem,) = problems(huge)
    assert problem.pointer == "/model/layers/1"
    assert "1,000,009,000,003" in problem.found
    assert pointers(document({"type": "Dense", "units": 10**12}, IRIS_END)) == ["/model/layers/0/units"]


def test_a_million_layers_are_refused_quickly():
    found = problems(document(*[{"type": "Dropout", "rate": 0.1}] * 1_000_000, IRIS_END))
    assert len(found) <= MAX_PROBLEMS


def test_the_binary_sigmoid_is_understood():
    plan = understand(document({"type": "Dense", "units": 1, "activation": "sigmoid"}, dataset="circles"))
    assert plan.is_binary
    assert plan.document.training.loss == "binary_crossentropy"


def test_names_are_those_of_keras():
    assert {name: default_name(name) for name in ("Conv2D", "MaxPooling2D", "ReLU", "LeakyReLU", "Dense")} == {
        "Conv2D": "conv2d", "MaxPooling2D": "max_pooling2d", "ReLU": "re_lu", "LeakyReLU": "leaky_re_lu",
        "Dense": "dense",
    }  # fmt: skip


def test_a_slow_default_is_told():
    slow = understand(document(IRIS_END, training={"optimizer": "adadelta"}))
    assert [notice.pointer for notice in slow.notices] == ["/training/optimizer"]
    assert not understand(
        document(IRIS_END, training={"optimizer": {"type": "Adadelta", "learning_rate": 1}})
    ).notices


def test_weights_go_by_the_name_of_precision_too():
    assert (
        understand(document(IRIS_END, export={"precision": "float16"})).document.export.weights == "float16"
    )


def test_the_schema_knows_every_layer_and_describes_its_fields():
    published = schema()
    assert set(LAYERS) <= set(published["$defs"])
    json.dumps(published)
    assert "iris" in json.dumps(published["properties"]["dataset"]), "a name alone will do"
    assert published["properties"]["name"]["type"] == "string"
    assert published["properties"]["$schema"]["type"] == "string"
    assert "type" in published["$defs"]["Dense"]["required"]
    assert published["$defs"]["Model"]["properties"]["layers"]["minItems"] == 1
    assert "phone" not in published["properties"]["name"]["description"]
    assert published["$defs"]["Training"]["properties"]["seed"]["type"] == "integer"
    described = published["$defs"]["Training"]["properties"]["validation_fraction"]["description"]
    assert described.startswith("Fraction of the training samples")


def test_every_layer_is_documented():
    assert all(cls.__doc__ for cls in LAYERS.values())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def mutated(draw):
    """The MNIST document with one value somewhere replaced by anything."""
    doc = json.loads((ROOT / "mnist_cnn.json").read_text())
    here = doc
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = draw(st.sampled_from(keys))
        if isinstance(here[key], dict | list) and here[key] and draw(st.booleans()):
            here = here[key]
            continue
        here[key] = draw(json_values)
        return doc


@settings(max_examples=200, deadline=None)
@given(mutated())
def test_any_mutation_is_understood_or_told_in_our_words(doc):
    try:
        understand(doc)
    except DocumentError as error:
        assert error.problems
        for problem in error.problems:
            lead_into(doc, problem.pointer)


def lead_into(doc, pointer):
    """Every step but the last, which may be what is missing, is there."""
    for step in pointer.split("/")[1:-1]:
        key = step.replace("~1", "/").replace("~0", "~")
        doc = doc[int(key)] if isinstance(doc, list) else doc[key]


@settings(max_examples=100, deadline=None)
@given(json_values)
def test_no_json_at_all_breaks_the_reader(value):
    with pytest.raises(DocumentError):
        understand(value)


def test_walking_nothing_finds_no_problem_of_its_own():
    graph, found = walk(understand(document(IRIS_END)).document.model.layers, (4,))
    assert not found
    assert graph.output_shape == (3,)


def test_no_metric_asked_for_means_the_usual_one():
    assert understand(document(IRIS_END, training={"metrics": []})).document.training.metrics == ("accuracy",)
