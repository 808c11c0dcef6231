"""Convolutions, and the transposed one."""

from __future__ import annotations

from typing import Any

import numpy as np
from coremltools.converters.mil import Builder as mb
from numpy.typing import NDArray

from quickml.document.layers.convolution import Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D
from quickml.export.coreml.emit.activation import activated
from quickml.export.coreml.emit.emitter import Context, Var, emits

Array = NDArray[np.float32]


def _steps(layer: Conv2D | DepthwiseConv2D | SeparableConv2D) -> dict[str, Any]:
    return {"strides": layer.strides, "pad_type": layer.padding, "dilations": layer.dilation_rate}


def _bias(context: Context) -> dict[str, Array]:
    return {"bias": context.weights["bias"]} if "bias" in context.weights else {}


@emits(Conv2D)
def conv2d(layer: Conv2D, context: Context) -> Var:
    """Keras' kernel is (rows, columns, channels, filters), Core ML's (filters, channels, rows, columns)."""
    kernel = context.weights["kernel"].transpose(3, 2, 0, 1).copy()
    arguments = (
        {"x": context.input, "weight": kernel, "groups": layer.groups} | _steps(layer) | _bias(context)
    )
    return activated(layer.activation, context, lambda name: mb.conv(**arguments, name=name))


def _of_each_channel(kernel: Array) -> dict[str, Any]:
    """Keras' (rows, columns, channels, multiplier), where each channel is a group of its own.

    Channel c gives the channels c * multiplier, c * multiplier + 1, ... of the result, in Keras as in groups.
    """
    rows, columns, channels, multiplier = kernel.shape
    weight = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, rows, columns)
    return {"weight": weight.copy(), "groups": channels}


@emits(DepthwiseConv2D)
def depthwise_conv2d(layer: DepthwiseConv2D, context: Context) -> Var:
    """As many groups as channels."""
    arguments = _of_each_channel(context.weights["kernel"]) | _steps(layer) | _bias(context)
    return activated(layer.activation, context, lambda name: mb.conv(x=context.input, **arguments, name=name))


@emits(SeparableConv2D)
def separable_conv2d(layer: SeparableConv2D, context: Context) -> Var:
    """Each channel by itself, then a kernel of one place over all of them."""
    depthwise = _of_each_channel(context.weights["depthwise_kernel"]) | _steps(layer)
    channels = mb.conv(x=context.input, **depthwise, name=f"{context.name}_depthwise")
    pointwise = context.weights["pointwise_kernel"].transpose(3, 2, 0, 1).copy()
    return activated(
        layer.activation,
        context,
        lambda name: mb.conv(x=channels, weight=pointwise, **_bias(context), name=name),
    )


@emits(Conv2DTranspose)
def conv2d_transpose(layer: Conv2DTranspose, context: Context) -> Var:
    """All that the kernel paints, and of that the part that Keras keeps.

    How an output of a given size lies in what was painted, the formats say each in their way, or not at all.
    So nothing is left to them: the kernel gets zeros where Keras wants more than is painted, and the rest is
    cut off. TensorFlow gives the gradient of a convolution: of what is too much, "same" cuts half in front,
    rounded down.
    """
    kernel = context.weights["kernel"]
    edges, lack = [], []
    for axis, stride in enumerate(layer.strides):
        extent, wanted = context.input_shapes[0][axis], context.output_shape[axis]
        surplus = (extent - 1) * stride + kernel.shape[axis] - wanted
        first = max(surplus, 0) // 2 if layer.padding == "same" else 0
        edges.append((first, max(surplus, 0) - first))
        lack.append((0, max(-surplus, 0)))
    kernel = np.pad(kernel, (*lack, (0, 0), (0, 0)))
    arguments = {"weight": kernel.transpose(3, 2, 0, 1).copy(), "strides": layer.strides} | _bias(context)

    def painted(name: str) -> Var:
        if not any(map(any, edges)):
            return mb.conv_transpose(x=context.input, **arguments, name=name)
        whole = mb.conv_transpose(x=context.input, **arguments, name=f"{context.name}_whole")
        return mb.crop(x=whole, crop_height=edges[0], crop_width=edges[1], name=name)

    return activated(layer.activation, context, painted)
