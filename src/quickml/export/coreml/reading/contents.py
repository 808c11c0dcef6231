"""What a Core ML model of any kind consists of: its parts, layers and parameters."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quickml.export.coreml.reading import milvalues, nnweights

_APPLE = frozenset({
    "textClassifier", "wordTagger", "visionFeaturePrint", "soundAnalysisPreprocessing", "gazetteer",
    "wordEmbedding", "audioFeaturePrint",
})  # fmt: skip
"""Types of models whose network is part of Apple's systems and not of the file."""

_FITTED = frozenset({
    "glmRegressor", "glmClassifier", "supportVectorRegressor", "supportVectorClassifier", "scaler", "imputer",
    "bayesianProbitRegressor", "kNearestNeighborsClassifier",
})  # fmt: skip
"""Types of models without layers whose fractional numbers are their parameters."""


@dataclass(frozen=True, kw_only=True)
class LayerDescription:
    """A layer, an operation or a part of a pipeline. `shape` is that of the first output, if known."""

    name: str
    type: str
    shape: tuple[int, ...] | None = None
    parameters: int = 0


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The layers of a model, the number of its parameters, and how its weights are stored."""

    layers: tuple[LayerDescription, ...] = ()
    parameters: int = 0
    weight_types: frozenset[str] = frozenset()


def apple_parts(model: Any) -> tuple[str, ...]:
    """The types of a model and its parts whose network is part of Apple's systems and not of the file."""
    kinds = (one.WhichOneof("Type") or "" for one in _every(model))
    return tuple(dict.fromkeys(kind for kind in kinds if kind in _APPLE))


def _every(model: Any) -> Iterator[Any]:
    """A model and, of a pipeline, every model in it at any depth."""
    yield model
    if is_pipeline(model):
        for part in pipeline(model).models:
            yield from _every(part)


def parts(model: Any) -> Iterator[Any]:
    """The parts of a pipeline at any depth, in order; of another model, itself."""
    return (one for one in _every(model) if not is_pipeline(one))


def is_pipeline(model: Any) -> bool:
    """Whether a model is a pipeline of any of the three kinds."""
    return (model.WhichOneof("Type") or "").startswith("pipeline")


def pipeline(model: Any) -> Any:
    """The parts of a pipeline of any of the three kinds: the message `Pipeline`."""
    body = getattr(model, model.WhichOneof("Type"))
    return body.pipeline if "pipeline" in body.DESCRIPTOR.fields_by_name else body


def network_of(model: Any) -> Any:
    """The first network or program in a pipeline; the model itself if it is no pipeline, or has none."""
    return next(filter(_is_network, parts(model)), model) if is_pipeline(model) else model


def _is_network(part: Any) -> bool:
    kind = part.WhichOneof("Type") or ""
    return kind.startswith("neuralNetwork") or kind == "mlProgram"


def required_version(model: Any) -> int:
    """The specification version that a system needs for a model and all its parts."""
    return max(int(one.specificationVersion) for one in _every(model))


def has_half_values(model: Any) -> bool:
    """Whether a model or a part of it is a program that computes values in float16."""
    programs = (part.mlProgram for part in parts(model) if part.WhichOneof("Type") == "mlProgram")
    computed = (one for program in programs for one in operations(program) if one.type != "const")
    types = (output.type for operation in computed for output in operation.outputs)
    return any(
        one.WhichOneof("type") == "tensorType" and milvalues.type_name(one.tensorType) == "float16"
        for one in types
    )


def operations(program: Any) -> Iterator[Any]:
    """Every operation of every function, also those of blocks inside operations."""
    for _, function in sorted(program.functions.items()):
        if function.opset in function.block_specializations:
            yield from _nested(function.block_specializations[function.opset])


def _nested(block: Any) -> Iterator[Any]:
    for operation in block.operations:
        yield operation
        for inner in operation.blocks:
            yield from _nested(inner)


def contents(model: Any) -> Contents:
    """The layers, weights and parameters of a model. They are empty for kinds of models without such."""
    kind = model.WhichOneof("Type") or ""
    if is_pipeline(model):
        return _pipeline_contents(pipeline(model))
    if kind.startswith("neuralNetwork"):
        return _network_contents(getattr(model, kind))
    if kind == "mlProgram":
        return _program_contents(model.mlProgram)
    if kind.startswith("treeEnsemble"):
        return _tree_contents(getattr(model, kind))
    if kind in _FITTED:
        return Contents(parameters=_fractions(getattr(model, kind)))
    return Contents()


def _fractions(message: Any) -> int:
    """How many numbers the fields of floats and doubles hold, in a message and all messages inside it."""
    count = 0
    for field, value in message.ListFields():
        values = value if field.is_repeated else (value,)
        if field.name == "replaceDoubleValue":
            continue  # of an imputer: what counts as missing, mostly NaN
        if isinstance(values, Mapping):  # of an imputer: numbers by key
            count += len(values)
        elif field.message_type is not None:
            count += sum(_fractions(one) for one in values if one.DESCRIPTOR.name != "Kernel")
        elif field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
            count += len(values)
    return count


def _network_contents(network: Any) -> Contents:
    layers: list[LayerDescription] = []
    types: set[str] = set()
    for layer in network.layers:
        kind = layer.WhichOneof("layer") or "unknown"
        weights = list(_weights(getattr(layer, kind))) if kind != "unknown" else []
        types.update(nnweights.kind(one) for one in weights)
        shape = tuple(int(size) for size in layer.outputTensor[0].dimValue) if layer.outputTensor else None
        activation = layer.activation.WhichOneof("NonlinearityType") if kind == "activation" else None
        layers.append(
            LayerDescription(
                name=layer.name,
                type=activation or kind,
                shape=shape,
                parameters=_parameter_count(getattr(layer, kind), weights) if kind != "unknown" else 0,
            )
        )
    return _summed(layers, types - {"none"})


def _summed(layers: list[LayerDescription], types: set[str]) -> Contents:
    total = sum(layer.parameters for layer in layers)
    return Contents(layers=tuple(layers), parameters=total, weight_types=frozenset(types))


def _parameter_count(params: Any, weights: list[Any]) -> int:
    """The number of parameters. Convolutions and products declare it; packed weights may end in padding."""
    counts = [nnweights.count(one) for one in weights]
    name = params.DESCRIPTOR.name
    if name == "ConvolutionLayerParams" and params.HasField("weights"):
        window = math.prod(params.kernelSize or (3, 3))
        groups = max(params.nGroups, 1) if params.isDeconvolution else 1
        counts[0] = int(params.outputChannels // groups * params.kernelChannels * window)
    if name == "InnerProductLayerParams" and params.HasField("weights"):
        counts[0] = int(params.inputChannels * params.outputChannels)
    return sum(counts)


def _weights(message: Any) -> Iterator[Any]:
    """Every `WeightParams` inside a layer's parameters."""
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        for one in [value] if hasattr(value, "DESCRIPTOR") else value:
            if not hasattr(one, "DESCRIPTOR"):
                continue  # a map's key
            if one.DESCRIPTOR.name == "WeightParams":
                yield one
            else:
                yield from _weights(one)


@dataclass(frozen=True)
class _Stored:
    """A constant: an identity that all its uses share, its shape, and its type or how it is compressed."""

    identity: object
    shape: tuple[int, ...]
    kind: str

    @property
    def is_weight(self) -> bool:
        """Integers are sizes and axes, numbers without axes are options."""
        return bool(self.shape) and self.kind.startswith(("float", "constexpr"))


def _program_contents(program: Any) -> Contents:
    """The operations except constants, each with the parameters in its constant arguments.

    A constant with several uses is counted at the first.
    """
    constants: dict[str, _Stored] = {}
    counted: set[object] = set()
    layers: list[LayerDescription] = []
    types: set[str] = set()
    for operation in operations(program):
        if operation.type == "const" or operation.type.startswith("constexpr_"):
            constants.update(_stored(operation, constants))
            continue
        weights = [one for one in _constants_of(operation, constants) if one.is_weight]
        types.update(one.kind for one in weights)
        new = {one.identity: one for one in weights if one.identity not in counted}
        counted.update(new)
        first = operation.outputs[0] if operation.outputs else None
        layers.append(
            LayerDescription(
                name=first.name if first is not None else "",
                type=operation.type,
                shape=_static_shape(first.type) if first is not None else None,
                parameters=sum(math.prod(one.shape) for one in new.values()),
            )
        )
    return _summed(layers, types)


def _static_shape(value_type: Any) -> tuple[int, ...] | None:
    is_tensor = value_type.WhichOneof("type") == "tensorType"
    return milvalues.static_shape(value_type.tensorType) if is_tensor else None


def _constants_of(operation: Any, constants: Mapping[str, _Stored]) -> Iterator[_Stored]:
    """The constant arguments of an operation, by name or stored in the argument."""
    for _, argument in sorted(operation.inputs.items()):
        for binding in argument.arguments:
            if binding.WhichOneof("binding") == "value":
                yield from _value(binding.value)
            elif binding.name in constants:
                yield constants[binding.name]


def _value(value: Any) -> Iterator[_Stored]:
    """A stored value. Functions of one file can share weights: they have the same place in the same file."""
    shape = _static_shape(value.type)
    if shape is not None:
        blob = value.blobFileValue
        identity = (blob.fileName, blob.offset) if value.WhichOneof("value") == "blobFileValue" else object()
        yield _Stored(identity, shape, milvalues.type_name(value.type.tensorType))


def _stored(operation: Any, constants: Mapping[str, _Stored]) -> Iterator[tuple[str, _Stored]]:
    """The constants that `const`, or an operation that decompresses weights, defines."""
    if operation.type == "const":
        names = (output.name for output in operation.outputs)
        yield from zip(names, _value(operation.attributes["val"]), strict=False)
        return
    kind = _compression(operation, constants)
    for output in operation.outputs:
        shape = _static_shape(output.type)
        if shape is not None:
            yield output.name, _Stored(object(), shape, kind)


def _compression(operation: Any, constants: Mapping[str, _Stored]) -> str:
    """How compressed weights are stored, such as `constexpr_lut_to_dense uint8`."""
    for name in ("quantized_data", "data", "indices", "nonzero_data", "indices_nonzero_data", "source_val"):
        if name in operation.attributes:
            return f"{operation.type} {milvalues.type_name(operation.attributes[name].type.tensorType)}"
        for binding in operation.inputs[name].arguments if name in operation.inputs else ():
            stored = constants.get(binding.name)
            return f"{operation.type} {stored.kind if stored else ''}".strip()
    return str(operation.type)


def _pipeline_contents(body: Any) -> Contents:
    layers: list[LayerDescription] = []
    types: set[str] = set()
    for index, part in enumerate(body.models):
        inner = contents(part)
        name = body.names[index] if index < len(body.names) else f"model{index}"
        kind = part.WhichOneof("Type") or "unknown"
        layers.append(LayerDescription(name=name, type=kind, parameters=inner.parameters))
        types |= inner.weight_types
    return _summed(layers, types)


def _tree_contents(body: Any) -> Contents:
    """One entry per tree, with the number of its nodes as parameters."""
    nodes = Counter(int(node.treeId) for node in body.treeEnsemble.nodes)
    trees = [
        LayerDescription(name=f"tree {tree}", type="tree", parameters=count)
        for tree, count in sorted(nodes.items())
    ]
    return _summed(trees, set())
