"""Describe a Core ML file with any kind of model: interface, layers, weights and metadata."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from quickml.errors import CoreMLFileError
from quickml.export.coreml.reading import milvalues, nnweights, proto
from quickml.export.coreml.reading.files import CoreMLFile

Kind = Literal[
    "image", "multiarray", "dictionary", "sequence", "string", "int64", "double", "state", "unknown"
]

# https://apple.github.io/coremltools/mlmodel/Format/Model.html, and coremltools' target enum from 5 on.
_MINIMUM_IOS = {1: "11", 2: "11.2", 3: "12", 4: "13", 5: "14", 6: "15", 7: "16", 8: "17", 9: "18", 10: "26"}

_KINDS: Mapping[str, Kind] = {
    "imageType": "image",
    "multiArrayType": "multiarray",
    "dictionaryType": "dictionary",
    "sequenceType": "sequence",
    "stringType": "string",
    "int64Type": "int64",
    "doubleType": "double",
    "stateType": "state",
}


@dataclass(frozen=True, kw_only=True)
class FeatureDescription:
    """An input or output. `shape` is (H, W, C) for images, as declared for arrays, and empty otherwise."""

    name: str
    kind: Kind
    shape: tuple[int, ...] = ()
    data_type: str = ""
    color_space: str = ""
    is_optional: bool = False
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class LayerDescription:
    """A layer, an operation or a part of a pipeline. `shape` is that of the first output, if known."""

    name: str
    type: str
    shape: tuple[int, ...] | None = None
    parameters: int = 0


@dataclass(frozen=True, kw_only=True)
class Description:
    """The description of a file. `minimum_ios` is empty for unknown specification versions."""

    file_name: str
    file_kind: str
    type: str
    specification_version: int
    minimum_ios: str
    is_updatable: bool
    inputs: tuple[FeatureDescription, ...]
    outputs: tuple[FeatureDescription, ...]
    predicted_feature: str
    predicted_probabilities: str
    labels: tuple[str | int, ...] | None
    layers: tuple[LayerDescription, ...]
    parameters: int
    weight_types: tuple[str, ...]
    size_bytes: int
    author: str
    license: str
    version: str
    short_description: str
    user_defined: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The description as plain values for JSON."""
        plain = asdict(self)
        for name, value in plain.items():
            if isinstance(value, tuple):
                plain[name] = [_plain(item) for item in value]
        return plain


def describe(file: CoreMLFile) -> Description:
    """Describe a file. Facts that do not apply to the kind of model are empty."""
    model, kind = file.model, file.type
    about, metadata = model.description, model.description.metadata
    layers, weight_types = _contents(model)
    return Description(
        file_name=file.path.name,
        file_kind=file.kind,
        type=kind,
        specification_version=int(model.specificationVersion),
        minimum_ios=_MINIMUM_IOS.get(int(model.specificationVersion), ""),
        is_updatable=bool(model.isUpdatable),
        inputs=tuple(_feature(one) for one in _interface(about).input),
        outputs=tuple(_feature(one) for one in _interface(about).output),
        predicted_feature=about.predictedFeatureName,
        predicted_probabilities=about.predictedProbabilitiesName,
        labels=_labels(model),
        layers=tuple(layers),
        parameters=sum(layer.parameters for layer in layers),
        weight_types=tuple(sorted(weight_types)),
        size_bytes=file.size_bytes,
        author=metadata.author,
        license=metadata.license,
        version=metadata.versionString,
        short_description=metadata.shortDescription,
        user_defined=dict(sorted(metadata.userDefined.items())),
    )


def _plain(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return {name: list(value) if isinstance(value, tuple) else value for name, value in item.items()}


def _interface(about: Any) -> Any:
    """The message with the inputs and outputs: in a file with several functions, the default function."""
    function_name = about.defaultFunctionName or "main"
    return next((function for function in about.functions if function.name == function_name), about)


def _feature(feature: Any) -> FeatureDescription:
    which = feature.type.WhichOneof("Type") or ""
    kind = _KINDS.get(which, "unknown")
    shape: tuple[int, ...] = ()
    data_type, color = "", ""
    if kind == "image":
        image = feature.type.imageType
        color = proto.enum_name(image, "colorSpace", image.colorSpace)
        shape = (int(image.height), int(image.width), 1 if color.startswith("GRAY") else 3)
    elif kind == "multiarray":
        array = feature.type.multiArrayType
        data_type = proto.enum_name(array, "dataType", array.dataType).lower()
        shape = tuple(int(size) for size in array.shape)
    elif kind == "dictionary":
        key = feature.type.dictionaryType.WhichOneof("KeyType") or ""
        data_type = f"{key.removesuffix('KeyType') or 'unknown'} to double"
    return FeatureDescription(
        name=feature.name,
        kind=kind,
        shape=shape,
        data_type=data_type,
        color_space=color,
        is_optional=bool(feature.type.isOptional),
        description=feature.shortDescription,
    )


def _labels(model: Any) -> tuple[str | int, ...] | None:
    """The labels of a classifier. Most kinds have the same two fields; ML programs have an operation."""
    kind = model.WhichOneof("Type")
    body = getattr(model, kind)
    if kind == "mlProgram":
        return _program_labels(body)
    if kind == "pipelineClassifier":
        candidates = (_labels(part) for part in reversed(body.pipeline.models) if part.WhichOneof("Type"))
        return next((labels for labels in candidates if labels), None)
    if "ClassLabels" not in body.DESCRIPTOR.oneofs_by_name:
        return None
    which = body.WhichOneof("ClassLabels")
    return tuple(getattr(body, which).vector) if which else None


def _program_labels(program: Any) -> tuple[str | int, ...] | None:
    operations = (one for _, one in _operations(program) if one.type == "classify")
    classify = next(operations, None)
    if classify is None:
        return None
    binding = next(iter(classify.inputs["classes"].arguments), None)
    value = binding.value if binding is not None and binding.WhichOneof("binding") == "value" else None
    if value is None and binding is not None:
        values = (one for _, one in _operations(program) if any(o.name == binding.name for o in one.outputs))
        value = next((one.attributes["val"] for one in values if "val" in one.attributes), None)
    try:
        labels = milvalues.Constants(None).read(value) if value is not None else None
    except CoreMLFileError:  # a description is as complete as possible, so this is no error
        return None
    return tuple(labels) if isinstance(labels, list) else None


def _operations(program: Any) -> Iterator[tuple[str, Any]]:
    """Every operation of every function, with the function's name."""
    for name, function in sorted(program.functions.items()):
        block = function.block_specializations.get(function.opset)
        for operation in block.operations if block is not None else ():
            yield name, operation


def _contents(model: Any) -> tuple[list[LayerDescription], set[str]]:
    kind = model.WhichOneof("Type")
    body = getattr(model, kind)
    if kind.startswith("neuralNetwork"):
        return _network_layers(body)
    if kind == "mlProgram":
        return _program_layers(body)
    if kind.startswith("pipeline"):
        pipeline = body if kind == "pipeline" else body.pipeline
        return _pipeline_parts(pipeline)
    if kind.startswith("treeEnsemble"):
        return _trees(body), set()
    return [], set()


def _network_layers(network: Any) -> tuple[list[LayerDescription], set[str]]:
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
    return layers, types - {"none"}


def _parameter_count(params: Any, weights: list[Any]) -> int:
    """The number of parameters. Convolutions and products declare it; packed weights may end in padding."""
    counts = [nnweights.count(one) for one in weights]
    name = params.DESCRIPTOR.name
    if name == "ConvolutionLayerParams" and counts:
        window = math.prod(params.kernelSize or (3, 3))
        groups = max(params.nGroups, 1) if params.isDeconvolution else 1
        counts[0] = int(params.outputChannels // groups * params.kernelChannels * window)
    if name == "InnerProductLayerParams" and counts:
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


def _program_layers(program: Any) -> tuple[list[LayerDescription], set[str]]:
    """The operations except constants, each with the number of parameters in its constant arguments."""
    constants: dict[str, tuple[int, str]] = {}
    layers: list[LayerDescription] = []
    types: set[str] = set()
    for _, operation in _operations(program):
        sizes = {output.name: _tensor_size(output.type) for output in operation.outputs}
        if operation.type == "const":
            constants.update({name: size for name, size in sizes.items() if size})
            continue
        if operation.type.startswith("constexpr_"):
            stored = _stored_type(operation, constants)
            constants.update({name: (size[0], stored) for name, size in sizes.items() if size})
            continue
        used = [constants[name] for name in _argument_names(operation) if name in constants]
        weights = [(count, kind) for count, kind in used if _is_weight(count, kind)]
        types.update(kind for _, kind in weights)
        first = operation.outputs[0] if operation.outputs else None
        layers.append(
            LayerDescription(
                name=first.name if first is not None else "",
                type=operation.type,
                shape=_static_shape(first.type) if first is not None else None,
                parameters=sum(count for count, _ in weights),
            )
        )
    return layers, types


def _static_shape(value_type: Any) -> tuple[int, ...] | None:
    is_tensor = value_type.WhichOneof("type") == "tensorType"
    return milvalues.static_shape(value_type.tensorType) if is_tensor else None


def _is_weight(count: int, kind: str) -> bool:
    """Whether a constant is a weight: integers are sizes and axes, single numbers are options."""
    return count > 1 and (kind.startswith(("float", "constexpr")))


def _argument_names(operation: Any) -> list[str]:
    arguments = [argument for _, argument in sorted(operation.inputs.items())]
    return [binding.name for argument in arguments for binding in argument.arguments]


def _tensor_size(value_type: Any) -> tuple[int, str] | None:
    if value_type.WhichOneof("type") != "tensorType":
        return None
    shape = milvalues.static_shape(value_type.tensorType)
    return (math.prod(shape), milvalues.type_name(value_type.tensorType)) if shape is not None else None


def _stored_type(operation: Any, constants: dict[str, tuple[int, str]]) -> str:
    """How compressed weights are stored, such as `constexpr_lut_to_dense uint8`."""
    for name in ("quantized_data", "data", "indices", "nonzero_data", "indices_nonzero_data", "source_val"):
        if name in operation.attributes:
            return f"{operation.type} {milvalues.type_name(operation.attributes[name].type.tensorType)}"
        for binding in operation.inputs[name].arguments if name in operation.inputs else ():
            return f"{operation.type} {constants.get(binding.name, (0, ''))[1]}".strip()
    return str(operation.type)


def _pipeline_parts(pipeline: Any) -> tuple[list[LayerDescription], set[str]]:
    layers: list[LayerDescription] = []
    types: set[str] = set()
    for index, part in enumerate(pipeline.models):
        kind = part.WhichOneof("Type") or "unknown"
        inner, part_types = _contents(part) if kind != "unknown" else ([], set())
        name = pipeline.names[index] if index < len(pipeline.names) else f"model {index}"
        layers.append(LayerDescription(name=name, type=kind, parameters=sum(one.parameters for one in inner)))
        types |= part_types
    return layers, types


def _trees(body: Any) -> list[LayerDescription]:
    """One entry per tree, with the number of its nodes as parameters."""
    nodes = Counter(int(node.treeId) for node in body.treeEnsemble.nodes)
    return [
        LayerDescription(name=f"tree {tree}", type="tree", parameters=count)
        for tree, count in sorted(nodes.items())
    ]
