"""Layers that move numbers about, or do nothing once training is over."""

from __future__ import annotations

from coremltools.converters.mil import Builder as mb

from quickml.coreml.emit.emitter import Context, Var, axis_of, emits, reshaped
from quickml.spec.layers import Layer
from quickml.spec.layers.merging import Add, Concatenate
from quickml.spec.layers.regularization import Dropout
from quickml.spec.layers.shape import Flatten, Reshape


@emits(Flatten, Reshape)
def reshape(layer: Layer, context: Context) -> Var:  # noqa: ARG001 - the shape says it all
    """Rows, columns, channels: Keras' order, whatever our layout."""
    return reshaped(context.input, context.input_shapes[0], context.output_shape, context.name)


@emits(Dropout)
def dropout(layer: Dropout, context: Context) -> Var:  # noqa: ARG001
    """Only training drops."""
    return mb.identity(x=context.input, name=context.name)


@emits(Add)
def add(layer: Add, context: Context) -> Var:  # noqa: ARG001
    """The sum of two or more."""
    total, *rest = context.inputs
    for index, value in enumerate(rest, 1):
        last = index == len(rest)
        total = mb.add(
            x=total, y=value, name=context.name if last else f"{context.name}_{index}_of_{len(rest)}"
        )
    return total


@emits(Concatenate)
def concatenate(layer: Concatenate, context: Context) -> Var:
    """Side by side."""
    axis = axis_of(layer.axis, context.input_shapes[0])
    return mb.concat(values=list(context.inputs), axis=axis, name=context.name)
