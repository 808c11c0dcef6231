"""Layers with several inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from coremltools.converters.mil import Builder as mb

from quickml.document.layers import Layer
from quickml.document.layers.merging import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from quickml.export.coreml.emit.emitter import Context, Var, axis_of, emits

_OPERATIONS: dict[type[Layer], Callable[..., Var]] = {
    Add: mb.add,
    Subtract: mb.sub,
    Multiply: mb.mul,
    Maximum: mb.maximum,
    Minimum: mb.minimum,
}


@emits(Add, Subtract, Multiply, Maximum, Minimum)
def merge(layer: Layer, context: Context) -> Var:
    """Combine all inputs, one after the other."""
    return _chained(_OPERATIONS[type(layer)], context, context.name)


@emits(Average)
def average(layer: Average, context: Context) -> Var:  # noqa: ARG001
    """The sum of all inputs, divided by their number."""
    total = _chained(mb.add, context, f"{context.name}_sum")
    return mb.mul(x=total, y=np.float32(1 / len(context.inputs)), name=context.name)


def _chained(operation: Callable[..., Var], context: Context, name: str) -> Var:
    """Apply a binary operation to two or more inputs; the last operation gets the name."""
    value, *rest = context.inputs
    for index, other in enumerate(rest, 1):
        last = index == len(rest)
        value = operation(x=value, y=other, name=name if last else f"{name}_{index}_of_{len(rest)}")
    return value


@emits(Concatenate)
def concatenate(layer: Concatenate, context: Context) -> Var:
    """Concatenate all inputs along an axis."""
    axis = axis_of(layer.axis, context.input_shapes[0])
    return mb.concat(values=list(context.inputs), axis=axis, name=context.name)
