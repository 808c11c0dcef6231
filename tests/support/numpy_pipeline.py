"""A second execution of a table's file, in plain numpy, from the protobuf messages as coremltools knows them.

It shares nothing with `quickml.export`: neither its reader nor its translation. It knows the parts, layers and
operations of dense networks only.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from coremltools.proto import Model_pb2

Values = dict[str, Any]


def execute(path: Path, rows: Sequence[Mapping[str, Any]]) -> list[Values]:
    """The outputs for rows whose values have the names and types of the file's inputs."""
    package = path.is_dir()
    folder = path / "Data" / "com.apple.CoreML"
    model = Model_pb2.Model()
    model.ParseFromString((folder / "model.mlmodel" if package else path).read_bytes())
    return [_pipeline(model, dict(row), folder / "weights" / "weight.bin") for row in rows]


def parts_of(model: Any) -> Any:
    kind = model.WhichOneof("Type")
    return model.pipeline if kind == "pipeline" else getattr(model, kind).pipeline


def _pipeline(model: Any, values: Values, weights: Path) -> Values:
    assert set(values) == {feature.name for feature in model.description.input}
    for feature in model.description.input:
        expected = {"doubleType": float, "int64Type": int, "stringType": str}[feature.type.WhichOneof("Type")]
        assert type(values[feature.name]) is expected, feature.name
    for part in parts_of(model).models:
        kind = part.WhichOneof("Type")
        given = {one.name: values[one.name] for one in part.description.input}
        run = {"neuralNetwork": _network, "neuralNetworkClassifier": _network, "mlProgram": _program}.get(
            kind
        )
        values |= (
            run(part, given, weights) if run else {part.description.output[0].name: _PARTS[kind](part, given)}
        )
    return {one.name: values[one.name] for one in model.description.output}


def _imputer(part: Any, given: Values) -> float:
    (value,) = given.values()
    assert math.isnan(part.imputer.replaceDoubleValue)
    return part.imputer.imputedDoubleValue if math.isnan(value) else value


def _one_hot(part: Any, given: Values) -> np.ndarray:
    (value,) = given.values()
    encoder = part.oneHotEncoder
    known = list(getattr(encoder, encoder.WhichOneof("CategoryType")).vector)
    assert encoder.handleUnknown == encoder.IgnoreUnknown
    assert not encoder.outputSparse
    return np.asarray([float(value == one) for one in known])


def _vectorizer(part: Any, given: Values) -> np.ndarray:
    pieces = []
    for column in part.featureVectorizer.inputList:
        piece = np.atleast_1d(np.asarray(given[column.inputColumn], np.float64))
        assert len(piece) == column.inputDimensions
        pieces.append(piece)
    return np.concatenate(pieces).astype(np.float32)


def _extractor(part: Any, given: Values) -> float:
    (value,) = given.values()
    (index,) = part.arrayFeatureExtractor.extractIndex
    return float(value.reshape(-1)[index])


_PARTS = {
    "imputer": _imputer,
    "oneHotEncoder": _one_hot,
    "featureVectorizer": _vectorizer,
    "arrayFeatureExtractor": _extractor,
}


def _softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _weights(params: Any, *shape: int) -> np.ndarray:
    halves = np.frombuffer(params.float16Value, np.float16).astype(np.float32)
    return np.asarray(params.floatValue if len(params.floatValue) else halves, np.float32).reshape(shape)


def _network(part: Any, values: Values, _weights_file: Path) -> Values:
    network = getattr(part, part.WhichOneof("Type"))
    for layer in network.layers:
        kind, x = layer.WhichOneof("layer"), [values[name] for name in layer.input]
        params = getattr(layer, kind)
        if kind == "reshapeStatic":
            y = x[0].reshape(params.targetShape)
        elif kind == "loadConstantND":
            y = _weights(params.data, *params.shape)
        elif kind == "innerProduct":
            y = x[0] @ _weights(params.weights, params.outputChannels, params.inputChannels).T
            y = y + _weights(params.bias, params.outputChannels) if params.hasBias else y
        elif kind == "activation":
            y = _activated(params, x[0])
        elif kind in ("add", "multiply"):
            y = _combined(kind, params, x)
        elif kind == "softmaxND":
            y = _softmax(x[0])
        else:
            raise AssertionError(kind)
        values[layer.output[0]] = y
    if part.WhichOneof("Type") == "neuralNetworkClassifier":
        labels = list(network.stringClassLabels.vector)
        return _classified(
            part,
            labels,
            values[network.labelProbabilityLayerName or part.description.predictedProbabilitiesName],
        )
    return {one.name: values[one.name] for one in part.description.output}


def _activated(params: Any, x: np.ndarray) -> np.ndarray:
    kind = params.WhichOneof("NonlinearityType")
    if kind == "ReLU":
        return np.maximum(x, 0)
    if kind == "sigmoid":
        return 1 / (1 + np.exp(-x))
    assert kind == "linear", kind
    return params.linear.alpha * x + params.linear.beta


def _combined(kind: str, params: Any, x: Sequence[np.ndarray]) -> np.ndarray:
    if len(x) == 1:
        return x[0] + params.alpha if kind == "add" else x[0] * params.alpha
    return x[0] + x[1] if kind == "add" else x[0] * x[1]


def _classified(part: Any, labels: list[str], shares: np.ndarray) -> Values:
    shares = shares.reshape(-1)
    return {
        part.description.predictedFeatureName: labels[int(shares.argmax())],
        part.description.predictedProbabilitiesName: dict(zip(labels, shares.tolist(), strict=True)),
    }


def _program(part: Any, values: Values, weights: Path) -> Values:
    function = part.mlProgram.functions["main"]
    for operation in function.block_specializations[function.opset].operations:
        if operation.type == "const":
            values[operation.outputs[0].name] = _constant(operation.attributes["val"], weights)
            continue
        given = {name: _bound(argument, values, weights) for name, argument in operation.inputs.items()}
        if operation.type == "classify":
            return _classified(part, given["classes"], given["probabilities"])
        values[operation.outputs[0].name] = _computed(operation.type, given)
    return {one.name: values[one.name] for one in part.description.output}


def _computed(kind: str, given: Values) -> np.ndarray:
    x = given["x"]
    if kind == "linear":
        return x @ given["weight"].T + given["bias"]
    if kind == "reshape":
        return x.reshape(given["shape"])
    if kind in ("add", "sub", "mul"):
        return {"add": np.add, "sub": np.subtract, "mul": np.multiply}[kind](x, given["y"])
    if kind == "softmax":
        return _softmax(x)
    if kind == "sigmoid":
        return 1 / (1 + np.exp(-x))
    assert kind == "relu", kind
    return np.maximum(x, 0)


def _bound(argument: Any, values: Values, weights: Path) -> Any:
    (binding,) = argument.arguments
    return values[binding.name] if binding.name else _constant(binding.value, weights)


def _constant(value: Any, weights: Path) -> Any:
    if value.type.WhichOneof("type") == "listType":
        return [one.immediateValue.tensor.strings.values[0] for one in value.immediateValue.list.values]
    shape = [dimension.constant.size for dimension in value.type.tensorType.dimensions]
    if value.WhichOneof("value") == "blobFileValue":
        assert value.blobFileValue.fileName == "@model_path/weights/weight.bin"
        content = weights.read_bytes()
        mark, _type, size, start = struct.unpack_from("<IIQQ", content, value.blobFileValue.offset)
        assert mark == 0xDEADBEEF
        return np.frombuffer(content, "<f4", size // 4, start).reshape(shape)
    tensor = value.immediateValue.tensor
    kind = tensor.WhichOneof("value")
    return np.asarray(getattr(tensor, kind).values, np.float32 if kind == "floats" else np.int64).reshape(
        shape
    )
