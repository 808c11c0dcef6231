"""Normalization layers, and other layers that scale and shift."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from coremltools.converters.mil import Builder as mb
from numpy.typing import NDArray

from quickml.document.layers.layer import axis_of as position_of
from quickml.document.layers.preprocessing import Normalization, Rescaling
from quickml.document.layers.regularization import BatchNormalization, GroupNormalization, LayerNormalization
from quickml.export.coreml.emit.emitter import Context, Var, axis_of, emits
from quickml.fields import Shape

EPSILON = 1e-7
"""Keras' `backend.epsilon()`, the minimum standard deviation that its Normalization divides by."""

LEAST = 1e-4
"""Minimum divisor, which avoids a division by 0; it is in the range of float16."""

FIRST = "_raw"
"""Suffix for the first of the two operations of a scale and an offset."""


def _along(values: NDArray[np.float32], axis: int, shape: Shape) -> NDArray[np.float32]:
    """Reshape one value per entry of an axis, so that it broadcasts in Core ML's layout."""
    sizes = [1] * (len(shape) + 1)
    sizes[axis] = -1
    return values.reshape(sizes)


def _scaled(context: Context, scale: NDArray[np.float32], offset: NDArray[np.float32]) -> Var:
    product = mb.mul(x=context.input, y=scale, name=context.name + FIRST)
    return mb.add(x=product, y=offset, name=context.name)


@emits(Rescaling)
def rescaling(layer: Rescaling, context: Context) -> Var:
    """x * scale + offset."""
    if layer.offset == 0:
        return mb.mul(x=context.input, y=np.float32(layer.scale), name=context.name)
    return _scaled(context, np.asarray(layer.scale, np.float32), np.asarray(layer.offset, np.float32))


@emits(Normalization)
def normalization(layer: Normalization, context: Context) -> Var:
    """(x - mean) / deviation, or with `invert` x * deviation + mean.

    The mean is subtracted first instead of folded into an offset, where values of 40,000 ± 1 would lose half
    of their digits.
    """
    shape = context.input_shapes[0]
    axis = axis_of(-1, shape)
    mean, deviation = moments(layer, context.weights, shape[-1])
    mean, deviation = _along(mean, axis, shape), _along(deviation, axis, shape)
    if layer.invert:
        return _scaled(context, deviation, mean)
    centred = mb.sub(x=context.input, y=mean, name=context.name + FIRST)
    return mb.mul(x=centred, y=1 / deviation, name=context.name)


def moments(
    layer: Normalization, weights: Mapping[str, NDArray[np.float32]], size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation, (size,) each, from the document or else from the weights."""
    pairs = ((layer.mean, weights.get("mean")), (layer.variance, weights.get("variance")))
    mean, variance = (np.asarray(b if a is None else a, np.float32).reshape(-1) for a, b in pairs)
    deviation = np.maximum(np.sqrt(variance), np.float32(EPSILON))
    return np.broadcast_to(mean, size).copy(), np.broadcast_to(deviation, size).copy()


@emits(BatchNormalization)
def batch_normalization(layer: BatchNormalization, context: Context) -> Var:
    """A scale and an offset per channel, computed from the moving mean and variance."""
    shape, weights = context.input_shapes[0], context.weights
    axis = axis_of(layer.axis, shape)
    scale = weights.get("gamma", np.float32(1)) / np.sqrt(
        weights["moving_variance"] + np.float32(layer.epsilon)
    )
    offset = weights.get("beta", np.float32(0)) - weights["moving_mean"] * scale
    return _scaled(context, _along(scale, axis, shape), _along(offset, axis, shape))


@emits(GroupNormalization)
def group_normalization(layer: GroupNormalization, context: Context) -> Var:
    """Reshape to one row per group, standardize the rows, then apply scale and offset."""
    shape, weights = context.input_shapes[0], context.weights
    axis = axis_of(layer.axis, shape)
    size = shape[position_of(layer.axis, shape)]
    groups = size if layer.groups == -1 else layer.groups
    order = [0, axis, *(other for other in range(1, len(shape) + 1) if other != axis)]
    transposed = mb.transpose(x=context.input, perm=order) if order != sorted(order) else context.input
    rows = _standardised(mb.reshape(x=transposed, shape=[1, groups, -1]), [2], layer.epsilon)
    value = mb.reshape(x=rows, shape=transposed.shape)
    if order != sorted(order):
        value = mb.transpose(x=value, perm=np.argsort(order))
    if layer.scale:
        value = mb.mul(x=value, y=_along(weights["gamma"], axis, shape))
    if layer.center:
        value = mb.add(x=value, y=_along(weights["beta"], axis, shape))
    return mb.identity(x=value, name=context.name)


@emits(LayerNormalization)
def layer_normalization(layer: LayerNormalization, context: Context) -> Var:
    """Standardize over the layer's axes, then apply a scale and an offset per entry of these axes."""
    shape = context.input_shapes[0]
    axes = [axis_of(axis, shape) for axis in layer.axes]
    value = _standardised(context.input, axes, layer.epsilon)
    if layer.scale:
        value = mb.mul(x=value, y=_over(context.weights["gamma"], axes, shape))
    if layer.center:
        value = mb.add(x=value, y=_over(context.weights["beta"], axes, shape))
    return mb.identity(x=value, name=context.name)


def _standardised(x: Var, axes: list[int], epsilon: float) -> Var:
    """Scale to mean 0 and variance 1 over axes: (x - mean) / sqrt(variance + epsilon).

    This uses elementary operations, because the format does not clearly define where neural networks' own
    operation adds epsilon. Numerator and denominator are first divided by the largest absolute value m, so
    that squares are at most 1. A phone may compute in float16, where the square of a number above 255 is
    infinite.
    """
    centred = mb.sub(x=x, y=mb.reduce_mean(x=x, axes=axes, keep_dims=True))
    least = np.float32(max(np.sqrt(epsilon), LEAST))
    largest = mb.maximum(x=mb.reduce_max(x=mb.abs(x=centred), axes=axes, keep_dims=True), y=least)
    small = mb.real_div(x=centred, y=largest)
    share = mb.real_div(x=np.float32(np.sqrt(epsilon)), y=largest)  # sqrt(epsilon) / m, at most 1
    variance = mb.reduce_mean(x=mb.mul(x=small, y=small), axes=axes, keep_dims=True)
    return mb.real_div(x=small, y=mb.sqrt(x=mb.add(x=variance, y=mb.mul(x=share, y=share))))


def _over(values: NDArray[np.float32], axes: list[int], shape: Shape) -> NDArray[np.float32]:
    """Reshape values for some axes of Core ML's layout, given in Keras' order, so that they broadcast."""
    has_values = [axis_of(axis, shape) in axes for axis in range(1, len(shape) + 1)]
    sizes = (size if has else 1 for size, has in zip(shape, has_values, strict=True))
    expanded = values.reshape([1, *sizes])
    return expanded.transpose(0, 3, 1, 2) if len(shape) == 3 else expanded
