"""Layers that scale and shift."""

from __future__ import annotations

import numpy as np
from coremltools.converters.mil import Builder as mb
from numpy.typing import NDArray

from quickml.coreml.emit.emitter import Context, Var, axis_of, emits
from quickml.spec.layers.preprocessing import Normalization, Rescaling
from quickml.spec.layers.regularization import BatchNormalization
from quickml.spec.part import Shape

EPSILON = 1e-7
"""Keras' `backend.epsilon()`, the least standard deviation its Normalization divides by."""


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
    mean, variance = _moments(layer, context, shape[-1])
    deviation = np.maximum(np.sqrt(variance), np.float32(EPSILON))
    mean, deviation = _along(mean, axis, shape), _along(deviation, axis, shape)
    if layer.invert:
        return _scaled(context, deviation, mean)
    centred = mb.sub(x=context.input, y=mean, name=context.name + FIRST)
    return mb.mul(x=centred, y=1 / deviation, name=context.name)


def _moments(
    layer: Normalization, context: Context, size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    given = (layer.mean, layer.variance)
    measured = (context.weights.get("mean"), context.weights.get("variance"))
    pairs = zip(given, measured, strict=True)
    mean, variance = (np.asarray(b if a is None else a, np.float32).reshape(-1) for a, b in pairs)
    return np.broadcast_to(mean, size).copy(), np.broadcast_to(variance, size).copy()


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
