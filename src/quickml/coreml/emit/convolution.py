"""Convolutions and what prepares their margins."""

from __future__ import annotations

from typing import Any

from coremltools.converters.mil import Builder as mb

from quickml.coreml.emit.activation import activated
from quickml.coreml.emit.emitter import Context, Var, emits
from quickml.spec.layers.convolution import Conv2D, ZeroPadding2D


@emits(Conv2D)
def conv2d(layer: Conv2D, context: Context) -> Var:
    """Keras' kernel is (rows, columns, channels, filters), Core ML's (filters, channels, rows, columns)."""
    arguments: dict[str, Any] = {
        "x": context.input,
        "weight": context.weights["kernel"].transpose(3, 2, 0, 1).copy(),
        "strides": layer.strides,
        "pad_type": layer.padding,
        "dilations": layer.dilation_rate,
        "groups": layer.groups,
    }
    if "bias" in context.weights:
        arguments["bias"] = context.weights["bias"]
    return activated(layer.activation, context, lambda name: mb.conv(**arguments, name=name))


@emits(ZeroPadding2D)
def zero_padding_2d(layer: ZeroPadding2D, context: Context) -> Var:
    """Margins of zeros; none for the batch and the channels."""
    pad = [0, 0, 0, 0, *layer.padding[0], *layer.padding[1]]
    return mb.pad(x=context.input, pad=pad, mode="constant", constant_val=0.0, name=context.name)
