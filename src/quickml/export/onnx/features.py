"""The inputs and labels of a Core ML model, and the conversion of images to a network's tensors.

The graph's input for an image is (1, H, W, C), float32, 0 to 255, RGB or gray. A multiarray has its declared
shape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import proto
from quickml.export.onnx import arrays
from quickml.export.onnx.graph import OnnxGraph, Tensor

_CHANNELS = {"GRAYSCALE": 1, "GRAYSCALE_FLOAT16": 1, "RGB": 3, "BGR": 3}
_INTEGERS = {"INT32", "INT8"}
_LARGEST_INPUT_ELEMENTS = 2**26  # a quarter of a GiB


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """An input. `shape` is the shape of one sample for callers: (H, W, C) for an image."""

    name: str
    kind: Literal["image", "multiarray"]
    shape: tuple[int, ...]
    color: str = ""
    is_optional: bool = False
    default: float = 0.0
    is_integer: bool = False

    @property
    def graph_shape(self) -> tuple[int, ...]:
        """The shape of the ONNX graph's input: (1, H, W, C) for an image."""
        return (1, *self.shape) if self.kind == "image" else self.shape


def input_spec(feature: Any) -> InputSpec:
    """Read a `FeatureDescription`. Raises UnsupportedModelError for inputs other than images and arrays."""
    kind = feature.type.WhichOneof("Type")
    if kind == "imageType":
        return _image_spec(feature)
    if kind != "multiArrayType":
        raise UnsupportedModelError(f"The input {feature.name!r} is a {kind}, which cannot be run here.")
    array = feature.type.multiArrayType
    shape = declared_shape(array)
    if not shape or min(shape) < 1 or math.prod(shape) > _LARGEST_INPUT_ELEMENTS:
        raise CoreMLFileError(f"The input {feature.name!r} has the shape {shape}, which cannot be run.")
    default = array.WhichOneof("defaultOptionalValue")
    return InputSpec(
        name=feature.name,
        kind="multiarray",
        shape=shape,
        is_optional=bool(feature.type.isOptional),
        default=float(getattr(array, default)) if default else 0.0,
        is_integer=proto.enum_name(array, "dataType", array.dataType) in _INTEGERS,
    )


def declared_shape(array: Any) -> tuple[int, ...]:
    """The shape of an `ArrayFeatureType`; for a flexible shape without a default, the smallest one."""
    if array.shape:
        return tuple(int(size) for size in array.shape)
    if array.WhichOneof("ShapeFlexibility") == "enumeratedShapes" and array.enumeratedShapes.shapes:
        return tuple(int(size) for size in array.enumeratedShapes.shapes[0].shape)
    return tuple(max(1, int(one.lowerBound)) for one in array.shapeRange.sizeRanges)


def _image_spec(feature: Any) -> InputSpec:
    image = feature.type.imageType
    color = proto.enum_name(image, "colorSpace", image.colorSpace)
    if color not in _CHANNELS:
        raise UnsupportedModelError(f"The input {feature.name!r} has the unknown colour space {color}.")
    shape = (int(image.height), int(image.width), _CHANNELS[color])
    if min(shape) < 1 or math.prod(shape) > _LARGEST_INPUT_ELEMENTS:
        raise CoreMLFileError(f"The input {feature.name!r} has the size {shape}, which cannot be run.")
    return InputSpec(
        name=feature.name, kind="image", shape=shape, color=color, is_optional=bool(feature.type.isOptional)
    )


def image_tensor(g: OnnxGraph, x: Tensor, spec: InputSpec) -> Tensor:
    """(1, H, W, C) in RGB or gray -> (1, C, H, W) in the network's order of colours."""
    planes = arrays.transpose(g, x, (0, 3, 1, 2))
    return arrays.gather(g, planes, np.asarray([2, 1, 0]), 1) if spec.color == "BGR" else planes


def inputs(description: Any) -> list[InputSpec]:
    """Every input of a `ModelDescription`."""
    if not description.input:
        raise UnsupportedModelError("The model has no inputs.")
    names = [feature.name for feature in description.input]
    if "" in names or len(set(names)) < len(names):
        raise CoreMLFileError(f"The names of the inputs are not unique: {', '.join(map(repr, names))}.")
    return [input_spec(feature) for feature in description.input]


def interface(description: Any) -> Any:
    """The message that describes the inputs and outputs: the default function of a file with several
    functions, otherwise the `ModelDescription` itself."""
    for function in description.functions:
        if function.name == (description.defaultFunctionName or "main"):
            return function
    return description


def labels(message: Any) -> tuple[str, ...] | None:
    """Class labels as text, from a message with `stringClassLabels` or `int64ClassLabels`."""
    which = message.WhichOneof("ClassLabels")
    if which is None:
        return None
    return tuple(str(label) for label in getattr(message, which).vector)
