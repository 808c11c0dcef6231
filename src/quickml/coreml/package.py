"""A trained model → model.mlmodel and model.mlpackage, named, labelled and described."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quickml.coreml.conversion import convert, quiet, target_of
from quickml.coreml.emit import emit
from quickml.coreml.emit.normalization import FIRST
from quickml.coreml.emit.program import core_ml_shape
from quickml.coreml.library import coremltools
from quickml.errors import CompileError
from quickml.spec.export import Format
from quickml.spec.layers.preprocessing import Normalization, Rescaling
from quickml.spec.shapes import Graph
from quickml.training.trained import Trained

IMAGE, FEATURES = "image", "features"
LABEL, PROBABILITIES, PREDICTION = "label", "probabilities", "prediction"
"""The names an app meets: a classifier answers with a label and a probability for each, a regression with
a prediction."""

NO_MLMODELC = "compiled on macOS only (xcrun coremlcompiler); elsewhere the phone compiles"


def write(trained: Trained, kind: Format, folder: Path) -> Path:
    """Emit, convert, describe and save one format as `model.<kind>` in `folder`.

    Raises:
        CompileError: a layer that cannot be written.
    """
    path = folder / f"model.{kind}"
    with quiet():
        model = _convert(trained, kind)
        description = _described(trained, model)
        if kind == "mlmodel":
            path.write_bytes(_bytes(description))
        else:
            weights = model.weights_dir
            coremltools().models.MLModel(description, weights_dir=weights, skip_model_load=True).save(
                str(path)
            )
            _make_reproducible(path, description)
    return path


def compile_for_device(path: Path, folder: Path) -> Path | None:
    """On macOS, `model.mlmodelc` made by Xcode's own compiler; None elsewhere.

    Raises:
        CompileError: the compiler refuses the file.
    """
    if sys.platform != "darwin" or shutil.which("xcrun") is None:
        return None
    command = ["xcrun", "coremlcompiler", "compile", str(path), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise CompileError(f"coremlcompiler refused {path.name}: {done.stderr.strip()[-500:]}")
    return folder / f"{path.stem}.mlmodelc"


def _convert(trained: Trained, kind: Format) -> Any:
    ct = coremltools()
    plan, export = trained.plan, trained.plan.spec.export
    target = target_of(kind, export.minimum_ios)
    program = emit(
        plan.graph, trained.weights, input_name=_input_name(trained), opset=target, both=plan.is_binary
    )
    arguments: dict[str, Any] = {"inputs": [_input_type(trained)]}
    if plan.dataset.labels:
        arguments["classifier_config"] = ct.ClassifierConfig(list(plan.dataset.labels), LABEL)
    half = export.weights == "float16"
    if half and kind == "mlpackage":
        arguments["compute_precision"] = ct.transform.FP16ComputePrecision(
            op_selector=_may_be_half(plan.graph)
        )
    model = convert(program, kind, target, **arguments)
    if half and kind == "mlmodel":
        model = ct.models.neural_network.quantization_utils.quantize_weights(model, nbits=16)
    return model


def _may_be_half(graph: Graph) -> Callable[[Any], bool]:
    """Which operations may compute in float16: not those that see raw features."""
    raw = {n.name for n in graph.nodes if isinstance(n.layer, Normalization | Rescaling)}
    return lambda operation: operation.name.removesuffix(FIRST) not in raw


def _input_name(trained: Trained) -> str:
    return IMAGE if trained.plan.dataset.is_image else FEATURES


def _input_type(trained: Trained) -> Any:
    ct = coremltools()
    shape = core_ml_shape(trained.plan.graph.input_shape)
    if not trained.plan.dataset.is_image:
        return ct.TensorType(name=FEATURES, shape=shape)
    layouts = {1: ct.colorlayout.GRAYSCALE, 3: ct.colorlayout.RGB}
    return ct.ImageType(name=IMAGE, shape=shape, color_layout=layouts[shape[1]])


def _described(trained: Trained, model: Any) -> Any:
    """The protobuf with names that we choose and all that the file says about itself."""
    ct = coremltools()
    description = model.get_spec()
    labels = trained.plan.dataset.labels
    if labels:
        old = description.description.predictedProbabilitiesName
        ct.utils.rename_feature(description, old, PROBABILITIES)
    else:
        ct.utils.rename_feature(description, description.description.output[0].name, PREDICTION)
    _check_labels(description, len(labels))
    _fill_metadata(trained, description.description)
    return description


def _check_labels(description: Any, expected: int) -> None:
    """A wrong count of labels passes coremltools silently for neural networks."""
    if description.WhichOneof("Type") == "neuralNetworkClassifier":
        found = len(description.neuralNetworkClassifier.stringClassLabels.vector)
        if found != expected:
            raise CompileError(f"expected {expected} class labels in the file, found {found}")


def _fill_metadata(trained: Trained, description: Any) -> None:
    spec, dataset = trained.plan.spec, trained.plan.dataset
    meta = description.metadata
    meta.author = spec.export.author or "QuickML"
    meta.license = spec.export.license
    meta.versionString = "1.0"
    meta.shortDescription = _short_description(trained)
    facts = {
        "epochs": len(trained.history),
        "batch_size": spec.training.batch_size,
        "optimizer": spec.training.optimizer.type,
        "seed": spec.training.seed,
        "precision": trained.precision,
        "train_samples": trained.train_samples,
        "metrics": {k: round(v, 6) for k, v in trained.metrics.items()},
    }
    meta.userDefined.pop("com.github.apple.coremltools.conversion_date", None)  # same model, same bytes
    meta.userDefined["quickml.spec"] = spec.model_dump_json(exclude_none=True)
    meta.userDefined["quickml.training"] = json.dumps(facts, sort_keys=True)
    if dataset.is_image and dataset.labels:
        meta.userDefined["com.apple.coreml.model.preview.type"] = "imageClassifier"
    description.input[0].shortDescription = _input_description(trained)
    about = {
        LABEL: "The most probable class",
        PROBABILITIES: "The probability of each class",
        PREDICTION: dataset.target_name or "The predicted value",
    }
    for output in description.output:
        output.shortDescription = about.get(output.name, "")


def _short_description(trained: Trained) -> str:
    spec, metrics = trained.plan.spec, trained.metrics
    parts = [
        spec.export.description or f"{spec.name}: learned from {trained.plan.dataset.title} with QuickML."
    ]
    if "accuracy" in metrics:
        parts.append(f"Accuracy on {len(trained.predictions):,} test samples: {metrics['accuracy']:.2%}.")
    elif "mean_absolute_error" in metrics:
        parts.append(f"Mean absolute error on test samples: {metrics['mean_absolute_error']:.4g}.")
    return " ".join(parts)


def _input_description(trained: Trained) -> str:
    dataset = trained.plan.dataset
    if dataset.is_image:
        height, width, channels = dataset.shape
        colour = "grey" if channels == 1 else "RGB"
        return f"A {colour} picture of {width} x {height} raw pixels, 0 to 255"
    return "Raw values of: " + ", ".join(dataset.feature_names)


def _bytes(description: Any) -> bytes:
    """The same bytes for the same content: the metadata is a map, which protobuf writes in any order."""
    content: bytes = description.SerializeToString(deterministic=True)
    return content


def _make_reproducible(package: Path, description: Any) -> None:
    """coremltools names the package's items by random UUIDs; ours follow from the items' paths."""
    (package / "Data" / "com.apple.CoreML" / "model.mlmodel").write_bytes(_bytes(description))
    manifest = package / "Manifest.json"
    content = json.loads(manifest.read_text())
    names = {
        key: str(uuid.uuid5(uuid.NAMESPACE_URL, f"quickml:{entry['path']}")).upper()
        for key, entry in content["itemInfoEntries"].items()
    }
    content["itemInfoEntries"] = {names[key]: entry for key, entry in content["itemInfoEntries"].items()}
    content["rootModelIdentifier"] = names[content["rootModelIdentifier"]]
    with tempfile.NamedTemporaryFile("w", dir=package, delete=False) as stream:
        stream.write(json.dumps(content, indent=2, sort_keys=True))
    Path(stream.name).chmod(0o644)
    Path(stream.name).replace(manifest)
