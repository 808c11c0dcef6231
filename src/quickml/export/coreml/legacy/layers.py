"""All layers except activations."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from quickml.document.layers import LAYERS, Layer
from quickml.document.layers.convolution import Conv2D
from quickml.document.layers.dense import Dense
from quickml.document.layers.merging import Add, Average, Concatenate, Maximum, Minimum, Multiply
from quickml.document.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
)
from quickml.document.layers.preprocessing import Normalization, Rescaling
from quickml.document.layers.regularization import BatchNormalization
from quickml.document.layers.resizing import ZeroPadding2D
from quickml.document.layers.shape import Flatten, Reshape
from quickml.export.coreml.emit.normalization import moments
from quickml.export.coreml.legacy.activations import activated
from quickml.export.coreml.legacy.context import LegacyContext, Weights, add

_CHANNELS_LAST = 1
_EPSILON = 1e-5


def _identity(layer: Layer, context: LegacyContext) -> str:  # noqa: ARG001
    """Adds nothing: layers that act only in training are left out."""
    return context.inputs[0]


for _kind in LAYERS.values():
    if _kind.only_trains and _kind.is_updatable:
        add.register(_kind, _identity)


@add.register
def _dense(layer: Dense, context: LegacyContext) -> str:
    """Keras' kernel is (inputs, units), Core ML's (units, inputs)."""
    value = context.made(
        "inner_product",
        W=np.empty(0, np.float32),
        b=np.empty(0, np.float32),
        input_channels=context.channels,
        output_channels=layer.units,
        has_bias=layer.use_bias,
    )
    _fill(context.builder.layer_specs[context.node.name].innerProduct, context.weights, (1, 0))
    return activated(layer.activation, context, value)


@add.register
def _conv2d(layer: Conv2D, context: LegacyContext) -> str:
    """Keras' kernel is (rows, columns, channels, filters), Core ML's (filters, channels, rows, columns)."""
    value = context.made(
        "convolution",
        kernel_channels=context.channels // layer.groups,
        output_channels=layer.filters,
        height=layer.kernel_size[0],
        width=layer.kernel_size[1],
        stride_height=layer.strides[0],
        stride_width=layer.strides[1],
        border_mode=layer.padding,
        groups=layer.groups,
        W=np.empty((0, 0, 0, 0), np.float32),
        b=np.zeros(layer.filters, np.float32),
        has_bias=layer.use_bias,
        dilation_factors=layer.dilation_rate,
    )
    _fill(context.builder.layer_specs[context.node.name].convolution, context.weights, (3, 2, 0, 1))
    return activated(layer.activation, context, value)


def _fill(parameters: Any, weights: Weights, order: tuple[int, ...]) -> None:
    """Set kernel and bias as lists, which takes a quarter of the time that coremltools needs for arrays."""
    parameters.weights.floatValue[:] = weights["kernel"].transpose(order).reshape(-1).tolist()
    if "bias" in weights:
        parameters.bias.floatValue[:] = weights["bias"].tolist()


@add.register(MaxPooling2D)
@add.register(AveragePooling2D)
def _pooling(layer: MaxPooling2D | AveragePooling2D, context: LegacyContext) -> str:
    """Keras excludes padding from the mean."""
    steps = layer.strides or layer.pool_size
    return context.made(
        "pooling",
        *layer.pool_size,
        *steps,
        "MAX" if isinstance(layer, MaxPooling2D) else "AVERAGE",
        layer.padding,
        exclude_pad_area=True,
    )


@add.register(GlobalMaxPooling2D)
@add.register(GlobalAveragePooling2D)
def _global_pooling(layer: Layer, context: LegacyContext) -> str:
    """Rows and columns keep size 1, with and without `keepdims`."""
    kind = "MAX" if isinstance(layer, GlobalMaxPooling2D) else "AVERAGE"
    return context.made("pooling", 1, 1, 1, 1, kind, "valid", is_global=True)


@add.register
def _flatten(layer: Flatten, context: LegacyContext) -> str:  # noqa: ARG001
    if len(context.node.input_shapes[0]) == 1:
        return context.inputs[0]
    return context.made("flatten", _CHANNELS_LAST)


@add.register
def _reshape(layer: Reshape, context: LegacyContext) -> str:  # noqa: ARG001
    shape = context.node.output_shape
    target = (shape[0], 1, 1) if len(shape) == 1 else (shape[2], shape[0], shape[1])
    return context.made("reshape", target_shape=target, mode=_CHANNELS_LAST)


@add.register
def _zero_padding_2d(layer: ZeroPadding2D, context: LegacyContext) -> str:
    (top, bottom), (left, right) = layer.padding
    return context.made("padding", left, right, top, bottom, 0)


@add.register
def _batch_normalization(layer: BatchNormalization, context: LegacyContext) -> str:
    """Written as Core ML's batch normalization, which has a gradient; its parameters are not updated."""
    size, weights = context.channels, context.weights
    return context.made(
        "batchnorm",
        size,
        weights.get("gamma", np.ones(size, np.float32)),
        weights.get("beta", np.zeros(size, np.float32)),
        weights["moving_mean"],
        weights["moving_variance"],
        epsilon=layer.epsilon,
    )


@add.register
def _normalization(layer: Normalization, context: LegacyContext) -> str:
    """Without `invert`, the mean is subtracted first: folded into one offset, large values would lose digits.

    With `invert`, it is written as a batch normalization. A regression ends in this layer, so it needs a
    gradient, which Core ML's batch normalization has.
    """
    size = context.channels
    mean, deviation = moments(layer, context.weights, size)
    if layer.invert:
        variance = np.full(size, 1 - _EPSILON, np.float32)  # 1 after adding the epsilon, which cannot be 0
        zeros = np.zeros(size, np.float32)
        return context.made("batchnorm", size, deviation, mean, zeros, variance, epsilon=_EPSILON)
    centred = context.made("bias", -mean, part="centred", shape_bias=[size])
    return context.made("scale", 1 / deviation, None, False, of=centred, shape_scale=[size])


@add.register
def _rescaling(layer: Rescaling, context: LegacyContext) -> str:
    return context.made("activation", "LINEAR", params=[layer.scale, layer.offset])


@add.register
def _concatenate(layer: Concatenate, context: LegacyContext) -> str:  # noqa: ARG001
    return context.merged("CONCAT", context.inputs)


def _merge(mode: str, layer: Layer, context: LegacyContext) -> str:  # noqa: ARG001
    return context.merged(mode, context.inputs)


for _kind, _mode in (
    (Add, "ADD"),
    (Multiply, "MULTIPLY"),
    (Average, "AVE"),
    (Maximum, "MAX"),
    (Minimum, "MIN"),
):
    add.register(_kind, partial(_merge, _mode))
