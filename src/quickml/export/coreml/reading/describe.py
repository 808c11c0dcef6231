"""Describe a Core ML file with any kind of model: interface, layers, weights and metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from quickml.errors import CoreMLFileError
from quickml.export.coreml.reading import milvalues, proto
from quickml.export.coreml.reading.columns import UNHANDLED, Handling, handlings, targets, titles
from quickml.export.coreml.reading.contents import (
    LayerDescription,
    apple_parts,
    contents,
    operations,
    required_version,
)
from quickml.export.coreml.reading.files import CoreMLFile
from quickml.export.coreml.reading.interface import array_shape, default_value, image_size, interface

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
    default_value: float | None = None
    description: str = ""
    column: str = ""
    """Of an input of a table's file, or one of several outputs: the name of the column, if it differs."""
    categories: tuple[str, ...] | tuple[int, ...] = ()
    """Of an input that a pipeline takes as a category: the values that it knows."""
    refuses_unknown: bool = False
    """Whether other values than the categories end in an error. Otherwise they count as missing."""
    replacement: float | int | str | None = None
    """Of an input of a pipeline: what the pipeline takes for a missing value."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """The description of a file. `minimum_ios` is empty for unknown specification versions.

    `apple_parts` are the types of models, of the file or in its pipeline, whose network is part of Apple's
    systems and not of the file.
    """

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
    apple_parts: tuple[str, ...] = ()
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
    inside = contents(model)
    known, columns, answers = handlings(model), titles(model), targets(model)
    return Description(
        file_name=file.path.name,
        file_kind=file.kind,
        type=kind,
        specification_version=int(model.specificationVersion),
        minimum_ios=_MINIMUM_IOS.get(required_version(model), ""),
        is_updatable=bool(model.isUpdatable),
        inputs=tuple(
            _input(one, known.get(one.name, UNHANDLED), columns.get(one.name, ""))
            for one in interface(about).input
        ),
        outputs=tuple(
            replace(_feature(one), column="" if (name := answers.get(one.name, "")) == one.name else name)
            for one in interface(about).output
        ),
        predicted_feature=about.predictedFeatureName,
        predicted_probabilities=about.predictedProbabilitiesName,
        labels=_labels(model),
        layers=inside.layers,
        parameters=inside.parameters,
        apple_parts=apple_parts(model),
        weight_types=tuple(sorted(inside.weight_types)),
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


def _input(feature: Any, handling: Handling, column: str) -> FeatureDescription:
    return replace(
        _feature(feature),
        column=column,
        categories=handling.categories,
        refuses_unknown=bool(handling.categories) and handling.refuses_unknown,
        replacement=handling.replacement,
    )


def _feature(feature: Any) -> FeatureDescription:
    which = feature.type.WhichOneof("Type") or ""
    kind = _KINDS.get(which, "unknown")
    shape: tuple[int, ...] = ()
    data_type, color, default = "", "", None
    if kind == "image":
        image = feature.type.imageType
        color = proto.enum_name(image, "colorSpace", image.colorSpace)
        shape = (*image_size(image), 1 if color.startswith("GRAY") else 3)
    elif kind == "multiarray":
        array = feature.type.multiArrayType
        data_type = proto.enum_name(array, "dataType", array.dataType).lower()
        shape, default = array_shape(array), default_value(array)
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
        default_value=default,
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
    classify = next((one for one in operations(program) if one.type == "classify"), None)
    if classify is None:
        return None
    binding = next(iter(classify.inputs["classes"].arguments), None)
    value = binding.value if binding is not None and binding.WhichOneof("binding") == "value" else None
    if value is None and binding is not None:
        values = (one for one in operations(program) if any(o.name == binding.name for o in one.outputs))
        value = next((one.attributes["val"] for one in values if "val" in one.attributes), None)
    try:
        labels = milvalues.Constants(None).read(value) if value is not None else None
    except CoreMLFileError:  # a description is as complete as possible, so this is no error
        return None
    return tuple(labels) if isinstance(labels, list) else None
