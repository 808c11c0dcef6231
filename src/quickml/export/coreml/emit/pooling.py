"""Pooling over windows and over the whole image."""

from __future__ import annotations

from typing import Any

from coremltools.converters.mil import Builder as mb

from quickml.document.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
)
from quickml.export.coreml.emit.emitter import Context, Var, emits


def _window(layer: MaxPooling2D | AveragePooling2D, context: Context) -> dict[str, Any]:
    return {
        "x": context.input,
        "kernel_sizes": layer.pool_size,
        "strides": layer.strides or layer.pool_size,
        "pad_type": layer.padding,
        "name": context.name,
    }


@emits(MaxPooling2D)
def max_pooling_2d(layer: MaxPooling2D, context: Context) -> Var:
    """The maximum of each window."""
    return mb.max_pool(**_window(layer, context))


@emits(AveragePooling2D)
def average_pooling_2d(layer: AveragePooling2D, context: Context) -> Var:
    """The mean of each window; Keras excludes padding from the mean."""
    return mb.avg_pool(**_window(layer, context), exclude_padding_from_average=True)


@emits(GlobalAveragePooling2D)
def global_average_pooling_2d(layer: GlobalAveragePooling2D, context: Context) -> Var:
    """The mean over rows and columns."""
    return mb.reduce_mean(x=context.input, axes=[2, 3], keep_dims=layer.keepdims, name=context.name)


@emits(GlobalMaxPooling2D)
def global_max_pooling_2d(layer: GlobalMaxPooling2D, context: Context) -> Var:
    """The maximum over rows and columns."""
    return mb.reduce_max(x=context.input, axes=[2, 3], keep_dims=layer.keepdims, name=context.name)
