"""The inputs and labels of a Core ML model, and the conversion of images to a network's tensors.

The graph's input for an image is (1, H, W, C), float32, 0 to 255, RGB or gray. A multiarray has its declared
shape, and is int32 if it is declared with integers, otherwise float32. A single number or text has the shape
(1,), and is float64, int64 or a string. A dictionary whose keys the model knows is a vector, float64.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import proto
from quickml.export.coreml.reading.columns import UNHANDLED, Handling
from quickml.export.coreml.reading.interface import array_shape, default_value, image_size
from quickml.export.onnx import arrays
from quickml.export.onnx.graph import (
    DOUBLE,
    FLOAT,
    INT32,
    INT64,
    LARGEST_TENSOR_ELEMENTS,
    STRING,
    OnnxGraph,
    Tensor,
)

_CHANNELS = {"GRAYSCALE": 1, "GRAYSCALE_FLOAT16": 1, "RGB": 3, "BGR": 3}
_INTEGERS = {"INT32", "INT8"}

InputKind = Literal["image", "multiarray", "double", "int64", "string", "dictionary"]
_SCALARS: Mapping[str, InputKind] = {"doubleType": "double", "int64Type": "int64", "stringType": "string"}
_TYPES: Mapping[InputKind, tuple[Any, type]] = {
    "double": (DOUBLE, np.float64),
    "int64": (INT64, np.int64),
    "string": (STRING, np.object_),
    "dictionary": (DOUBLE, np.float64),
}
"""The element types in ONNX and in numpy."""


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """An input. `shape` is the shape of one sample for callers: (H, W, C) for an image, () for a single
    value."""

    name: str
    kind: InputKind
    shape: tuple[int, ...]
    handling: Handling = UNHANDLED
    """What a pipeline does with a single number or text, or a dictionary."""
    color: str = ""
    is_optional: bool = False
    default: float = 0.0
    is_integer: bool = False

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type of the ONNX graph's input."""
        if self.kind in _TYPES:
            return np.dtype(_TYPES[self.kind][1])
        return np.dtype(np.int32 if self.is_integer else np.float32)

    @property
    def graph_type(self) -> int:
        """The same as ONNX names it."""
        if self.kind in _TYPES:
            return int(_TYPES[self.kind][0])
        return int(INT32 if self.is_integer else FLOAT)

    @property
    def is_scalar(self) -> bool:
        """Whether the input is a single number or text."""
        return self.kind in _SCALARS.values()

    @property
    def graph_shape(self) -> tuple[int, ...]:
        """The shape of the ONNX graph's input: (1, H, W, C) for an image, (1,) for a single value."""
        return (1, *self.shape) if self.kind == "image" or self.is_scalar else self.shape


def graph_input(g: OnnxGraph, spec: InputSpec, given: Mapping[str, Tensor] | None = None) -> Tensor:
    """Add an input to the graph, or find it among the values that are given."""
    if given is None:
        return g.input(spec.name, spec.graph_shape, spec.graph_type)
    if spec.name not in given:
        raise CoreMLFileError(f"no earlier part computes the input {spec.name!r}")
    x = given[spec.name]
    if x.size != math.prod(spec.graph_shape):
        raise CoreMLFileError(f"the input {spec.name!r}: expected the shape {spec.shape}, found {x.shape}")
    return arrays.reshape(g, x, spec.graph_shape)


def input_spec(feature: Any, handling: Handling = UNHANDLED) -> InputSpec:
    """Read a `FeatureDescription`. Raises UnsupportedModelError for sequences, states and the like."""
    kind = feature.type.WhichOneof("Type")
    if kind in _SCALARS:
        is_optional = bool(feature.type.isOptional)
        return InputSpec(
            name=feature.name, kind=_SCALARS[kind], shape=(), handling=handling, is_optional=is_optional
        )
    if kind == "imageType":
        return _image_spec(feature)
    if kind == "dictionaryType" and handling.categories:
        _check_shape(feature.name, (len(handling.categories),))
        return InputSpec(
            name=feature.name, kind="dictionary", shape=(len(handling.categories),), handling=handling
        )
    if kind != "multiArrayType":
        raise UnsupportedModelError(f"The input {feature.name!r} is a {kind}, which cannot be run here.")
    array = feature.type.multiArrayType
    shape = array_shape(array)
    _check_shape(feature.name, shape)
    return InputSpec(
        name=feature.name,
        kind="multiarray",
        shape=shape,
        is_optional=bool(feature.type.isOptional),
        default=default_value(array) or 0.0,
        is_integer=proto.enum_name(array, "dataType", array.dataType) in _INTEGERS,
    )


def _check_shape(name: str, shape: tuple[int, ...]) -> None:
    if not shape or min(shape) < 1:
        raise CoreMLFileError(f"The input {name!r} has the shape {shape}, which cannot be run.")
    if math.prod(shape) > LARGEST_TENSOR_ELEMENTS:
        raise UnsupportedModelError(
            f"The input {name!r}: expected at most {LARGEST_TENSOR_ELEMENTS:,} numbers,"
            f" found {math.prod(shape):,} in the shape {shape}."
        )


def _image_spec(feature: Any) -> InputSpec:
    image = feature.type.imageType
    color = proto.enum_name(image, "colorSpace", image.colorSpace)
    if color not in _CHANNELS:
        raise UnsupportedModelError(f"The input {feature.name!r} has the unknown colour space {color}.")
    shape = (*image_size(image), _CHANNELS[color])
    _check_shape(feature.name, shape)
    return InputSpec(
        name=feature.name, kind="image", shape=shape, color=color, is_optional=bool(feature.type.isOptional)
    )


def image_tensor(g: OnnxGraph, x: Tensor, spec: InputSpec) -> Tensor:
    """(1, H, W, C) in RGB or gray -> (1, C, H, W) in the network's order of colours."""
    planes = arrays.transpose(g, x, (0, 3, 1, 2))
    return arrays.gather(g, planes, np.asarray([2, 1, 0]), 1) if spec.color == "BGR" else planes


def inputs(description: Any, handlings: Mapping[str, Handling] | None = None) -> list[InputSpec]:
    """Every input of a `ModelDescription`; `handlings` are those of a pipeline."""
    if not description.input:
        raise UnsupportedModelError("The model has no inputs.")
    names = [feature.name for feature in description.input]
    if "" in names or len(set(names)) < len(names):
        raise CoreMLFileError(f"The names of the inputs are not unique: {', '.join(map(repr, names))}.")
    known = handlings or {}
    return [input_spec(feature, known.get(feature.name, UNHANDLED)) for feature in description.input]


def labels(message: Any) -> tuple[str, ...] | None:
    """Class labels as text, from a message with `stringClassLabels` or `int64ClassLabels`."""
    which = message.WhichOneof("ClassLabels")
    if which is None:
        return None
    return tuple(str(label) for label in getattr(message, which).vector)
