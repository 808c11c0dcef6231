"""Core ML files that others write, by hand or with other tools: what they say, and what they ask for."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commands import quickml
from networks import FLOAT32, GRAYSCALE, Maker, exactly, load, normal, one
from quickml.errors import CoreMLFileError, InputError, UnsupportedModelError
from quickml.export.coreml.reading import proto
from quickml.export.coreml.reading.contents import contents
from quickml.export.coreml.reading.describe import describe
from quickml.export.coreml.reading.files import read

INT32 = 131104


# --- optional inputs --------------------------------------------------------------------------------------


def with_bias(default: float | None = 5.0) -> Maker:
    maker = Maker(version=4, exact=True).array("x", 3).array("bias", 3).output("y", 3)
    feature = maker.model.description.input[1].type
    feature.isOptional = True
    if default is not None:
        feature.multiArrayType.floatDefaultValue = default
    maker.layer("addBroadcastable", "x bias", "y")
    return maker


def test_optional_inputs_have_their_default_values(tmp_path: Path) -> None:
    path = with_bias().save(tmp_path)
    np.testing.assert_array_equal(
        load(path).outputs(np.float32([[1, 2, 3], [0, 0, 9]])), [[6, 7, 8], [5, 5, 14]]
    )
    done = quickml("predict", path, "1,2,3", "--json")
    assert json.loads(done.stdout)["prediction"] == [6, 7, 8]
    assert "multiarray float32, optional, default 5" in quickml("inspect", path).stdout


def test_an_optional_input_without_a_default_value_is_zero(tmp_path: Path) -> None:
    path = with_bias(default=None).save(tmp_path)
    np.testing.assert_array_equal(load(path).outputs(np.float32([[1, 2, 3]])), [[1, 2, 3]])


@pytest.mark.parametrize("default", [np.inf, 1e38])
@pytest.mark.parametrize("data_type", [INT32, FLOAT32])
def test_a_default_value_out_of_range_ends_in_an_answer(
    default: float, data_type: int, tmp_path: Path
) -> None:
    maker = with_bias(default)
    maker.model.description.input[1].type.multiArrayType.dataType = data_type
    path = maker.save(tmp_path)
    assert load(path).outputs(np.float32([[1, 2, 3]])).shape == (1, 3)
    assert "optional" in quickml("inspect", path, "--json").stdout


def test_an_optional_input_can_be_given(tmp_path: Path) -> None:
    given = {"x": np.float32([1, 2, 3]), "bias": np.float32([1, 0, -1])}
    np.testing.assert_array_equal(load(with_bias().save(tmp_path)).run(given)["y"], [2, 2, 2])


def test_an_only_input_may_be_optional(tmp_path: Path) -> None:
    maker = Maker(version=4, exact=True).array("x", 2).output("y", 2)
    maker.model.description.input[0].type.isOptional = True
    maker.layer("activation", "x", "y", ReLU={})
    np.testing.assert_array_equal(load(maker.save(tmp_path)).outputs(np.float32([[-1, 2]])), [[0, 2]])


def test_several_needed_inputs_are_named(tmp_path: Path) -> None:
    maker = with_bias()
    maker.model.description.input[1].type.isOptional = False
    with pytest.raises(UnsupportedModelError, match=r"expected one input, found 2 \('x', 'bias'\)"):
        load(maker.save(tmp_path)).outputs(np.zeros((1, 3)))


def test_an_optional_integer_input_has_its_default_value(tmp_path: Path) -> None:
    maker = with_bias()
    array = maker.model.description.input[1].type.multiArrayType
    array.dataType, array.intDefaultValue = INT32, 7
    np.testing.assert_array_equal(load(maker.save(tmp_path)).outputs(np.float32([[1, 2, 3]])), [[8, 9, 10]])


def test_numbers_beyond_int32_are_refused(tmp_path: Path) -> None:
    maker = Maker(version=4, exact=True).array("x", 2).output("y", 2)
    maker.model.description.input[0].type.multiArrayType.dataType = INT32
    maker.layer("activation", "x", "y", ReLU={})
    with pytest.raises(InputError, match="expects numbers in the range of int32, found 3000000000"):
        load(maker.save(tmp_path)).run({"x": np.int64([1, 3_000_000_000])})


# --- flexible sizes ---------------------------------------------------------------------------------------


def sizes(message: Any) -> None:
    message.enumeratedSizes.sizes.add(height=4, width=6)
    message.enumeratedSizes.sizes.add(height=8, width=12)


def ranges(message: Any) -> None:
    message.imageSizeRange.heightRange.lowerBound, message.imageSizeRange.widthRange.lowerBound = 4, 6


@pytest.mark.parametrize("fill", [sizes, ranges])
def test_a_picture_of_flexible_size_has_the_first_or_smallest_one(fill: Any, tmp_path: Path) -> None:
    maker = Maker(version=3).image("x", 0, 0, GRAYSCALE).output("y")
    fill(maker.model.description.input[0].type.imageType)
    maker.layer("activation", "x", "y", linear={"alpha": 2.0})
    path = maker.save(tmp_path)
    assert load(path).inputs[0].shape == (4, 6, 1)
    assert describe(read(path)).inputs[0].shape == (4, 6, 1)


# --- reshaping and scaling --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reshapeStatic", "rankPreservingReshape"])
@pytest.mark.parametrize(
    ("shape", "target", "expected"),
    [
        ((8, 3, 4), (-1, 8, 2, 6), (1, 8, 2, 6)),
        ((8, 3, 4), (0, -1), (8, 12)),
        ((8, 3, 4), (4, 0, -1), (4, 3, 8)),
        ((8, 3, 4), (-1,), (96,)),
    ],
)
def test_negative_and_zero_sizes_of_a_target_shape(
    kind: str, shape: tuple[int, ...], target: tuple[int, ...], expected: tuple[int, ...], tmp_path: Path
) -> None:
    x = normal(*shape)
    y = exactly(tmp_path, kind, x, targetShape=list(target))
    np.testing.assert_array_equal(y, x.reshape(expected))


@pytest.mark.parametrize("target", [(-1, -1), (5, -1), (0, 0, 0, 0), (-2, 3)])
def test_a_target_shape_that_does_not_fit(target: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(CoreMLFileError, match="does not fit the shape"):
        exactly(tmp_path, "reshapeStatic", normal(8, 3, 4), targetShape=list(target))


@pytest.mark.parametrize(
    ("size", "factor", "expected"), [(5, 2.6, 13), (10, 0.7, 7), (10, 0.29, 2), (7, 1.0, 7)]
)
@pytest.mark.parametrize("mode", [0, 1])
def test_a_scaled_size_is_computed_in_float32(
    size: int, factor: float, expected: int, mode: int, tmp_path: Path
) -> None:
    y = one(tmp_path, "upsample", (1, size, size), normal(1, size, size), fractionalScalingFactor=[factor] * 2, mode=mode)  # fmt: skip
    assert y.shape == (1, expected, expected)


@pytest.mark.parametrize(
    ("end", "step", "count"), [(0.3, 0.1, 3), (1.1, 0.1, 11), (0.9, 0.3, 3), (1.0, 0.3, 4)]
)
def test_the_length_of_a_range_is_computed_in_float32(
    end: float, step: float, count: int, tmp_path: Path
) -> None:
    maker = Maker(version=4, exact=True).array("x", 1).output("y")
    maker.layer("rangeStatic", "", "r", endValue=end, stepSizeValue=step)
    maker.layer("addBroadcastable", "x r", "y")
    y = maker.run(tmp_path, x=np.zeros(1))["y"]
    np.testing.assert_allclose(y, step * np.arange(count), rtol=1e-6)


# --- parameters that are inputs ---------------------------------------------------------------------------


def computed(folder: Path, x: np.ndarray, kind: str, inputs: str, **fields: Any) -> np.ndarray:
    """A layer after others that compute its parameters from the shape of x."""
    maker = Maker(version=4, exact=True).array("x", *x.shape).output("y")
    maker.layer("getShape", "x", "shape")
    maker.layer("loadConstantND", "", "two", shape=[1], data=np.float32([2]))
    maker.layer("divideBroadcastable", "shape two", "half")
    maker.layer("subtractBroadcastable", "shape shape", "zeros")
    maker.layer("sliceStatic", "shape", "count", beginIds=[0], endIds=[1], strides=[1])
    maker.layer("concatND", "two count two count", "pads", axis=0)
    maker.layer("reverse", "shape", "back", reverseDim=[True])
    maker.layer("divideBroadcastable", "two two", "one")
    maker.layer(kind, inputs, "y", **fields)
    return maker.run(folder, x=x)["y"]


def test_parameters_that_are_computed_from_shapes(tmp_path: Path) -> None:
    x = normal(4, 6)
    run = functools.partial(computed, tmp_path, x)
    equal = np.testing.assert_array_equal
    equal(run("reshapeDynamic", "x back"), x.reshape(6, 4))
    equal(run("fillDynamic", "shape", value=2.0), np.full((4, 6), 2.0))
    equal(run("broadcastToDynamic", "two shape"), np.full((4, 6), 2.0))
    equal(run("tile", "x half"), np.tile(x, (2, 3)))
    equal(run("sliceDynamic", "x half", endIds=[4, 6], strides=[1, 2]), x[2:4, 3:6:2])
    equal(run("sliceDynamic", "x zeros half", strides=[1, 1], endMasks=[True, False]), x[:, :3])
    equal(run("sliceDynamic", "x half", endIds=[0, 6], squeezeMasks=[True, False]), x[2, 3:])
    equal(run("rangeDynamic", "count", startValue=1.0, stepSizeValue=0.5), [1, 1.5, 2, 2.5, 3, 3.5])
    equal(run("rangeDynamic", "count two", stepSizeValue=1.0), [2, 3])
    equal(run("rangeDynamic", "two count", stepSizeValue=-1.0), [4, 3])
    equal(run("topK", "x two", axis=1), np.sort(x, 1)[:, :3:-1])
    equal(run("constantPad", "x pads"), np.pad(x, [(2, 4), (2, 4)]))
    equal(run("cumSum", "x one"), np.cumsum(x, 1, dtype=np.float32))
    equal(run("oneHot", "two count", onValue=1.0, axis=-1), [[0, 0, 1, 0]])


def test_parameters_that_depend_on_values_are_named(tmp_path: Path) -> None:
    maker = Maker(version=4, exact=True).array("x", 2).output("y")
    maker.layer("reshapeDynamic", "x x", "y")
    with pytest.raises(
        UnsupportedModelError, match="parameters that are computed at run time cannot be run here"
    ):
        load(maker.save(tmp_path))


def test_much_arithmetic_of_constants_is_refused_soon(tmp_path: Path) -> None:
    maker = Maker(version=4, exact=True).array("x", 2).output("y")
    maker.layer("getShape", "x", "s0")
    for number in range(3000):
        maker.layer("addBroadcastable", f"s{number} s0", f"s{number + 1}")
    maker.layer("reshapeDynamic", "x s3000", "y")
    with pytest.raises(UnsupportedModelError, match="expected at most 10000 nodes"):
        load(maker.save(tmp_path))


# --- layers of three axes ---------------------------------------------------------------------------------

THREE = {
    "kernelDepth": 2,
    "kernelHeight": 1,
    "kernelWidth": 3,
    "strideDepth": 1,
    "strideHeight": 2,
    "strideWidth": 1,
}
CUSTOM = {"paddingType": 0, "customPaddingBack": 1, "customPaddingLeft": 2}


def windows(x: np.ndarray) -> np.ndarray:
    """(N, C, D, H, W) padded as above -> (N, C, D', H', W', 2, 1, 3)."""
    view = np.lib.stride_tricks.sliding_window_view(x, (2, 1, 3), axis=(2, 3, 4))
    return view[:, :, :, ::2]


def padded(x: np.ndarray, value: float = 0.0) -> np.ndarray:
    return np.pad(x, [(0, 0), (0, 0), (0, 1), (0, 0), (2, 0)], constant_values=value)


def test_convolution_of_three_axes(tmp_path: Path) -> None:
    x, weight, bias = normal(1, 2, 4, 5, 3), normal(3, 2, 2, 1, 3), normal(3)
    channels = {"inputChannels": 2, "outputChannels": 3, "hasBias": True}
    y = exactly(tmp_path, "convolution3d", x, weights=weight, bias=bias, **channels, **THREE, **CUSTOM)
    expected = np.einsum("ncdhwijk,ocijk->nodhw", windows(padded(x)), weight) + bias.reshape(3, 1, 1, 1)
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


def test_pooling_of_three_axes(tmp_path: Path) -> None:
    x = normal(1, 2, 4, 5, 3)
    y = exactly(tmp_path, "pooling3d", x, type=0, **THREE, **CUSTOM)
    np.testing.assert_array_equal(y, windows(padded(x, -np.inf)).max((5, 6, 7)))
    counts = windows(padded(np.ones_like(x))).mean((5, 6, 7))
    for exclude in (False, True):
        y = exactly(tmp_path, "pooling3d", x, type=1, countExcludePadding=exclude, **THREE, **CUSTOM)
        expected = windows(padded(x)).mean((5, 6, 7)) / (counts if exclude else 1)
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    for kind, whole in ((0, np.max), (1, np.mean)):
        y = exactly(tmp_path, "globalPooling3d", x, type=kind)
        np.testing.assert_allclose(y, whole(x, axis=(2, 3, 4), keepdims=True), rtol=1e-5)


# --- large values -----------------------------------------------------------------------------------------


def test_a_value_of_a_million_numbers(tmp_path: Path) -> None:
    y = exactly(tmp_path, "activation", np.full((1000, 1000), -2.0, np.float32), ReLU={})
    assert y.shape == (1000, 1000)


@pytest.mark.parametrize("shape", [(1000, 1000, 1000), (2**31,)])
def test_too_large_values_are_called_so(shape: tuple[int, ...], tmp_path: Path) -> None:
    maker = Maker(version=4, exact=True).array("x", *shape).output("y")
    maker.layer("activation", "x", "y", ReLU={})
    with pytest.raises(UnsupportedModelError, match="expected at most 67,108,864 numbers, found"):
        load(maker.save(tmp_path))
    maker = Maker(version=4, exact=True).array("x", 1).output("y")
    maker.layer("fillStatic", "", "v", value=1.0, targetShape=list(shape))
    maker.layer("addBroadcastable", "v x", "y")
    with pytest.raises(UnsupportedModelError, match="expected at most 67,108,864 elements, found"):
        load(maker.save(tmp_path))


# --- what inspect says ------------------------------------------------------------------------------------


def saved(model: Any, tmp_path: Path) -> Path:
    path = tmp_path / "made.mlmodel"
    path.write_bytes(model.SerializeToString())
    return path


def test_metadata_of_a_file_does_not_overwrite_facts(tmp_path: Path) -> None:
    maker = with_bias()
    metadata = maker.model.description.metadata
    metadata.author = "somebody"
    for key in ("type", "file", "author", "parameters", "runs on", "com.github.apple.version"):
        metadata.userDefined[key] = "a lie"
    done = quickml("inspect", maker.save(tmp_path))
    facts = [line.split() for line in done.stdout.splitlines()]
    assert ["type", "neuralNetwork"] in facts
    assert ["author", "somebody"] in facts
    for key in ("type", "file", "author", "parameters", "runs on", "version"):
        assert ["metadata", *key.split(), "a", "lie"] in facts


def pipeline(*versions: int, version: int = 1) -> Any:
    model = proto.new_model()
    model.specificationVersion = version
    model.pipeline.SetInParent()
    for number in versions:
        part = model.pipeline.models.add()
        part.specificationVersion = number
        part.neuralNetwork.layers.add(name="a").activation.ReLU.SetInParent()
    return model


def test_a_pipeline_runs_where_all_its_parts_do(tmp_path: Path) -> None:
    assert describe(read(saved(pipeline(1, 3, 2), tmp_path))).minimum_ios == "12"
    assert describe(read(saved(pipeline(1, version=4), tmp_path))).minimum_ios == "13"
    outer = pipeline(1)
    outer.pipeline.models.add().CopyFrom(pipeline(1, 7))
    about = describe(read(saved(outer, tmp_path)))
    assert (about.minimum_ios, about.specification_version) == ("16", 1)
    assert [layer.name for layer in about.layers] == ["model0", "model1"]


def glm(model: Any) -> None:
    for row in ([1.0, 0.0, 3.0], [4.0, 5.0, 6.0]):
        model.glmClassifier.weights.add().value.extend(row)
    model.glmClassifier.offset.extend([0.5, 0.0])


def support_vectors(model: Any) -> None:
    body = model.supportVectorRegressor
    body.kernel.rbfKernel.gamma = 0.5
    for row in ([1.0, 2.0], [3.0, 4.0], [5.0, 6.0]):
        body.denseSupportVectors.vectors.add().values.extend(row)
    body.coefficients.alpha.extend([1.0, -1.0, 0.5])
    body.rho = 0.25


def scaler(model: Any) -> None:
    model.scaler.shiftValue.extend([1.0, 2.0])
    model.scaler.scaleValue.extend([0.5, 0.25])


def imputer(model: Any) -> None:
    model.imputer.imputedStringDictionary.map["a"] = 1.0
    model.imputer.imputedStringDictionary.map["b"] = 2.0


def neighbours(model: Any) -> None:
    for row in ([1.0, 2.0], [3.0, 4.0]):
        model.kNearestNeighborsClassifier.nearestNeighborsIndex.floatSamples.add().vector.extend(row)


def branch(model: Any) -> None:
    inner = model.neuralNetwork.layers.add(name="b").branch.ifBranch.layers.add(name="c").innerProduct
    inner.inputChannels, inner.outputChannels = 2, 3
    inner.weights.floatValue.extend([1.0] * 6)


@pytest.mark.parametrize(
    ("fill", "expected"),
    [(glm, 8), (support_vectors, 10), (scaler, 4), (imputer, 2), (neighbours, 4), (branch, 6)],
)
def test_parameters_are_counted_in_every_kind_of_model(fill: Callable[[Any], None], expected: int) -> None:
    model = proto.new_model()
    fill(model)
    assert contents(model).parameters == expected
    outer = proto.new_model()
    outer.pipeline.models.add().CopyFrom(model)
    assert contents(outer).parameters == expected


def apple(kind: str) -> Any:
    model = proto.new_model()
    model.specificationVersion = 3
    getattr(model, kind).SetInParent()
    return model


APPLE = [
    "textClassifier", "wordTagger", "visionFeaturePrint", "soundAnalysisPreprocessing", "gazetteer", "wordEmbedding",
    "audioFeaturePrint",
]  # fmt: skip


@pytest.mark.parametrize("kind", APPLE)
def test_a_network_of_apple_is_named(kind: str, tmp_path: Path) -> None:
    path = saved(apple(kind), tmp_path)
    message = f"found the type {kind}, whose network is part of Apple's systems and not of the file"
    with pytest.raises(UnsupportedModelError, match=message):
        load(path)
    shown = quickml("inspect", path).stdout
    assert f"part of Apple's systems, not of the file ({kind})" in shown
    assert "parameters" not in shown


def test_a_network_of_apple_in_a_pipeline_is_named(tmp_path: Path) -> None:
    model = proto.new_model()
    model.specificationVersion = 3
    for part in (apple("visionFeaturePrint"), pipeline(1)):
        model.pipelineClassifier.pipeline.models.add().CopyFrom(part)
    path = saved(model, tmp_path)
    message = (
        r"found the type pipelineClassifier, whose network \(visionFeaturePrint\) is part of Apple's systems"
    )
    with pytest.raises(UnsupportedModelError, match=message):
        load(path)
    assert describe(read(path)).apple_parts == ("visionFeaturePrint",)


# --- files that are not the one to pass -------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(CoreMLFileError) as caught:
        load(path)
    return str(caught.value)


def test_a_compiled_model_asks_for_what_it_was_compiled_from(tmp_path: Path) -> None:
    for name, inside in (("a.mlmodelc", "model.mil"), ("b", "coremldata.bin")):
        (tmp_path / name).mkdir()
        (tmp_path / name / inside).write_bytes(b"x")
        message = refusal(tmp_path / name)
        assert message.startswith(f"{name}: expected a .mlmodel or .mlpackage, found a compiled model")
        assert "pass the file that it was compiled from" in message


@pytest.mark.parametrize("part", ["Manifest.json", "Data/com.apple.CoreML/weights/weight.bin"])
def test_a_file_of_a_package_asks_for_the_package(part: str, tmp_path: Path) -> None:
    file = tmp_path / "m.mlpackage" / part
    file.parent.mkdir(parents=True)
    file.write_bytes(b"{}")
    assert refusal(file) == f"{file.name}: expected the whole package, found a part of it; pass m.mlpackage."


def test_a_file_of_a_compiled_model_asks_for_what_it_was_compiled_from(tmp_path: Path) -> None:
    file = tmp_path / "a.mlmodelc" / "model" / "coremldata.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    assert refusal(file).endswith("pass the file that it was compiled from.")


def test_a_folder_with_a_model_asks_for_the_model(tmp_path: Path) -> None:
    folder = tmp_path / "result"
    folder.mkdir()
    assert refusal(folder) == "result: expected a Core ML package, found a folder without Manifest.json."
    with_bias().save(folder)
    assert refusal(folder).endswith("; pass result/made.mlmodel.")


def test_a_folder_of_a_package_asks_for_the_package(tmp_path: Path) -> None:
    inner = tmp_path / "m.mlpackage" / "Data" / "com.apple.CoreML"
    inner.mkdir(parents=True)
    assert refusal(inner).endswith("expected the whole package, found a part of it; pass m.mlpackage.")
