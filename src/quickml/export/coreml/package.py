"""Write a trained model as `model.mlmodel` or `model.mlpackage`, with names, labels and metadata."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from quickml.datasets.info import DatasetInfo
from quickml.document.shapes import Graph
from quickml.errors import CompileError
from quickml.export.coreml.conversion import convert, quiet, target_of
from quickml.export.coreml.emit import emit
from quickml.export.coreml.emit.normalization import FIRST
from quickml.export.coreml.emit.program import FLAT, ROW, input_shape, network_shape
from quickml.export.coreml.input_names import input_names
from quickml.export.coreml.library import coremltools
from quickml.export.coreml.pipeline import INNER, wrapped
from quickml.export.coreml.reading.columns import LABELS
from quickml.export.coreml.sequences import finished
from quickml.model import TrainedModel

LABEL, PROBABILITIES, PREDICTION = "label", "probabilities", "prediction"
"""The names of the outputs that apps use: a classifier has a label and the probabilities of all labels, a
regression has a prediction. The input is named after the dataset's kind, those of tables and recordings after
their columns."""

MESSAGE = Path("Data", "com.apple.CoreML", "model.mlmodel")
"""The path of the protobuf message in a package."""


def write(
    trained: TrainedModel, kind: str, folder: Path, *, half: bool = False, ios: int | None = None
) -> Path:
    """Emit, convert, describe and save one format as `model.<kind>` in `folder`.

    Args:
        trained: the model.
        kind: `mlmodel` or `mlpackage`.
        folder: the folder to write to.
        half: write float16 weights instead of float32. All other forms are made by `compress` from the
            float32 file.
        ios: the oldest system that must read a package; by default the document's `minimum_ios`.

    Raises:
        CompileError: a layer cannot be written.
    """
    with quiet():
        target = target_of(kind, ios or trained.plan.document.export.minimum_ios)
        model = _convert(trained, kind, target, half=half)
        return save(_described(trained, model, kind), model.weights_dir, folder / f"model.{kind}")


def save(description: Any, weights: str | None, path: Path) -> Path:
    """Save a finished model reproducibly as a file or a package; `weights` is the folder with its weights."""
    if path.suffix == ".mlmodel":
        path.write_bytes(_bytes(description))
    else:
        ct = coremltools()
        ct.models.MLModel(description, weights_dir=weights, skip_model_load=True).save(str(path))
        _make_reproducible(path, description)
    return path


def compile_for_device(path: Path, folder: Path) -> Path:
    """Compile a file to `model.mlmodelc` with Xcode's `coremlcompiler`, on macOS.

    Raises:
        CompileError: the compiler reports an error.
    """
    command = ["xcrun", "coremlcompiler", "compile", str(path), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise CompileError(f"coremlcompiler could not compile {path.name}: {done.stderr.strip()[-500:]}")
    return folder / f"{path.stem}.mlmodelc"


def _convert(trained: TrainedModel, kind: str, target: Any, *, half: bool) -> Any:
    ct, plan = coremltools(), trained.plan
    program = emit(
        plan.graph,
        trained.weights,
        input_names=network_inputs(plan.info),
        opset=target,
        kind=plan.info.kind,
        both=plan.is_binary,
        by_name=bool(plan.info.columns),
        flat=bool(plan.info.columns) and not plan.info.labels,
    )
    arguments: dict[str, Any] = {"inputs": _input_types(plan.info)}
    if plan.info.labels:
        arguments["classifier_config"] = ct.ClassifierConfig(list(plan.info.labels), LABEL)
    if half and kind == "mlpackage":
        arguments["compute_precision"] = ct.transform.FP16ComputePrecision(
            op_selector=_may_be_half(plan.graph)
        )
    model = convert(program, kind, target, **arguments)
    if half and kind == "mlmodel":
        model = _halved(model, plan.graph)
    return model


def _halved(network: Any, graph: Graph) -> Any:
    """A neural network with float16 weights; what scales raw features keeps its numbers: a mean may be larger
    than 65,504, and a scale smaller than float16 can hold."""
    utils = coremltools().models.neural_network.quantization_utils
    raw = "|".join(re.escape(node.name) for node in graph.nodes if node.layer.scales_raw)
    scaling = re.compile(rf"(?:{raw or '(?!)'})(?:{FIRST})?(?:_[xy]_[0-9]+)?")

    class Selector(utils.QuantizedLayerSelector):  # type: ignore[name-defined, misc]  # not typed
        def do_quantize(self, layer: Any, **_: Any) -> bool:
            return super().do_quantize(layer) and not scaling.fullmatch(layer.name)

    return utils.quantize_weights(network, nbits=16, selector=Selector())


def _may_be_half(graph: Graph) -> Callable[[Any], bool]:
    """Select the operations that may compute in float16: all except those that scale or pass raw values."""
    raw = {ROW, FLAT, *(n.name for n in graph.nodes if n.layer.scales_raw)}
    return lambda operation: (
        operation.name.removesuffix(FIRST) not in raw and not operation.name.startswith(f"{ROW}_")
    )


def network_inputs(info: DatasetInfo) -> tuple[str, ...]:
    """The names of a network's inputs: that of its kind, or one for each column of recordings."""
    is_recorded = info.kind == "sequence" and info.columns
    return input_names([column.name for column in info.columns]) if is_recorded else (info.kind,)


def _input_types(info: DatasetInfo) -> list[Any]:
    ct = coremltools()
    names = network_inputs(info)
    shape = network_shape(info.kind, info.shape, by_name=bool(info.columns))
    if not info.is_image:
        dtype = np.int32 if info.kind == "tokens" else np.float32
        return [ct.TensorType(name=name, shape=shape, dtype=dtype) for name in names]
    layouts = {1: ct.colorlayout.GRAYSCALE, 3: ct.colorlayout.RGB}
    return [ct.ImageType(name=name, shape=shape, color_layout=layouts[shape[1]]) for name in names]


def _described(trained: TrainedModel, model: Any, kind: str) -> Any:
    """The protobuf message with QuickML's output names, labels and metadata."""
    ct = coremltools()
    description = model.get_spec()
    info, labels = trained.plan.info, trained.plan.info.labels
    if labels:
        old = description.description.predictedProbabilitiesName
        ct.utils.rename_feature(description, old, PROBABILITIES)
    else:
        output = description.description.output[0]
        ct.utils.rename_feature(description, output.name, INNER if info.columns else PREDICTION)
        if info.columns:  # in a neural network, coremltools declares no shape
            output.type.multiArrayType.shape[:] = [info.outputs]
    _check_labels(description, len(labels))
    _set_input_type(description.description.input[0].type.multiArrayType, info, kind)
    fill_metadata(trained, description.description)
    if not info.columns:
        return description
    finish = finished if info.kind == "sequence" else wrapped
    return finish(description, info, PREDICTION)


def _set_input_type(array: Any, info: DatasetInfo, kind: str) -> None:
    """Set the type of numbers; coremltools declares every input of a neural network as float32."""
    if info.kind == "tokens":
        array.dataType = array.INT32
    elif info.kind == "features" and info.columns and kind == "mlmodel":
        # What the parts before it give; an ML program takes no doubles, so there they are declared as floats.
        array.dataType = array.DOUBLE


def _check_labels(description: Any, expected: int) -> None:
    """Check the number of labels, which coremltools does not check for neural networks."""
    if description.WhichOneof("Type") == "neuralNetworkClassifier":
        found = len(description.neuralNetworkClassifier.stringClassLabels.vector)
        if found != expected:
            raise CompileError(f"expected {expected} class labels in the file, found {found}")


def fill_metadata(trained: TrainedModel, description: Any) -> None:
    """Fill in the metadata of a `ModelDescription` and the descriptions of its input and outputs."""
    spec, dataset = trained.plan.document, trained.plan.info
    meta = description.metadata
    meta.author = spec.export.author or "QuickML"
    meta.license = spec.export.license
    meta.versionString = "1.0"
    meta.shortDescription = short_description(trained)
    meta.userDefined.pop("com.github.apple.coremltools.conversion_date", None)  # for reproducible files
    meta.userDefined["quickml.document"] = trained.plan.public_json()
    meta.userDefined["quickml.training"] = json.dumps(training_facts(trained), sort_keys=True)
    if dataset.is_multi_label:
        meta.userDefined[LABELS] = json.dumps(dataset.target_names, ensure_ascii=False)
    if dataset.is_image and dataset.labels:
        meta.userDefined["com.apple.coreml.model.preview.type"] = "imageClassifier"
    description.input[0].shortDescription = input_description(trained)
    about = output_descriptions(trained)
    for output in description.output:
        output.shortDescription = about.get(output.name, "")


def training_facts(trained: TrainedModel) -> dict[str, object]:
    """The facts about the training that are stored in the metadata."""
    training = trained.plan.document.training
    return {
        "epochs": len(trained.history),
        "batch_size": training.batch_size,
        "optimizer": training.optimizer.type,
        "seed": training.seed,
        "precision": trained.precision,
        "train_samples": trained.train_samples,
        "metrics": {k: round(v, 6) for k, v in trained.metrics.items()},
    }


def output_descriptions(trained: TrainedModel) -> dict[str, str]:
    """The description of each output, by name."""
    info = trained.plan.info
    predicted = info.target_name or "The predicted value"
    if info.target_names:
        what = "The probabilities of" if info.is_multi_label else "In this order:"
        predicted = f"{what} {', '.join(info.target_names)}"
    return {
        LABEL: "The most probable class",
        PROBABILITIES: "The probability of each class",
        PREDICTION: predicted,
        INNER: predicted,
    }


def short_description(trained: TrainedModel) -> str:
    """The model's origin and quality, in one or two sentences."""
    spec, metrics = trained.plan.document, trained.metrics
    when = "" if spec.export.weights == "float32" else ", with float32 weights"
    parts = [spec.export.description or f"{spec.name}: learned from {trained.plan.info.title} with QuickML."]
    if "accuracy" in metrics and trained.plan.info.is_multi_label:
        parts.append(f"Share of right labels on test samples{when}: {metrics['accuracy']:.2%}.")
    elif "accuracy" in metrics:
        count = len(trained.predictions)
        samples = f"{count:,} test sample{'' if count == 1 else 's'}"
        parts.append(f"Accuracy on {samples}{when}: {metrics['accuracy']:.2%}.")
    elif "mean_absolute_error" in metrics:
        parts.append(f"Mean absolute error on test samples{when}: {metrics['mean_absolute_error']:.4g}.")
    return " ".join(parts)


def input_description(trained: TrainedModel) -> str:
    """The description of the input: the kind and the order of its raw values."""
    dataset = trained.plan.info
    if dataset.is_image:
        _, channels, height, width = input_shape(dataset.kind, dataset.shape)
        colour = "grey" if channels == 1 else "RGB"
        return f"A {colour} picture of {width} x {height} raw pixels, 0 to 255"
    if dataset.kind == "tokens":
        if all(meaning == str(token) for token, meaning in enumerate(dataset.vocabulary)):
            return f"{dataset.shape[0]} tokens, whole numbers from 0 to {len(dataset.vocabulary) - 1}"
        tokens = ", ".join(f"{token} is {meaning}" for token, meaning in enumerate(dataset.vocabulary))
        return f"{dataset.shape[0]} tokens: {tokens}"
    names = ", ".join(dataset.feature_names)
    values = f"Raw values of: {names}" if names else f"{dataset.shape[-1]} raw values"
    if dataset.kind == "features":
        return values
    return f"{values}; for each of {dataset.shape[0]} steps{f', {dataset.rate}' if dataset.rate else ''}"


def _bytes(description: Any) -> bytes:
    """Serialize reproducibly: the metadata is a map, which protobuf otherwise writes in arbitrary order."""
    content: bytes = description.SerializeToString(deterministic=True)
    return content


def _make_reproducible(package: Path, description: Any) -> None:
    """Replace the random UUIDs that coremltools gives a package's items by ones derived from their paths."""
    (package / MESSAGE).write_bytes(_bytes(description))
    manifest = package / "Manifest.json"
    content = json.loads(manifest.read_text())
    names = {
        key: str(uuid.uuid5(uuid.NAMESPACE_URL, f"quickml:{entry['path']}")).upper()
        for key, entry in content["itemInfoEntries"].items()
    }
    content["itemInfoEntries"] = {names[key]: entry for key, entry in content["itemInfoEntries"].items()}
    content["rootModelIdentifier"] = names[content["rootModelIdentifier"]]
    manifest.write_text(json.dumps(content, indent=2, sort_keys=True))
