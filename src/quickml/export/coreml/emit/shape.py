"""Layers that only rearrange elements."""

from __future__ import annotations

from coremltools.converters.mil import Builder as mb

from quickml.document.layers import Layer
from quickml.document.layers.shape import Flatten, Permute, Reshape
from quickml.export.coreml.emit.emitter import Context, Var, channels_last, emits, reshaped


@emits(Flatten, Reshape)
def reshape(layer: Layer, context: Context) -> Var:  # noqa: ARG001 - the output shape is sufficient
    """Reshape in Keras' order of elements: rows, columns, channels."""
    return reshaped(context.input, context.input_shapes[0], context.output_shape, context.name)


@emits(Permute)
def permute(layer: Permute, context: Context) -> Var:
    """Permute Keras' axes, then convert to Core ML's layout."""
    value = channels_last(context.input, context.input_shapes[0])
    if len(layer.dims) != 3:
        return mb.transpose(x=value, perm=[0, *layer.dims], name=context.name)
    height, width, channels = layer.dims
    return mb.transpose(x=value, perm=[0, channels, height, width], name=context.name)
