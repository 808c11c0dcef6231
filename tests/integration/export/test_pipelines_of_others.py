"""Pipelines that others write: preparing parts, linear models and networks, put together by hand."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb

from commands import quickml
from networks import Maker, load
from pipelines import classifier, encoder, extractor, imputer, part, piped, regressor, saved, vectorizer
from quickml.errors import CoreMLFileError, InputError, UnsupportedModelError
from quickml.export.coreml.reading import proto
from quickml.export.coreml.reading.describe import describe
from quickml.export.coreml.reading.files import read


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(x)))


# --- linear models ----------------------------------------------------------------------------------------


def mars() -> Any:
    """The exercise that lies in hundreds of repositories: three numbers, a price."""
    inputs = {"solarPanels": "double", "greenhouses": "double", "size": "int64"}
    model = piped(
        inputs,
        {"price": "double"},
        vectorizer(inputs),
        regressor([[1.25, -0.5, 3000.0]], [7]),
        kind="pipelineRegressor",
    )
    model.description.predictedFeatureName = "price"
    return model


def test_a_linear_model_behind_a_vectorizer(tmp_path: Path) -> None:
    path = saved(mars(), tmp_path)
    found = load(path).rows([{"solarPanels": 2, "greenhouses": 4.0, "size": 3}])
    assert found.tolist() == [[1.25 * 2 - 0.5 * 4 + 9000 + 7]]
    done = quickml("predict", path, "solarPanels=2", "greenhouses=4", "size=3", "--json")
    assert json.loads(done.stdout)["prediction"] == found[0, 0]
    assert describe(read(path)).parameters == 4
    missing = quickml("predict", path, "solarPanels=2", "size=3")
    assert (missing.returncode, "The input 'greenhouses' is missing" in missing.stderr) == (2, True)


def test_linear_models_compute_in_double_precision(tmp_path: Path) -> None:
    inputs = {"a": "double", "b": "double"}
    model = piped(inputs, {"price": "double"}, vectorizer(inputs), regressor([[1.0, 1.0]], [0]))
    found = load(saved(model, tmp_path)).run({"a": 1e9 + 1, "b": -1e9})
    assert found["price"].tolist() == [1.0]


@pytest.mark.parametrize(("transform", "expected"), [(1, sigmoid(2.5)), (2, 0.9937903346742238)])
def test_transforms_of_a_regressor(transform: int, expected: float, tmp_path: Path) -> None:
    path = saved(regressor([[1.0, 2.0]], [0.5], transform=transform), tmp_path)
    assert load(path).outputs(np.float32([[0, 1]]))[0, 0] == pytest.approx(expected, rel=1e-6)


def test_a_regressor_of_several_numbers(tmp_path: Path) -> None:
    path = saved(regressor([[1.0, 2.0], [3.0, 4.0]], [0.5, 0], {"price": (2,)}), tmp_path)
    assert load(path).outputs(np.float32([[1, 1], [0, 1]])).tolist() == [[3.5, 7], [2.5, 4]]


@pytest.mark.parametrize("encoding", [0, 1])
@pytest.mark.parametrize("labels", [["no", "yes"], [7, 3]])
def test_a_classifier_of_two(labels: list[Any], encoding: int, tmp_path: Path) -> None:
    inputs = {"a": "double", "b": "double"}
    model = piped(
        inputs, {"label": "string" if isinstance(labels[0], str) else "int64", "shares": "labels"},
        vectorizer(inputs), classifier([[1.0, -2.0]], [0.5], labels, encoding=encoding), kind="pipelineClassifier",
    )  # fmt: skip
    runtime = load(saved(model, tmp_path))
    assert runtime.labels == tuple(map(str, labels))
    share = sigmoid(1 * 3 - 2 * 1 + 0.5)
    np.testing.assert_allclose(runtime.rows([{"a": 3, "b": 1}]), [[1 - share, share]], rtol=1e-6)


def test_classifiers_of_three(tmp_path: Path) -> None:
    labels, x = ["a", "b", "c"], np.float32([[0.5, 2.0]])
    first = classifier([[1.0, -2.0], [0.5, 0.25]], [0.5, 0], labels)
    scores = np.exp([0, 0.5 - 4 + 0.5, 0.25 + 0.5])
    np.testing.assert_allclose(load(saved(first, tmp_path)).outputs(x)[0], scores / scores.sum(), rtol=1e-6)
    second = classifier([[1.0, -2.0], [0.5, 0.25], [1, 1]], [0.5, 0, -2], labels, encoding=1)
    shares = sigmoid([0.5 - 4 + 0.5, 0.25 + 0.5, 0.5])
    np.testing.assert_allclose(load(saved(second, tmp_path)).outputs(x)[0], shares / shares.sum(), rtol=1e-6)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: regressor([[1.0, 2.0], [3.0]], [0, 0]), "rows of 2 weights"),
        (lambda: regressor([[1.0, 2.0]], [0, 0]), "1 rows of 2 and 2 offsets"),
        (lambda: regressor([[1.0], [2.0]], [0, 0]), "expected one number, found 2"),
        (lambda: regressor([[1.0]], [0], transform=9), "the transform 9 cannot be run"),
        (lambda: classifier([[1.0]], [0], ["a", "b", "c"]), "weights for 2 classes, found 1"),
        (lambda: classifier([[1.0]], [0], ["a", "b", "c"], encoding=1), "weights for 3 classes, found 1"),
        (lambda: classifier([[1.0], [2]], [0, 0], ["a", "b"], encoding=1), "weights for 1 classes, found 2"),
        (lambda: classifier([[1.0], [2]], [0, 0], ["a", "b", "c"], transform=1), "Probit of several classes"),
    ],
)
def test_damaged_linear_models_are_refused(made: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(CoreMLFileError, match=message):
        load(saved(made(), tmp_path))


# --- what prepares values ---------------------------------------------------------------------------------


def with_encoders(*, ignore: bool) -> Any:
    places = {"city_places": (3,), "floor_places": (2,)}
    return piped(
        {"city": "string", "floor": "int64"}, {"x": (5,)},
        encoder("city", ["Berlin", "Köln", ""], ignore=ignore), encoder("floor", [5, -1], ignore=ignore),
        vectorizer(places),
    )  # fmt: skip


def test_unknown_categories_are_ignored(tmp_path: Path) -> None:
    runtime = load(saved(with_encoders(ignore=True), tmp_path))
    rows = [
        {"city": "Köln", "floor": 5},
        {"city": "koeln", "floor": 0},
        {"floor": -1},
        {"city": None, "floor": None},
    ]
    rows.append({"city": "", "floor": 5})
    expected = [[0, 1, 0, 1, 0], [0] * 5, [0, 0, 0, 0, 1], [0] * 5, [0, 0, 1, 1, 0]]
    assert runtime.rows(rows).tolist() == expected


def test_unknown_categories_are_refused(tmp_path: Path) -> None:
    path = saved(with_encoders(ignore=False), tmp_path)
    runtime = load(path)
    assert runtime.rows([{"city": "Köln", "floor": 5}]).tolist() == [[0, 1, 0, 1, 0]]
    for row, message in (
        (
            {"city": "Berlim", "floor": 5},
            r"'city': expected one of 'Berlin', 'Köln', '', found 'Berlim'; did you",
        ),
        ({"city": "Köln", "floor": 4}, "'floor': expected one of 5, -1, found 4"),
        ({"city": "Köln"}, "'floor' is missing; expected one of 5, -1"),
        ({"floor": 5}, "'city' is missing"),
    ):
        with pytest.raises(InputError, match=message):
            runtime.rows([row])
    assert "others are refused" in " ".join(quickml("inspect", path).stdout.split())


def test_imputers_replace_what_is_missing(tmp_path: Path) -> None:
    filled = encoder("city_filled", ["Berlin", "Köln"])
    model = piped(
        {"age": "double", "rank": "int64", "city": "string", "xs": (3,)}, {"x": (7,)},
        imputer("age", "double", "imputedDoubleValue", 40, "replaceDoubleValue", -1),
        imputer("rank", "int64", "imputedInt64Value", 3, "replaceInt64Value", 0),
        imputer("city", "string", "imputedStringValue", "Köln", "replaceStringValue", "?"),
        imputer("xs", (3,), "imputedDoubleArray", [7, 8, 9], "replaceDoubleValue", math.nan),
        filled,
        vectorizer({"age_filled": "double", "rank_filled": "int64", "city_filled_places": (2,), "xs_filled": (3,)}),
    )  # fmt: skip
    runtime = load(saved(model, tmp_path))
    xs = np.float32([1, math.nan, math.nan])
    assert runtime.run({"age": 30, "rank": 2, "city": "Berlin", "xs": xs})["x"].tolist() == [
        30,
        2,
        1,
        0,
        1,
        8,
        9,
    ]
    assert runtime.run({"city": "?", "age": -1, "rank": 0, "xs": xs})["x"].tolist() == [40, 3, 0, 1, 1, 8, 9]
    assert runtime.run({"xs": xs})["x"].tolist() == [40, 3, 0, 1, 1, 8, 9], "left out is missing"
    about = describe(read(tmp_path / "piped.mlmodel"))
    assert [one.replacement for one in about.inputs] == [40, 3, "Köln", None]
    assert about.inputs[2].categories == ("Berlin", "Köln")


@pytest.mark.parametrize(
    ("kind", "given", "replaced", "missing"),
    [
        ("int64", "imputedDoubleValue", "replaceDoubleValue", math.inf),
        ("int64", "imputedInt64Value", "replaceDoubleValue", math.nan),
        ("double", "imputedInt64Value", "replaceInt64Value", 1),
        ("double", "imputedDoubleValue", "replaceStringValue", "?"),
        ("string", "imputedDoubleValue", "replaceDoubleValue", 1.0),
        ("string", "imputedStringValue", "replaceDoubleValue", 1.0),
    ],
)
def test_imputers_of_other_types_are_refused(
    kind: str, given: str, replaced: str, missing: Any, tmp_path: Path
) -> None:
    value = "x" if given == "imputedStringValue" else 1
    model = piped({"a": kind}, {"a_filled": kind}, imputer("a", kind, given, value, replaced, missing))
    with pytest.raises(CoreMLFileError, match=f"{replaced} with {given} cannot be run here"):
        load(saved(model, tmp_path))


def test_an_imputer_without_a_value_to_replace_lets_all_through(tmp_path: Path) -> None:
    model = piped(
        {"a": "double"}, {"a_filled": "double"}, imputer("a", "double", "imputedDoubleValue", 4, "", 0)
    )
    assert load(saved(model, tmp_path)).rows([{"a": 3}]).tolist() == [[3]]


def test_scalers_and_normalizers(tmp_path: Path) -> None:
    scaled = part("scaler", {"x": (3,)}, {"y": (3,)})
    scaled.scaler.shiftValue.extend([1, 2, 3])
    scaled.scaler.scaleValue.append(2)
    assert load(saved(scaled, tmp_path)).outputs(np.float32([[1, 1, 1]])).tolist() == [[4, 6, 8]]
    for kind, expected in ((0, [3 / 4, -1]), (1, [3 / 7, -4 / 7]), (2, [0.6, -0.8])):
        normal = part("normalizer", {"x": (2,)}, {"y": (2,)})
        normal.normalizer.normType = kind
        found = load(saved(normal, tmp_path)).outputs(np.float32([[3, -4], [0, 0]]))
        np.testing.assert_allclose(found, [expected, [0, 0]], rtol=1e-6)


def test_a_pipeline_in_a_pipeline(tmp_path: Path) -> None:
    inner = piped({"x": (2,)}, {"y": (1,)}, extractor([1]))
    inputs = {"a": "double", "b": "double"}
    outer = piped(inputs, {"y": (1,)}, vectorizer(inputs), inner)
    assert load(saved(outer, tmp_path)).rows([{"a": 3, "b": 4}]).tolist() == [[4]]


def test_positions_of_an_array(tmp_path: Path) -> None:
    found = load(saved(extractor([2, 0, 2], 3), tmp_path)).outputs(np.float32([[5, 6, 7]]))
    assert found.tolist() == [[7, 5, 7]]
    for output in ("double", "int64"):
        assert load(saved(extractor([1], output=output), tmp_path)).outputs(
            np.float32([[5, 6]])
        ).tolist() == [[6]]


# --- networks ---------------------------------------------------------------------------------------------


def network() -> Any:
    maker = Maker(version=4, exact=True).array("x", 3).output("y", 2)
    weights = np.float32([[1, 2, 3], [0, 1, 0]])
    maker.layer("innerProduct", "x", "y", inputChannels=3, outputChannels=2, weights=weights)
    return maker.model


def test_a_network_takes_the_vector(tmp_path: Path) -> None:
    inputs = {"a": "double", "b": "int64", "c": "double"}
    model = piped(inputs, {"first": "double"}, vectorizer(inputs), network())
    last = part("arrayFeatureExtractor", {"y": (2,)}, {"first": "double"})
    last.arrayFeatureExtractor.extractIndex.append(0)
    model.pipeline.models.append(last)
    assert load(saved(model, tmp_path)).rows([{"a": 1, "b": 2, "c": 3}]).tolist() == [[14]]


def test_a_pipeline_of_an_image(tmp_path: Path) -> None:
    maker = Maker(version=4, exact=True).image("image", 2, 3, 10).output("y")
    maker.layer("activation", "image", "y", linear={"alpha": 2.0, "beta": 1.0})
    model = proto.new_model()
    model.specificationVersion = 4
    model.description.CopyFrom(maker.model.description)
    model.pipeline.models.append(maker.model)
    image = np.arange(6, dtype=np.uint8).reshape(1, 2, 3, 1)
    assert load(saved(model, tmp_path)).outputs(image).reshape(-1).tolist() == [1, 3, 5, 7, 9, 11]


def product(matrix: np.ndarray, index: int) -> Any:
    """An ML program that multiplies `y0` or `y1` by a matrix, which gives the next."""

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, matrix.shape[1]))], opset_version=ct.target.iOS16)
    def program(a: Any) -> Any:
        return mb.linear(x=a, weight=matrix, name=f"y{index + 1}")

    made = ct.convert(
        program, convert_to="mlprogram", minimum_deployment_target=ct.target.iOS16,
        compute_precision=ct.precision.FLOAT32, inputs=[ct.TensorType(name="a", shape=(1, matrix.shape[1]))],
    )  # fmt: skip
    spec = made.get_spec()
    ct.utils.rename_feature(spec, "a", f"y{index}")
    return ct.models.MLModel(spec, weights_dir=made.weights_dir, skip_model_load=True)


@pytest.mark.parametrize("middle", [4, 40])
def test_programs_with_a_weights_file_each(middle: int, tmp_path: Path) -> None:
    """As coremltools' `make_pipeline` writes them. Small matrices are in the program itself."""
    random = np.random.default_rng(0)
    first, second = (random.normal(size=size).astype(np.float32) for size in ((middle, 20), (3, middle)))
    path = tmp_path / "piped.mlpackage"
    ct.utils.make_pipeline(product(first, 0), product(second, 1)).save(str(path))
    x = random.normal(size=(5, 1, 20)).astype(np.float32)
    np.testing.assert_allclose(load(path).outputs(x), x[:, 0] @ first.T @ second.T, rtol=1e-4, atol=1e-4)
    if middle == 40:
        assert len(read(path).blobs) == 2


# --- files made to do harm --------------------------------------------------------------------------------


def broken(kind: str, change: Any) -> Any:
    inputs = {"a": "double", "b": "double"}
    made = piped(inputs, {"price": "double"}, vectorizer(inputs), regressor([[1.0, 2.0]], [0]))
    change(made.pipeline.models)
    return made


def many(models: Any, count: int) -> None:
    for _ in range(count):
        models.append(part("identity", {"a": "double"}, {"a": "double"}))


def nested(models: Any, depth: int) -> None:
    inner = part("identity", {"a": "double"}, {"a": "double"})
    for _ in range(depth):
        outer = part("pipeline", {"a": "double"}, {"a": "double"})
        outer.pipeline.models.append(inner)
        inner = outer
    models.append(inner)


def columns(models: Any, count: int) -> None:
    for _ in range(count):
        models[0].featureVectorizer.inputList.add(inputColumn="a", inputDimensions=1)


def sized(models: Any, size: int) -> None:
    models[0].featureVectorizer.inputList[0].inputDimensions = size


def without_output(models: Any) -> None:
    del models[0].description.output[:]


def with_two_outputs(models: Any) -> None:
    models[0].description.output.add(name="z").type.doubleType.SetInParent()


def foreign(kind: str) -> Any:
    return lambda models: models.append(part(kind, {"a": "double"}, {"z": "double"}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda models: many(models, 1001), "at most 1,000 parts"),
        (lambda models: nested(models, 20), "ran"),
        (lambda models: columns(models, 10_000), "1 to 10,000 columns, found 10,002"),
        (lambda models: columns(models, 500), "rows of 502 weights|rows of 2 and|expected rows"),
        (lambda models: sized(models, 2**63), "expected 9223372036854775808 numbers, found 1"),
        (lambda models: models.append(extractor([2**63])), "positions below 2"),
        (lambda models: models.append(extractor([])), "positions below 2"),
        (lambda models: models.append(encoder("a", ["x"])), "expected a text, found another value"),
        (lambda models: models.append(encoder("nothing", ["x"])), "no part computes the value 'nothing'"),
        (lambda models: models.pop(1), "no part computes the value 'price'"),
        (without_output, "expected one output, found 0"),
        (with_two_outputs, "expected one output, found 2"),
        (foreign("treeEnsembleRegressor"), r"the part '2' \(treeEnsembleRegressor\): it cannot be run here"),
        (foreign("visionFeaturePrint"), "part of Apple's systems"),
        (foreign("neuralNetwork"), "2"),
        (foreign("mlProgram"), "no function 'main'"),
        (foreign("imputer"), "ran"),
        (foreign("oneHotEncoder"), "another value"),
    ],
)  # fmt: skip
def test_damaged_pipelines_are_refused(change: Any, message: str, tmp_path: Path) -> None:
    path = saved(broken("pipeline", change), tmp_path)
    started = time.process_time()
    if message == "ran":
        assert load(path).rows([{"a": 1, "b": 2}]).tolist() == [[5]]
        return
    with pytest.raises(CoreMLFileError, match=message):
        load(path)
    assert time.process_time() - started < 20


def test_equal_categories_are_refused(tmp_path: Path) -> None:
    model = piped({"c": "string"}, {"c_places": (2,)}, encoder("c", ["a", "a"]))
    with pytest.raises(CoreMLFileError, match="1 to 1,000,000 different categories, found 2"):
        load(saved(model, tmp_path))


def test_texts_are_no_numbers(tmp_path: Path) -> None:
    model = piped({"c": "string"}, {"x": (1,)}, vectorizer({"c": "string"}))
    with pytest.raises(CoreMLFileError, match="expected numbers, found a text"):
        load(saved(model, tmp_path))


def test_a_dictionary_of_words(tmp_path: Path) -> None:
    """As classifiers of texts have it: how often each word occurs."""
    words = part("dictVectorizer", {"words": "labels"}, {"x": (3,)})
    words.dictVectorizer.stringToIndex.vector.extend(["bad", "good", "so"])
    model = piped(
        {"words": "labels"}, {"label": "string", "shares": "labels"}, words,
        classifier([[-1.0, 2.0, 0.5]], [0.25], ["no", "yes"]), kind="pipelineClassifier",
    )  # fmt: skip
    path = saved(model, tmp_path)
    runtime = load(path)
    share = sigmoid(2 * 2 + 0.5 + 0.25)
    for given in ({"good": 2, "so": 1, "film": 4}, {"good": 2.0, "so": 1}):
        assert runtime.rows([{"words": given}])[0] == pytest.approx([1 - share, share], rel=1e-6)
    for arguments in (['words={"good": 2, "so": 1}'], ['{"words": {"good": 2, "so": 1}}']):
        found = json.loads(quickml("predict", path, *arguments, "--json").stdout)
        assert found["probabilities"]["yes"] == pytest.approx(share, rel=1e-6)
    for given, message in (
        ("good", "expects a dictionary of numbers, found 'good'"),
        (None, "expects a dictionary of numbers, found none"),
        ({"good": "2"}, "good: expected a number, found '2'"),
        ({"bad": math.inf}, "bad: expected a number, found inf"),
    ):
        with pytest.raises(InputError, match=message):
            runtime.rows([{"words": given}])
    assert "3 keys: bad, good, so; others are left out" in " ".join(quickml("inspect", path).stdout.split())


def test_a_dictionary_as_coremltools_vectorizes_it(tmp_path: Path) -> None:
    """In a pipeline of its own: by the index of each key, then as a vector."""
    words = part("dictVectorizer", {"words": "labels"}, {"sparse": "labels"})
    words.dictVectorizer.int64ToIndex.vector.extend([7, 5])
    dense = part("featureVectorizer", {"sparse": "labels"}, {"x": (2,)})
    dense.featureVectorizer.inputList.add(inputColumn="sparse", inputDimensions=2)
    inner = piped({"words": "labels"}, {"x": (2,)}, words, dense)
    model = piped({"words": "labels"}, {"price": "double"}, inner, regressor([[3.0, 2.0]], [1]))
    assert load(saved(model, tmp_path)).rows([{"words": {5: 10, 7: 1}}]).tolist() == [[24]]


def test_a_linear_model_of_several_inputs(tmp_path: Path) -> None:
    made = part("glmRegressor", {"a": "double", "b": (2,), "c": "int64"}, {"price": "double"})
    made.glmRegressor.weights.add().value.extend([1, 2, 3, 4])
    made.glmRegressor.offset.append(5)
    found = load(saved(made, tmp_path)).run({"a": 1, "b": np.float32([2, 3]), "c": 4})
    assert found["price"].tolist() == [1 + 4 + 9 + 16 + 5]


def test_a_column_of_an_array_is_encoded(tmp_path: Path) -> None:
    """As coremltools converts scikit-learn's OneHotEncoder."""
    first = part("arrayFeatureExtractor", {"x": (2,)}, {"c": "int64"})
    first.arrayFeatureExtractor.extractIndex.append(0)
    hot = part("oneHotEncoder", {"c": "int64"}, {"sparse": "labels"})
    hot.oneHotEncoder.int64Categories.vector.extend([4, 8])
    hot.oneHotEncoder.outputSparse = True
    rest = part("arrayFeatureExtractor", {"x": (2,)}, {"rest": (1,)})
    rest.arrayFeatureExtractor.extractIndex.append(1)
    dense = part("featureVectorizer", {"sparse": "labels", "rest": (1,)}, {"y": (3,)})
    dense.featureVectorizer.inputList.add(inputColumn="sparse", inputDimensions=2)
    dense.featureVectorizer.inputList.add(inputColumn="rest", inputDimensions=1)
    runtime = load(saved(piped({"x": (2,)}, {"y": (3,)}, first, hot, rest, dense), tmp_path))
    assert runtime.outputs(np.float32([[8, 2.5], [4, 1]])).tolist() == [[0, 1, 2.5], [1, 0, 1]]


def test_keys_of_a_dictionary_are_different(tmp_path: Path) -> None:
    words = part("dictVectorizer", {"words": "labels"}, {"x": (2,)})
    words.dictVectorizer.stringToIndex.vector.extend(["a", "a"])
    with pytest.raises(CoreMLFileError, match="2 different keys"):
        load(saved(words, tmp_path))


def test_a_dictionary_that_nobody_vectorizes_is_refused(tmp_path: Path) -> None:
    model = piped({"c": "labels"}, {"c": "labels"})
    with pytest.raises(UnsupportedModelError, match="'c' is a dictionaryType"):
        load(saved(model, tmp_path))


def test_the_network_of_a_pipeline_takes_what_it_is_given(tmp_path: Path) -> None:
    inputs = {"a": "double", "b": "double"}
    model = piped(inputs, {"y": (2,)}, vectorizer(inputs), network())
    with pytest.raises(CoreMLFileError, match=r"the input 'x': expected the shape \(3,\), found \(2,\)"):
        load(saved(model, tmp_path))


def test_titles_that_others_write_are_no_danger(tmp_path: Path) -> None:
    for text in ("[1]", "{", '{"a": 3}', '{"nobody": "b"}', '{"a": "b"}', "[" * 100_000):
        model = mars()
        model.description.metadata.userDefined["quickml.columns"] = text
        path = saved(model, tmp_path)
        assert quickml("inspect", path).returncode == 0
        assert len(load(path).rows([{"solarPanels": 2, "greenhouses": 4.0, "size": 3}])) == 1
