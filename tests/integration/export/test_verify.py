"""A delivered file that computes something else is caught; one that is right passes."""

import dataclasses
import shutil
import sys

import numpy as np
import pytest

from quickml.document import understand
from quickml.errors import CompileError, InputError, VerificationError
from quickml.model import TrainedModel
from untrained import plan_of, untrained

FORMATS = ("mlmodel", "mlpackage")
CNN = (
    {"type": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu", "name": "conv"},
    {"type": "MaxPooling2D"},
    {"type": "Flatten", "name": "flat"},
    {"type": "Dense", "units": 10, "activation": "softmax", "name": "out"},
)


@pytest.fixture(scope="module")
def cnn() -> TrainedModel:
    return untrained(plan_of(*CNN, dataset="digits"))


def check(trained: TrainedModel, written: TrainedModel, kind: str, folder):
    """Write one model, verify it against another."""
    from quickml.export.coreml.package import write
    from quickml.export.verify import verify

    weights = trained.plan.document.export.weights
    path = write(written, kind, folder, half=weights == "float16")
    return verify(path, trained.probe, trained.plan.info.labels, weights)


def with_weights(trained: TrainedModel, layer: str, **arrays) -> TrainedModel:
    changed = {**trained.weights, layer: {**trained.weights[layer], **arrays}}
    return dataclasses.replace(trained, weights=changed)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_right_file_passes(cnn, kind, tmp_path):
    parity = check(cnn, cnn, kind, tmp_path)
    assert parity.largest_difference < 1e-5
    assert parity.label_agreement == 1.0
    assert parity.accuracy == 1.0
    assert parity.samples >= 256


@pytest.mark.parametrize("kind", FORMATS)
def test_float16_passes_within_its_own_tolerance(kind, tmp_path):
    layers = ({"type": "Flatten"}, {"type": "Dense", "units": 200, "activation": "tanh"}, CNN[-1])
    trained = untrained(plan_of(*layers, dataset="digits", export={"weights": "float16"}))
    parity = check(trained, trained, kind, tmp_path)
    assert 1e-6 < parity.largest_difference < 2e-2, "rounded, and not by much"
    full = untrained(plan_of(*layers, dataset="digits"))
    (tmp_path / "full").mkdir()
    check(full, full, kind, tmp_path / "full")
    assert size(tmp_path / f"model.{kind}") < 0.6 * size(tmp_path / "full" / f"model.{kind}")


def test_answers_that_are_not_finite_in_float16_are_explained(cnn):
    from quickml.export.verify import judge

    answers = np.full_like(cnn.probe.expected, np.nan)
    with pytest.raises(VerificationError, match="float16 has no numbers above 65,504, use float32"):
        judge("model.mlpackage", answers, cnn.probe, cnn.plan.info.labels, "float16")


def size(path) -> int:
    return (
        path.stat().st_size
        if path.is_file()
        else sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    )


@pytest.mark.parametrize("layer", [
    {"type": "LayerNormalization", "axis": [1, 2, 3]}, {"type": "GroupNormalization", "groups": 1},
], ids=lambda layer: layer["type"])  # fmt: skip
@pytest.mark.parametrize("scale", [40.0, 1e-7])
def test_a_normalisation_of_large_or_small_numbers_holds_in_float16(layer, scale, tmp_path):
    """Squares of what is above 255 are infinite there, and of what is below 1e-4 nothing."""
    layers = ({"type": "Rescaling", "scale": scale}, layer, *CNN)
    trained = untrained(plan_of(*layers, dataset="mnist", export={"weights": "float16"}))
    assert check(trained, trained, "mlpackage", tmp_path).largest_difference < 1e-2


@pytest.mark.parametrize("kind", FORMATS)
def test_large_raw_features_keep_their_digits_in_float16(kind, tmp_path):
    """40,000 and 40,001 are the same number in float16; standardised they are not."""
    far = {"type": "Normalization", "mean": 40_000.0, "variance": 1.0, "name": "first"}
    layers = (far, {"type": "Dense", "units": 3, "activation": "softmax", "name": "out"})
    trained = untrained(plan_of(*layers, export={"weights": "float16"}))
    near = untrained(plan_of({**far, "mean": 0.0}, *layers[1:], export={"weights": "float16"}))
    probe = dataclasses.replace(near.probe, inputs=(near.probe.inputs + 40_000).astype(np.float32))
    exact = probe.inputs - np.float32(40_000)
    kernel, bias = near.weights["out"]["kernel"], near.weights["out"]["bias"]
    logits = exact @ kernel + bias
    expected = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = (expected / expected.sum(axis=1, keepdims=True)).astype(np.float32)
    probe = dataclasses.replace(probe, expected=expected, truth=expected.argmax(axis=1).astype(np.int32))
    written = dataclasses.replace(trained, weights=near.weights, probe=probe)
    assert check(written, written, kind, tmp_path).largest_difference < 1e-2


@pytest.mark.parametrize("kind", FORMATS)
def test_swapped_labels_are_caught(cnn, kind, tmp_path):
    right = cnn.plan.info.labels
    from quickml.export.coreml.package import write
    from quickml.export.verify import verify

    info = cnn.plan.info.model_copy(update={"labels": (right[1], right[0], *right[2:])})
    swapped = dataclasses.replace(cnn, plan=dataclasses.replace(cnn.plan, info=info))
    path = write(swapped, kind, tmp_path)
    with pytest.raises(VerificationError, match="expected the outputs of the trained model"):
        verify(path, cnn.probe, right, "float32")


@pytest.mark.parametrize("kind", FORMATS)
def test_other_labels_are_caught(cnn, kind, tmp_path):
    from quickml.export.coreml.package import write
    from quickml.export.verify import verify

    path = write(cnn, kind, tmp_path)
    with pytest.raises(VerificationError, match="labels"):
        verify(path, cnn.probe, tuple("abcdefghij"), "float32")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_missing_pixel_scale_is_caught(cnn, kind, tmp_path):
    unscaled = plan_of({"type": "Rescaling", "scale": 1.0, "name": "rescaling"}, *CNN, dataset="digits")
    with pytest.raises(VerificationError):
        check(cnn, dataclasses.replace(cnn, plan=unscaled), kind, tmp_path)


@pytest.mark.parametrize("kind", FORMATS)
def test_one_changed_weight_is_caught(cnn, kind, tmp_path):
    kernel = cnn.weights["conv"]["kernel"].copy()
    kernel[1, 2, 0, 3] += 0.05
    with pytest.raises(VerificationError) as caught:
        check(cnn, with_weights(cnn, "conv", kernel=kernel), kind, tmp_path)
    assert caught.value.figures["largest_difference"] > 1e-4


@pytest.mark.parametrize("kind", FORMATS)
def test_a_transposed_flatten_is_caught(cnn, kind, tmp_path):
    """Channels before rows and columns: what comes of forgetting that Core ML is channels first."""
    kernel = cnn.weights["out"]["kernel"]
    (height, width, channels) = next(n for n in cnn.plan.graph.nodes if n.name == "flat").input_shapes[0]
    wrong = kernel.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
    with pytest.raises(VerificationError):
        check(cnn, with_weights(cnn, "out", kernel=np.ascontiguousarray(wrong)), kind, tmp_path)


@pytest.mark.parametrize("kind", FORMATS)
def test_answers_that_are_no_numbers_are_caught(cnn, kind, tmp_path):
    bias = np.full_like(cnn.weights["out"]["bias"], np.nan)
    with pytest.raises((VerificationError, CompileError)):
        check(cnn, with_weights(cnn, "out", bias=bias), kind, tmp_path)


def test_a_file_changed_on_disk_is_caught(cnn, tmp_path):
    from quickml.export.coreml.package import write
    from quickml.export.verify import verify

    path = write(cnn, "mlpackage", tmp_path)
    (weights,) = path.rglob("weight.bin")
    content = bytearray(weights.read_bytes())
    content[-4:] = np.float32(3).tobytes()  # the last number of the last array
    weights.write_bytes(content)
    with pytest.raises(VerificationError):
        verify(path, cnn.probe, cnn.plan.info.labels, "float32")


@pytest.mark.parametrize("kind", FORMATS)
def test_two_classes_by_one_sigmoid(kind, tmp_path):
    layers = (
        {"type": "Dense", "units": 4, "activation": "tanh"},
        {"type": "Dense", "units": 1, "activation": "sigmoid"},
    )
    trained = untrained(plan_of(*layers, dataset="circles"))
    assert check(trained, trained, kind, tmp_path).label_agreement == 1.0


@pytest.mark.parametrize("kind", FORMATS)
def test_a_regression(kind, tmp_path):
    trained = untrained(plan_of({"type": "Dense", "units": 1}, dataset="diabetes"))
    parity = check(trained, trained, kind, tmp_path)
    assert parity.label_agreement is None
    shutil.rmtree(tmp_path / f"model.{kind}", ignore_errors=True)
    shifted = with_weights(trained, "dense", bias=trained.weights["dense"]["bias"] + 0.1)
    with pytest.raises(VerificationError):
        check(trained, shifted, kind, tmp_path)


def test_the_same_model_gives_the_same_bytes(cnn, tmp_path):
    from quickml import results
    from quickml.export.coreml.package import write

    rows = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        rows.append([results.described(write(cnn, kind, tmp_path / name)) for kind in FORMATS])
    assert rows[0] == rows[1]


def test_what_the_file_says_about_itself(cnn, tmp_path):
    from quickml.export.coreml.package import write
    from quickml.export.coreml.reading.describe import describe
    from quickml.export.coreml.reading.files import read

    for kind, ios in (("mlmodel", "13"), ("mlpackage", "15")):
        description = describe(read(write(cnn, kind, tmp_path)))
        assert description.minimum_ios == ios
        assert [item.name for item in description.inputs] == ["image"]
        assert {item.name for item in description.outputs} == {"label", "probabilities"}
        assert description.labels == cnn.plan.info.labels
        assert "Accuracy on 256 test samples: 100.00%" in description.short_description
        assert description.user_defined["com.apple.coreml.model.preview.type"] == "imageClassifier"
        assert understand_again(description.user_defined["quickml.document"]) == cnn.plan.document


def test_a_file_with_smaller_weights_says_whose_accuracy_it_tells():
    from quickml.export.coreml.package import short_description

    trained = untrained(plan_of(*CNN, dataset="digits", export={"weights": "int8"}))
    assert "Accuracy on 256 test samples, with float32 weights: 100.00%" in short_description(trained)


def understand_again(text):
    import json

    return understand(json.loads(text)).document


def test_the_minimum_ios_asked_for(tmp_path):
    from quickml.export.coreml.package import write
    from quickml.export.coreml.reading.describe import describe
    from quickml.export.coreml.reading.files import read

    trained = untrained(
        plan_of(*CNN, dataset="digits", export={"minimum_ios": 17, "author": "A", "license": "L"})
    )
    description = describe(read(write(trained, "mlpackage", tmp_path)))
    assert (description.minimum_ios, description.author, description.license) == ("17", "A", "L")
    newer = describe(read(write(trained, "mlpackage", tmp_path / "newer", ios=27)))
    assert newer.minimum_ios == "26", "the newest that coremltools writes for"


@pytest.mark.skipif(sys.platform != "darwin", reason="xcrun coremlcompiler exists on macOS only")
def test_xcode_compiles_the_file(cnn, tmp_path):
    from quickml.export.coreml.package import compile_for_device, write

    compiled = compile_for_device(write(cnn, "mlpackage", tmp_path), tmp_path)
    assert compiled.name == "model.mlmodelc"
    assert compiled.is_dir()


def test_elsewhere_the_phone_compiles(cnn, monkeypatch):
    from quickml.export import compile as compiling

    monkeypatch.setattr(sys, "platform", "linux")
    assert compiling.skipped(cnn.plan) == {}, "nobody asked for it"
    compiling.check(cnn.plan)


@pytest.mark.parametrize("kind", FORMATS)
def test_tokens_are_whole_numbers(kind, tmp_path):
    from quickml.export.coreml.package import write
    from quickml.export.runtime import Runtime

    layers = (
        {"type": "Embedding", "input_dim": 4, "output_dim": 3},
        {"type": "GlobalAveragePooling1D"},
        {"type": "Dense", "units": 2, "activation": "softmax"},
    )
    trained = untrained(plan_of(*layers, dataset="brackets"))
    runtime = Runtime.load(write(trained, kind, tmp_path))
    tokens = trained.probe.inputs[0].astype(np.float32)
    runtime.run({"tokens": tokens})
    with pytest.raises(InputError, match=r"expects whole numbers, found 1\.5"):
        runtime.run({"tokens": np.where(np.arange(tokens.size) == 3, 1.5, tokens)})
