"""The inputs and labels of a Core ML model, and the conversion of images to a network's tensors.

The graph's input for an image is (1, H, W, C), float32, 0 to 255, RGB or gray. A multiarray has its declared
shape, and is int32 if it is declared with integers, otherwise float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import proto
from quickml.export.coreml.reading.interface import array_shape, default_value, image_size
from quickml.export.onnx import arrays
from quickml.export.onnx.graph import FLOAT, INT32, LARGEST_TENSOR_ELEMENTS, OnnxGraph, Tensor

_CHANNELS = {"GRAYSCALE": 1, "GRAYSCALE_FLOAT16": 1, "RGB": 3, "BGR": 3}
_INTEGERS = {"INT32", "INT8"}


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
    def dtype(self) -> np.dtype[Any]:
        """The element type of the ONNX graph's input."""
        return np.dtype(np.int32 if self.is_integer else np.float32)

    @property
    def graph_shape(self) -> tuple[int, ...]:
        """The shape of the ONNX graph's input: (1, H, W, C) for an image."""
        return (1, *self.shape) if self.kind == "image" else self.shape


def graph_input(g: OnnxGraph, spec: InputSpec) -> Tensor:
    """Add an input to the graph."""
    return g.input(spec.name, spec.graph_shape, INT32 if spec.is_integer else FLOAT)


def input_spec(feature: Any) -> InputSpec:
    """Read a `FeatureDescription`. Raises UnsupportedModelError for inputs other than images and arrays."""
    kind = feature.type.WhichOneof("Type")
    if kind == "imageType":
        return _image_spec(feature)
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


def inputs(description: Any) -> list[InputSpec]:
    """Every input of a `ModelDescription`."""
    if not description.input:
        raise UnsupportedModelError("The model has no inputs.")
    names = [feature.name for feature in description.input]
    if "" in names or len(set(names)) < len(names):
        raise CoreMLFileError(f"The names of the inputs are not unique: {', '.join(map(repr, names))}.")
    return [input_spec(feature) for feature in description.input]


def labels(message: Any) -> tuple[str, ...] | None:
    """Class labels as text, from a message with `stringClassLabels` or `int64ClassLabels`."""
    which = message.WhichOneof("ClassLabels")
    if which is None:
        return None
    return tuple(str(label) for label in getattr(message, which).vector)
