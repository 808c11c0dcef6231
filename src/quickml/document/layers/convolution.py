"""Convolutions of images, and the transposed convolution."""

import math
from typing import ClassVar, Literal

from quickml.document.advice import leave_out, write
from quickml.document.layers.layer import (
    SAME_PADDING,
    Activated,
    Example,
    Initializer,
    Layer,
    Margin,
    Parameters,
    Regularizer,
    ShapeError,
    Weighted,
    image,
    is_traced,
    shown,
)
from quickml.fields import Pair, PairFromZero, Shape, Size


def reach(size: int, dilation: int) -> int:
    """From the first to the last place that a window sees along an axis."""
    return (size - 1) * dilation + 1


def slid(extent: int, size: int, stride: int, padding: str, dilation: int) -> int:
    """Places of a window that slides along an axis (Keras' arithmetic); none or less where it is too long."""
    if padding != "valid":
        return -(-extent // stride)
    return (extent - reach(size, dilation)) // stride + 1


def check_groups(groups: int, given: int, what: str, filters: int) -> None:
    """Raises ShapeError where groups do not divide the `given` channels or features, and the filters."""
    if given % groups or filters % groups:
        raise ShapeError(
            "groups",
            f"groups that divide the {what} and the filters",
            f"{groups} groups for {given} {what} and {filters} filters",
            write("/groups", math.gcd(groups, given, filters)),
            field="groups",
            found_groups=groups,
            entries=given,
            filters=filters,
        )


def check_gaps(strides: int | Pair, dilation_rate: int | Pair) -> None:
    """Raises ShapeError for strides together with dilation, which Keras does not have."""
    if strides not in (1, (1, 1)) and dilation_rate not in (1, (1, 1)):
        raise ShapeError(
            "strides-with-dilation",
            "strides of 1 where dilation_rate is above 1",
            f"strides {strides}",
            write("/strides", 1),
            field="strides",
            found_strides=strides,
            dilation_rate=dilation_rate,
        )


def window(  # noqa: PLR0917
    name: str, size: Pair, strides: Pair, padding: Margin, shape: Shape, dilation: Pair = (1, 1)
) -> Shape:
    """Height and width that a window sliding over an image leaves (Keras' arithmetic)."""
    height, width, _ = image(shape)
    out = []
    for extent, one, stride, spread in zip((height, width), size, strides, dilation, strict=True):
        out.append(slid(extent, one, stride, padding, spread))
        if out[-1] < 1:
            raise ShapeError(
                "window-too-large",
                f"at least {reach(one, spread)} rows and columns for this {name}",
                shown(shape),
                SAME_PADDING,
                field=name,
                key=name,
                needed=reach(one, spread),
                input_shape=shape,
            )
    return tuple(out)


class _Stepping(Layer):
    """How a kernel moves over an image."""

    group: ClassVar = "convolution"

    kernel_size: Pair
    strides: Pair = (1, 1)
    padding: Margin = "valid"


class _Sliding(_Stepping):
    """A kernel that looks at an image, possibly with gaps."""

    dilation_rate: Pair = (1, 1)

    def _places(self, shape: Shape) -> Shape:
        """Rows and columns of places where the kernel comes to lie."""
        image(shape)
        check_gaps(self.strides, self.dilation_rate)
        return window("kernel_size", self.kernel_size, self.strides, self.padding, shape, self.dilation_rate)


class Conv2D(Weighted, _Sliding):
    """Convolution over an image."""

    example: ClassVar = Example((28, 28, 1), {"filters": 32, "kernel_size": 3})
    is_updatable: ClassVar = True
    learns_on_phone: ClassVar = True

    type: Literal["Conv2D"] = "Conv2D"
    filters: Size
    groups: Size = 1

    def output_shape(self, *shapes: Shape) -> Shape:
        *_, channels = image(shapes[0])
        check_groups(self.groups, channels, "channels", self.filters)
        return (*self._places(shapes[0]), self.filters)

    def parameters(self, *shapes: Shape) -> Parameters:
        kernel = math.prod(self.kernel_size) * (shapes[0][2] // self.groups) * self.filters
        return Parameters(trainable=kernel + self.use_bias * self.filters)

    def multiply_adds(self, *shapes: Shape) -> int:
        kernel = math.prod(self.kernel_size) * (shapes[0][2] // self.groups)
        return kernel * math.prod(self.output_shape(*shapes))

    def has_gradient(self) -> bool:
        return is_traced(self.activation)


def _is_slow_in_bfloat16(layer: "DepthwiseConv2D | SeparableConv2D") -> bool:
    # Measured with TensorFlow 2.21, samples per second of processor time against those in float32: 1.26
    # with a kernel of 3 x 3, 0.19 with strides of 2, 0.38 with 5 x 5, 0.59 with a multiplier of 4.
    return (layer.kernel_size, layer.strides, layer.depth_multiplier) != ((3, 3), (1, 1), 1)


class DepthwiseConv2D(Activated, _Sliding):
    """Convolution of each channel separately, with `depth_multiplier` filters per channel."""

    example: ClassVar = Example((28, 28, 8), {"kernel_size": 3, "depth_multiplier": 2})

    type: Literal["DepthwiseConv2D"] = "DepthwiseConv2D"
    depth_multiplier: Size = 1
    depthwise_initializer: Initializer = "glorot_uniform"
    depthwise_regularizer: Regularizer | None = None

    def output_shape(self, *shapes: Shape) -> Shape:
        *_, channels = image(shapes[0])
        return (*self._places(shapes[0]), channels * self.depth_multiplier)

    def parameters(self, *shapes: Shape) -> Parameters:
        channels = shapes[0][2] * self.depth_multiplier
        return Parameters(trainable=(math.prod(self.kernel_size) + self.use_bias) * channels)

    def multiply_adds(self, *shapes: Shape) -> int:
        return math.prod(self.kernel_size) * math.prod(self.output_shape(*shapes))

    def needs_float32(self) -> bool:
        return _is_slow_in_bfloat16(self)


class SeparableConv2D(Activated, _Sliding):
    """A DepthwiseConv2D followed by a 1 x 1 convolution: a Conv2D with far fewer weights."""

    example: ClassVar = Example((28, 28, 8), {"filters": 16, "kernel_size": 3})

    type: Literal["SeparableConv2D"] = "SeparableConv2D"
    filters: Size
    depth_multiplier: Size = 1
    depthwise_initializer: Initializer = "glorot_uniform"
    pointwise_initializer: Initializer = "glorot_uniform"
    depthwise_regularizer: Regularizer | None = None
    pointwise_regularizer: Regularizer | None = None

    def output_shape(self, *shapes: Shape) -> Shape:
        return (*self._places(shapes[0]), self.filters)

    def parameters(self, *shapes: Shape) -> Parameters:
        channels = shapes[0][2] * self.depth_multiplier
        kernels = math.prod(self.kernel_size) * channels + channels * self.filters
        return Parameters(trainable=kernels + self.use_bias * self.filters)

    def multiply_adds(self, *shapes: Shape) -> int:
        channels = shapes[0][2] * self.depth_multiplier
        return math.prod(self._places(shapes[0])) * channels * (math.prod(self.kernel_size) + self.filters)

    def needs_float32(self) -> bool:
        return _is_slow_in_bfloat16(self)


class Conv2DTranspose(Weighted, _Stepping):
    """Transposed convolution; with strides it enlarges the image."""

    example: ClassVar = Example((7, 7, 16), {"filters": 8, "kernel_size": 3, "strides": 2, "padding": "same"})
    gains_from_bfloat16: ClassVar = False  # measured: 1.04

    type: Literal["Conv2DTranspose"] = "Conv2DTranspose"
    filters: Size
    output_padding: PairFromZero | None = None
    """Additional rows and columns, less than the strides. Default: "same" gives `strides` times the size."""

    def output_shape(self, *shapes: Shape) -> Shape:
        height, width, _ = image(shapes[0])
        return (self._painted(0, height), self._painted(1, width), self.filters)

    def _painted(self, axis: int, extent: int) -> int:
        stride, size = self.strides[axis], self.kernel_size[axis]
        same = self.padding == "same"
        if self.output_padding is None:
            return extent * stride if same else (extent - 1) * stride + max(size, stride)
        more = self.output_padding[axis]
        least = 1 - size % 2 if same else 0  # "same" keeps the middle of the kernel, which may be none
        if not least <= more < stride:
            raise ShapeError(
                "output-padding",
                f"at least {least} and less than the strides of {stride}",
                str(more),
                leave_out("/output_padding", "leave it out for the default"),
                field="output_padding",
                minimum=least,
                below=stride,
                found_padding=more,
            )
        return (extent - 1) * stride + (size % 2 if same else size) + more

    def parameters(self, *shapes: Shape) -> Parameters:
        kernel = math.prod(self.kernel_size) * self.filters * shapes[0][2]
        return Parameters(trainable=kernel + self.use_bias * self.filters)

    def multiply_adds(self, *shapes: Shape) -> int:
        return math.prod(shapes[0]) * math.prod(self.kernel_size) * self.filters
