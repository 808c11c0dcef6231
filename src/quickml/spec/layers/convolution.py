"""Convolutions, and the margins around them."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from quickml.spec.layers.layer import (
    Activation_,
    BiasInitializer,
    Example,
    Initializer,
    Layer,
    Margin,
    Misfit,
    Parameters,
    Regularizer,
    image,
    shown,
)
from quickml.spec.part import Padding, Pair, Shape, Size


def window(  # noqa: PLR0917
    name: str, size: Pair, strides: Pair, padding: Margin, shape: Shape, dilation: Pair = (1, 1)
) -> Shape:
    """Height and width that a window sliding over an image leaves (Keras' arithmetic)."""
    height, width, _ = image(shape)
    out = []
    for extent, one, stride, spread in zip((height, width), size, strides, dilation, strict=True):
        reach = (one - 1) * spread + 1
        if padding == "same":
            out.append(-(-extent // stride))
        elif reach > extent:
            raise Misfit(
                f"at least {reach} rows and columns for this {name}",
                shown(shape),
                'make it smaller, or the padding "same"',
                field=name,
            )
        else:
            out.append((extent - reach) // stride + 1)
    return tuple(out)


class Conv2D(Layer):
    """A small window slides over the image and looks for one pattern per filter."""

    example: ClassVar = Example((28, 28, 1), {"filters": 32, "kernel_size": 3})

    type: Literal["Conv2D"] = "Conv2D"
    filters: Size
    kernel_size: Pair
    strides: Pair = (1, 1)
    padding: Margin = "valid"
    dilation_rate: Pair = (1, 1)
    groups: Size = 1
    activation: Activation_ = "linear"
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: Regularizer | None = None

    def output_shape(self, *shapes: Shape) -> Shape:
        *_, channels = image(shapes[0])
        if channels % self.groups or self.filters % self.groups:
            raise Misfit(
                "groups that divide the channels and the filters",
                f"{self.groups} groups for {channels} channels and {self.filters} filters",
                field="groups",
            )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise Misfit(
                "strides of 1 where dilation_rate is above 1", f"strides {self.strides}", field="strides"
            )
        spatial = window(
            "kernel_size", self.kernel_size, self.strides, self.padding, shapes[0], self.dilation_rate
        )
        return (*spatial, self.filters)

    def parameters(self, *shapes: Shape) -> Parameters:
        kernel = math.prod(self.kernel_size) * (shapes[0][2] // self.groups) * self.filters
        return Parameters(trainable=kernel + self.use_bias * self.filters)


class ZeroPadding2D(Layer):
    """A margin of zeros around the image."""

    example: ClassVar = Example((28, 28, 1), {"padding": 2})

    type: Literal["ZeroPadding2D"] = "ZeroPadding2D"
    padding: Padding = ((1, 1), (1, 1))

    def output_shape(self, *shapes: Shape) -> Shape:
        height, width, channels = image(shapes[0])
        return (height + sum(self.padding[0]), width + sum(self.padding[1]), channels)
