"""Layers that scale and shift."""

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
"""Keras' `backend.epsilon()`, the least standard deviation its Normalization divides by."""

LEAST = 1e-4
"""What numbers are divided by at least, so that none is divided by 0; float16 still holds it."""

FIRST = "_raw"
"""Ends the name of the first of the two operations that a scale and an offset take."""


def _along(values: NDArray[np.float32], axis: int, shape: Shape) -> NDArray[np.float32]:
    """One number per entry of an axis, shaped to broadcast in our layout."""
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

    The mean is taken off first, not folded into an offset: of 40,000 ± 1 a product keeps half the digits.
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
    """Mean and standard deviation, (size,) each, as the document gives them or as they were measured."""
    pairs = ((layer.mean, weights.get("mean")), (layer.variance, weights.get("variance")))
    mean, variance = (np.asarray(b if a is None else a, np.float32).reshape(-1) for a, b in pairs)
    deviation = np.maximum(np.sqrt(variance), np.float32(EPSILON))
    return np.broadcast_to(mean, size).copy(), np.broadcast_to(deviation, size).copy()


@emits(BatchNormalization)
def batch_normalization(layer: BatchNormalization, context: Context) -> Var:
    """With the means and variances gathered while training, it is a scale and an offset per channel."""
    shape, weights = context.input_shapes[0], context.weights
    axis = axis_of(layer.axis, shape)
    scale = weights.get("gamma", np.float32(1)) / np.sqrt(
        weights["moving_variance"] + np.float32(layer.epsilon)
    )
    offset = weights.get("beta", np.float32(0)) - weights["moving_mean"] * scale
    return _scaled(context, _along(scale, axis, shape), _along(offset, axis, shape))


@emits(GroupNormalization)
def group_normalization(layer: GroupNormalization, context: Context) -> Var:
    """Each group in a row of its own, brought to mean 0 and variance 1; then a scale and an offset."""
    shape, weights = context.input_shapes[0], context.weights
    axis = axis_of(layer.axis, shape)
    size = shape[position_of(layer.axis, shape)]
    groups = size if layer.groups == -1 else layer.groups
    order = [0, axis, *(place for place in range(1, len(shape) + 1) if place != axis)]
    turned = mb.transpose(x=context.input, perm=order) if order != sorted(order) else context.input
    rows = _standardised(mb.reshape(x=turned, shape=[1, groups, -1]), [2], layer.epsilon)
    value = mb.reshape(x=rows, shape=turned.shape)
    if order != sorted(order):
        value = mb.transpose(x=value, perm=np.argsort(order))
    if layer.scale:
        value = mb.mul(x=value, y=_along(weights["gamma"], axis, shape))
    if layer.center:
        value = mb.add(x=value, y=_along(weights["beta"], axis, shape))
    return mb.identity(x=value, name=context.name)


@emits(LayerNormalization)
def layer_normalization(layer: LayerNormalization, context: Context) -> Var:
    """Over the axes that are named; then a scale and an offset for each place on them."""
    shape = context.input_shapes[0]
    axes = [axis_of(axis, shape) for axis in layer.axes]
    value = _standardised(context.input, axes, layer.epsilon)
    if layer.scale:
        value = mb.mul(x=value, y=_over(context.weights["gamma"], axes, shape))
    if layer.center:
        value = mb.add(x=value, y=_over(context.weights["beta"], axes, shape))
    return mb.identity(x=value, name=context.name)


def _standardised(x: Var, axes: list[int], epsilon: float) -> Var:
    """Mean 0 and variance 1 over axes: (x - mean) / sqrt(variance + epsilon).

    Written out: of the operation that neural networks have, the place of epsilon is not beyond doubt. Both
    sides of the fraction are divided by the largest number m first. Squares are at most 1 then; in float16,
    which a phone may choose for itself, those of more than 255 would be infinite.
    """
    centred = mb.sub(x=x, y=mb.reduce_mean(x=x, axes=axes, keep_dims=True))
    least = np.float32(max(np.sqrt(epsilon), LEAST))
    largest = mb.maximum(x=mb.reduce_max(x=mb.abs(x=centred), axes=axes, keep_dims=True), y=least)
    small = mb.real_div(x=centred, y=largest)
    share = mb.real_div(x=np.float32(np.sqrt(epsilon)), y=largest)  # sqrt(epsilon) / m, at most 1
    variance = mb.reduce_mean(x=mb.mul(x=small, y=small), axes=axes, keep_dims=True)
    return mb.real_div(x=small, y=mb.sqrt(x=mb.add(x=variance, y=mb.mul(x=share, y=share))))


def _over(values: NDArray[np.float32], axes: list[int], shape: Shape) -> NDArray[np.float32]:
    """Numbers for some axes of our layout, in the order in which Keras has these, to broadcast."""
    kept = [axis_of(place, shape) in axes for place in range(1, len(shape) + 1)]
    spread = values.reshape([1, *(size if keep else 1 for size, keep in zip(shape, kept, strict=True))])
    return spread.transpose(0, 3, 1, 2) if len(shape) == 3 else spread
