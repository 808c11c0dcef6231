"""Translate a pipeline: its parts in order, each of which takes values of those before it by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading.columns import handlings
from quickml.export.coreml.reading.contents import operations, pipeline
from quickml.export.coreml.reading.files import CoreMLFile
from quickml.export.onnx import arrays, features, mlprogram, neuralnetwork
from quickml.export.onnx.graph import DAMAGE, DOUBLE, INT64, STRING, OnnxGraph, Tensor
from quickml.export.onnx.network import Network, checked_labels
from quickml.export.onnx.parts import PARTS, Classified, PipelinePart

TYPES = ("pipeline", "pipelineClassifier", "pipelineRegressor", *PARTS)
"""Pipelines, and the parts that can also be files of their own."""

_MOST_PARTS = 1000
_NUMBERS = ("multiArrayType", "imageType", "doubleType", "int64Type")


@dataclass(kw_only=True)
class _State:
    """What was read so far: the values by name, those inside networks, and the last classifier."""

    values: dict[str, Tensor]
    inner: dict[str, Tensor] = field(default_factory=dict)
    classifier: Classified | None = None
    parts: int = 0


def read(file: CoreMLFile, g: OnnxGraph, given: Mapping[str, Tensor] | None = None) -> Network:
    """Add all parts to a graph. `given` are the values of an outer pipeline."""
    description = file.model.description
    specs = features.inputs(description, handlings(file.model))
    state = _State(values={spec.name: features.graph_input(g, spec, given) for spec in specs})
    _add(file, g, state)
    label = description.predictedFeatureName if state.classifier else ""
    outputs = {
        feature.name: _value(state, feature.name)
        for feature in description.output
        if feature.type.WhichOneof("Type") in _NUMBERS and feature.name != label
    }
    labels, probabilities = None, None
    if state.classifier and label:
        labels, scores = state.classifier.labels, state.classifier.probabilities
        checked_labels(labels, scores)
        probabilities = description.predictedProbabilitiesName or "probabilities"
        outputs[probabilities] = arrays.cast(g, arrays.reshape(g, scores, (1, scores.size)), "float32")
    if not outputs:
        raise UnsupportedModelError("the pipeline has no output that can be run here")
    numbers = {name: value for name, value in (state.inner | state.values).items() if value.type != STRING}
    return Network(
        inputs=tuple(specs), outputs=outputs, values=numbers, labels=labels, probabilities=probabilities
    )


def _add(file: CoreMLFile, g: OnnxGraph, state: _State) -> None:
    if file.type in PARTS:
        _add_part(file, g, state, "the model")
        return
    inner = pipeline(file.model)
    for index, model in enumerate(inner.models):
        state.parts += 1
        if state.parts > _MOST_PARTS:
            raise UnsupportedModelError(f"expected at most {_MOST_PARTS:,} parts, found more")
        kind = model.WhichOneof("Type") or "unknown type"
        name = inner.names[index] if index < len(inner.names) else str(index)
        _add_part(_part_file(file, model), g, state, f"the part {name!r} ({kind})")


def _add_part(file: CoreMLFile, g: OnnxGraph, state: _State, where: str) -> None:
    try:
        if file.type in PARTS:
            _run(file.model, g, state)
        elif file.type in neuralnetwork.TYPES:
            _keep(neuralnetwork.read(file, g, state.values), file.model, g, state)
        elif file.type == "mlProgram":
            _keep(mlprogram.read(file, g, state.values), file.model, g, state)
        elif file.type in TYPES:
            _add(file, g, state)
        else:
            raise UnsupportedModelError("it cannot be run here")
    except CoreMLFileError as error:
        raise type(error)(f"{where}: {error}") from error
    except DAMAGE as error:
        raise CoreMLFileError(f"{where} is damaged: {error}") from error


def _part_file(file: CoreMLFile, model: Any) -> CoreMLFile:
    """A part as a file of its own. Programs share one weights file, or name one each."""
    weights = file.weights
    if model.WhichOneof("Type") == "mlProgram" and len(file.blobs) > 1:
        weights = file.blobs.get(_weights_name(model.mlProgram), weights)
    return replace(file, model=model, weights=weights)


def _weights_name(program: Any) -> str:
    values = (one.attributes["val"] for one in operations(program) if "val" in one.attributes)
    names = (one.blobFileValue.fileName for one in values if one.WhichOneof("value") == "blobFileValue")
    return str(next(names, "")).rpartition("/")[2]


def _run(model: Any, g: OnnxGraph, state: _State) -> None:
    description, kind = model.description, model.WhichOneof("Type")
    outputs = [one for one in description.output if one.name != description.predictedFeatureName]
    if kind.endswith("Regressor"):
        outputs = list(description.output)
    inputs = {feature.name: _value(state, feature.name) for feature in description.input}
    is_double = any(one.type.multiArrayType.dataType == one.type.multiArrayType.DOUBLE for one in outputs)
    result = PARTS[kind](g, PipelinePart(params=getattr(model, kind), inputs=inputs, is_double=is_double))
    if isinstance(result, Classified):
        state.classifier = result
        return
    if len(outputs) != 1:
        raise CoreMLFileError(f"expected one output, found {len(outputs)}")
    state.values[outputs[0].name] = _declared(g, result, outputs[0])


def _keep(network: Network, model: Any, g: OnnxGraph, state: _State) -> None:
    """The outputs of a network are values of the pipeline."""
    state.inner |= network.values
    if network.probabilities is not None and network.labels:
        scores = network.outputs[network.probabilities]
        state.classifier = Classified(labels=network.labels, probabilities=scores)
    for feature in model.description.output:
        if feature.name in network.outputs and feature.name != network.probabilities:
            state.values[feature.name] = _declared(g, network.outputs[feature.name], feature)


def _declared(g: OnnxGraph, x: Tensor, feature: Any) -> Tensor:
    """Convert a value to the type that its description declares."""
    kind = feature.type.WhichOneof("Type")
    wanted = {"doubleType": DOUBLE, "int64Type": INT64}.get(kind)
    if wanted is None or x.type == STRING:
        return x
    if x.size != 1:
        raise CoreMLFileError(f"the output {feature.name!r}: expected one number, found {x.size}")
    single = arrays.reshape(g, x, (1,))
    return single if single.type == wanted else g.op("Cast", single, to=wanted)


def _value(state: _State, name: str) -> Tensor:
    if name not in state.values:
        raise CoreMLFileError(f"no part computes the value {name!r}")
    return state.values[name]
