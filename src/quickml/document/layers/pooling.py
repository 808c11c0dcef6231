"""Pooling, by windows and over the whole image."""

import math
from typing import ClassVar, Literal

from quickml.document.layers.convolution import window
from quickml.document.layers.layer import Example, Layer, Margin, image
from quickml.fields import Pair, Shape


class _Pooling2D(Layer):
    group: ClassVar = "pooling"
    keeps_raw: ClassVar = True
    is_updatable: ClassVar = True

    pool_size: Pair = (2, 2)
    strides: Pair | None = None
    """Default: `pool_size`."""
    padding: Margin = "valid"

    def output_shape(self, *shapes: Shape) -> Shape:
        spatial = window("pool_size", self.pool_size, self.strides or self.pool_size, self.padding, shapes[0])
        return (*spatial, shapes[0][2])

    def multiply_adds(self, *shapes: Shape) -> int:
        return math.prod(self.pool_size) * math.prod(self.output_shape(*shapes))

    def has_gradient(self) -> bool:
        return True


class MaxPooling2D(_Pooling2D):
    """Keeps the largest value of each window, channel by channel."""

    example: ClassVar = Example((28, 28, 32), {"pool_size": 2})

    type: Literal["MaxPooling2D"] = "MaxPooling2D"


class AveragePooling2D(_Pooling2D):
    """Keeps the mean of each window, channel by channel; padding is not counted."""

    example: ClassVar = Example((28, 28, 32), {"pool_size": 2})

    type: Literal["AveragePooling2D"] = "AveragePooling2D"


class _GlobalPooling2D(Layer):
    group: ClassVar = "pooling"
    keeps_raw: ClassVar = True
    is_updatable: ClassVar = True

    keepdims: bool = False

    def output_shape(self, *shapes: Shape) -> Shape:
        *_, channels = image(shapes[0])
        return (1, 1, channels) if self.keepdims else (channels,)

    def multiply_adds(self, *shapes: Shape) -> int:
        return math.prod(shapes[0])

    def has_gradient(self) -> bool:
        return True


class GlobalAveragePooling2D(_GlobalPooling2D):
    """The mean of each channel over the whole image."""

    example: ClassVar = Example((7, 7, 64), {})

    type: Literal["GlobalAveragePooling2D"] = "GlobalAveragePooling2D"


class GlobalMaxPooling2D(_GlobalPooling2D):
    """The largest value of each channel over the whole image."""

    example: ClassVar = Example((7, 7, 64), {})

    type: Literal["GlobalMaxPooling2D"] = "GlobalMaxPooling2D"
