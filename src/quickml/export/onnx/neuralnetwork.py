"""Translate a neural network: the layers of Apple's `NeuralNetwork.proto`, in order, as an ONNX graph.

Values have the same ranks as in Core ML. With the older mapping (`RANK5`, the default for files up to iOS 12)
they are (sequence, batch, channel, height, width); with the exact mapping they have the shapes that the
description declares, and images are (1, C, H, W).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading.files import CoreMLFile
from quickml.export.onnx import arrays, features
from quickml.export.onnx.features import InputSpec
from quickml.export.onnx.graph import DAMAGE, OnnxGraph, Tensor
from quickml.export.onnx.network import Network, checked_labels
from quickml.export.onnx.nn_layers import LAYERS, NetworkLayer

TYPES = ("neuralNetwork", "neuralNetworkClassifier", "neuralNetworkRegressor")
_RANK5_ARRAYS, _RANK5_IMAGES = 0, 0  # NeuralNetworkMultiArrayShapeMapping, NeuralNetworkImageShapeMapping


def read(file: CoreMLFile, g: OnnxGraph, given: Mapping[str, Tensor] | None = None) -> Network:
    """Add the file's network to a graph. In a pipeline, `given` are the values of the earlier parts."""
    description, network = file.model.description, getattr(file.model, file.type)
    specs = features.inputs(description)
    first_image = next((spec.name for spec in specs if spec.kind == "image"), "")
    values = {spec.name: _fed(g, spec, network, first_image, given) for spec in specs}
    last = ""
    for message in network.layers:
        for name, tensor in zip(message.output, _run(g, message, values), strict=True):
            values[name] = tensor
            last = name
    outputs = {
        feature.name: _shaped(g, _value(values, feature.name, "output"), feature, network)
        for feature in description.output
        if feature.type.WhichOneof("Type") in ("multiArrayType", "imageType")
        or (file.type == "neuralNetworkRegressor" and feature.type.WhichOneof("Type") == "doubleType")
    }
    labels, probabilities = None, None
    if file.type == "neuralNetworkClassifier":
        labels = features.labels(network)
        probabilities = description.predictedProbabilitiesName or "probabilities"
        scores = _value(values, _scores(network, probabilities, values, last), "output")
        checked_labels(labels, scores)
        outputs[probabilities] = arrays.reshape(g, scores, (1, scores.size))
    if not outputs:
        raise UnsupportedModelError("the network has no output that can be run here")
    return Network(
        inputs=tuple(specs), outputs=outputs, values=values, labels=labels, probabilities=probabilities
    )


def _scores(network: Any, described: str, values: dict[str, Tensor], last: str) -> str:
    """The name of the value with a classifier's probabilities: the blob that the file names, or the output,
    or the last value."""
    if network.labelProbabilityLayerName:
        return str(network.labelProbabilityLayerName)
    return described if described in values else last


def _run(g: OnnxGraph, message: Any, values: dict[str, Tensor]) -> Sequence[Tensor]:
    kind = message.WhichOneof("layer")
    where = f"the layer {message.name!r} ({kind or 'unknown type'})"
    if kind not in LAYERS:
        raise UnsupportedModelError(f"{where} cannot be run here")
    try:
        layer = NetworkLayer(
            kind=kind,
            params=getattr(message, kind),
            inputs=tuple(_value(values, name, "input") for name in message.input),
            outputs=len(message.output),
        )
        result = LAYERS[kind](g, layer)
        tensors = (result,) if isinstance(result, Tensor) else tuple(result)
        if len(tensors) < len(message.output):
            raise CoreMLFileError(f"expected at most {len(tensors)} outputs, found {len(message.output)}")
        return tensors[: len(message.output)]
    except CoreMLFileError as error:
        raise type(error)(f"{where}: {error}") from error
    except DAMAGE as error:
        raise CoreMLFileError(f"{where} is damaged: {error}") from error


def _value(values: dict[str, Tensor], name: str, role: str) -> Tensor:
    if name not in values:
        raise CoreMLFileError(f"no layer computes the {role} {name!r}")
    return values[name]


def _fed(
    g: OnnxGraph, spec: InputSpec, network: Any, first_image: str, given: Mapping[str, Tensor] | None
) -> Tensor:
    x = arrays.cast(g, features.graph_input(g, spec, given), "float32")
    if spec.kind == "image":
        planes = _preprocessed(g, features.image_tensor(g, x, spec), spec, _steps(spec, network, first_image))
        if network.imageInputShapeMapping == _RANK5_IMAGES:
            return arrays.reshape(g, planes, (1, *planes.shape))
        return planes
    if network.arrayInputShapeMapping == _RANK5_ARRAYS:
        return arrays.reshape(g, x, _rank5(x.shape))
    return x


def _rank5(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape in five axes. The format allows (C,) and (C, H, W), optionally after a sequence axis."""
    if len(shape) == 1:
        return (1, 1, shape[0], 1, 1)
    if len(shape) == 2:
        return (shape[0], 1, shape[1], 1, 1)
    if len(shape) == 3:
        return (1, 1, *shape)
    if len(shape) == 4:
        return (shape[0], 1, *shape[1:])
    return shape


def _preprocessed(g: OnnxGraph, x: Tensor, spec: InputSpec, steps: Sequence[Any]) -> Tensor:
    for step in steps:
        if step.WhichOneof("preprocessor") == "scaler":
            x = _scaled(g, x, spec, step.scaler)
        elif step.WhichOneof("preprocessor") == "meanImage":
            mean = np.asarray(step.meanImage.meanImage, dtype=np.float32)
            if mean.size != x.size:
                raise CoreMLFileError(f"the mean image: expected {x.size} numbers, found {mean.size}")
            x = g.op("Sub", x, mean.reshape(x.shape))
    return x


def _steps(spec: InputSpec, network: Any, first: str) -> list[Any]:
    """The preprocessing steps of an input. A step without a name, as in most older files, is for the first
    image."""
    return [step for step in network.preprocessing if (step.featureName or first) == spec.name]


def _scaled(g: OnnxGraph, x: Tensor, spec: InputSpec, scaler: Any) -> Tensor:
    # protobuf reads a missing scale as 0, which would set every pixel to the bias.
    scale = float(scaler.channelScale) or 1.0
    bias = {
        "RGB": (scaler.redBias, scaler.greenBias, scaler.blueBias),
        "BGR": (scaler.blueBias, scaler.greenBias, scaler.redBias),
    }.get(spec.color, (scaler.grayBias,))
    shift = np.asarray(bias, dtype=np.float32).reshape(1, -1, 1, 1)
    return g.op("Add", g.op("Mul", x, scale), shift)


def _shaped(g: OnnxGraph, x: Tensor, feature: Any, network: Any) -> Tensor:
    """Reshape an output to its declared shape; without one, remove the axes that the older mapping added."""
    if network.arrayInputShapeMapping != _RANK5_ARRAYS or x.rank != 5:
        return x
    declared = tuple(int(size) for size in feature.type.multiArrayType.shape)
    if declared and np.prod(declared) == x.size:
        return arrays.reshape(g, x, declared)
    shape = x.shape[2:] if x.shape[:2] == (1, 1) else x.shape
    return arrays.reshape(g, x, shape[:-2] if shape[-2:] == (1, 1) else shape)
