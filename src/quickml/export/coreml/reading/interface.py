"""The inputs and outputs that a Core ML file describes, and their shapes."""

from __future__ import annotations

import math
from typing import Any


def interface(description: Any) -> Any:
    """The message that describes the inputs and outputs: the default function of a file with several
    functions, otherwise the `ModelDescription` itself."""
    for function in description.functions:
        if function.name == (description.defaultFunctionName or "main"):
            return function
    return description


def array_shape(array: Any) -> tuple[int, ...]:
    """The shape of an `ArrayFeatureType`; for a flexible shape without a default, the smallest one."""
    if array.shape:
        return tuple(int(size) for size in array.shape)
    if array.WhichOneof("ShapeFlexibility") == "enumeratedShapes" and array.enumeratedShapes.shapes:
        return tuple(int(size) for size in array.enumeratedShapes.shapes[0].shape)
    return tuple(max(1, int(one.lowerBound)) for one in array.shapeRange.sizeRanges)


def default_value(array: Any) -> float | None:
    """The value of all elements of an `ArrayFeatureType` that is not given; None without a finite one."""
    which = array.WhichOneof("defaultOptionalValue")
    value = float(getattr(array, which)) if which else math.nan
    return value if math.isfinite(value) else None


def image_size(image: Any) -> tuple[int, int]:
    """The (height, width) of an `ImageFeatureType`: the default, or else the first or smallest one."""
    flexibility = image.WhichOneof("SizeFlexibility")
    if image.height or image.width or flexibility is None:
        return int(image.height), int(image.width)
    if flexibility == "enumeratedSizes" and image.enumeratedSizes.sizes:
        first = image.enumeratedSizes.sizes[0]
        return int(first.height), int(first.width)
    ranges = image.imageSizeRange
    return max(1, int(ranges.heightRange.lowerBound)), max(1, int(ranges.widthRange.lowerBound))
