"""Convolutions and transposed convolutions."""

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
    """Keras' depthwise kernel (rows, columns, channels, multiplier) as a grouped one, one group per channel.

    Channel c produces the channels c * multiplier, c * multiplier + 1, ..., both in Keras and with groups.
    """
    rows, columns, channels, multiplier = kernel.shape
    weight = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, rows, columns)
    return {"weight": weight.copy(), "groups": channels}


@emits(DepthwiseConv2D)
def depthwise_conv2d(layer: DepthwiseConv2D, context: Context) -> Var:
    """A convolution with one group per channel."""
    arguments = _of_each_channel(context.weights["kernel"]) | _steps(layer) | _bias(context)
    return activated(layer.activation, context, lambda name: mb.conv(x=context.input, **arguments, name=name))


@emits(SeparableConv2D)
def separable_conv2d(layer: SeparableConv2D, context: Context) -> Var:
    """A depthwise convolution, then a 1 x 1 convolution over all channels."""
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
    """The full transposed convolution, cropped to the size of Keras' output.

    The formats differ in how, or do not define where, an output of a given size lies in the full result. The
    position is therefore explicit: if Keras' output is larger, the kernel is padded with zeros; if it is
    smaller, the result is cropped. TensorFlow defines the result as the gradient of a convolution: "same"
    crops half of the surplus, rounded down, at the start.
    """
    kernel = context.weights["kernel"]
    edges, missing = [], []
    for axis, stride in enumerate(layer.strides):
        extent, target = context.input_shapes[0][axis], context.output_shape[axis]
        surplus = (extent - 1) * stride + kernel.shape[axis] - target
        first = max(surplus, 0) // 2 if layer.padding == "same" else 0
        edges.append((first, max(surplus, 0) - first))
        missing.append((0, max(-surplus, 0)))
    kernel = np.pad(kernel, (*missing, (0, 0), (0, 0)))
    arguments = {"weight": kernel.transpose(3, 2, 0, 1).copy(), "strides": layer.strides} | _bias(context)

    def cropped(name: str) -> Var:
        if not any(map(any, edges)):
            return mb.conv_transpose(x=context.input, **arguments, name=name)
        whole = mb.conv_transpose(x=context.input, **arguments, name=f"{context.name}_whole")
        return mb.crop(x=whole, crop_height=edges[0], crop_width=edges[1], name=name)

    return activated(layer.activation, context, cropped)
