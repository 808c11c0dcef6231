"""Layers along the steps of a sequence. Core ML's windows move along the last axis, so features go first."""

from __future__ import annotations

from typing import Any

from coremltools.converters.mil import Builder as mb

from quickml.document.layers.sequence import (
    AveragePooling1D,
    Conv1D,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    MaxPooling1D,
    RepeatVector,
    ZeroPadding1D,
)
from quickml.export.coreml.emit.activation import activated
from quickml.export.coreml.emit.emitter import Context, Var, emits

SWAPPED = [0, 2, 1]
"""Permutation of (1, steps, features) to (1, features, steps), and back."""


def _swapped(value: Var) -> Var:
    return mb.transpose(x=value, perm=SWAPPED)


@emits(Conv1D)
def conv1d(layer: Conv1D, context: Context) -> Var:
    """Keras' kernel is (steps, features, filters), Core ML's (filters, features, steps)."""
    arguments: dict[str, Any] = {
        "x": _swapped(context.input),
        "weight": context.weights["kernel"].transpose(2, 1, 0).copy(),
        "strides": [layer.strides],
        "pad_type": layer.padding,
        "dilations": [layer.dilation_rate],
        "groups": layer.groups,
    }
    if layer.padding == "causal":  # all padding is before the first step
        arguments |= {"pad_type": "custom", "pad": [(layer.kernel_size - 1) * layer.dilation_rate, 0]}
    if "bias" in context.weights:
        arguments["bias"] = context.weights["bias"]
    value = mb.conv(**arguments, name=f"{context.name}_along")
    return activated(layer.activation, context, lambda name: mb.transpose(x=value, perm=SWAPPED, name=name))


def _pooled(layer: MaxPooling1D | AveragePooling1D, context: Context, pool: Any, **others: Any) -> Var:
    value = pool(
        x=_swapped(context.input),
        kernel_sizes=[layer.pool_size],
        strides=[layer.strides or layer.pool_size],
        pad_type=layer.padding,
        name=f"{context.name}_along",
        **others,
    )
    return mb.transpose(x=value, perm=SWAPPED, name=context.name)


@emits(MaxPooling1D)
def max_pooling_1d(layer: MaxPooling1D, context: Context) -> Var:
    """The maximum of each window."""
    return _pooled(layer, context, mb.max_pool)


@emits(AveragePooling1D)
def average_pooling_1d(layer: AveragePooling1D, context: Context) -> Var:
    """The mean of each window; Keras excludes padding from the mean."""
    return _pooled(layer, context, mb.avg_pool, exclude_padding_from_average=True)


@emits(GlobalAveragePooling1D)
def global_average_pooling_1d(layer: GlobalAveragePooling1D, context: Context) -> Var:
    """The mean over the steps."""
    return mb.reduce_mean(x=context.input, axes=[1], keep_dims=layer.keepdims, name=context.name)


@emits(GlobalMaxPooling1D)
def global_max_pooling_1d(layer: GlobalMaxPooling1D, context: Context) -> Var:
    """The maximum over the steps."""
    return mb.reduce_max(x=context.input, axes=[1], keep_dims=layer.keepdims, name=context.name)


@emits(ZeroPadding1D)
def zero_padding_1d(layer: ZeroPadding1D, context: Context) -> Var:
    """Pad the sequence with steps of zeros."""
    pad = [0, 0, *layer.padding, 0, 0]
    return mb.pad(x=context.input, pad=pad, mode="constant", constant_val=0.0, name=context.name)


@emits(RepeatVector)
def repeat_vector(layer: RepeatVector, context: Context) -> Var:
    """Repeat the input as n steps."""
    return mb.tile(x=mb.expand_dims(x=context.input, axes=[1]), reps=[1, layer.n, 1], name=context.name)
