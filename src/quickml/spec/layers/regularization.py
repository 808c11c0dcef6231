"""Layers that help training along."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quickml.spec.layers.layer import Example, Layer, Parameters, axis_of
from quickml.spec.part import Fraction, PositiveFloat, Shape


class Dropout(Layer):
    """While training, sets a random share of its inputs to zero; nothing afterwards."""

    example: ClassVar = Example((64,), {"rate": 0.25})

    type: Literal["Dropout"] = "Dropout"
    rate: Fraction


class BatchNormalization(Layer):
    """Brings each channel to mean 0 and variance 1 over the batch, then scales and shifts it."""

    example: ClassVar = Example((28, 28, 32), {})

    type: Literal["BatchNormalization"] = "BatchNormalization"
    axis: int = -1
    momentum: Annotated[float, Field(ge=0, le=1)] = 0.99
    epsilon: PositiveFloat = 0.001
    center: bool = True
    scale: bool = True

    def output_shape(self, *shapes: Shape) -> Shape:
        axis_of(self.axis, shapes[0])
        return shapes[0]

    def parameters(self, *shapes: Shape) -> Parameters:
        size = shapes[0][axis_of(self.axis, shapes[0])]
        return Parameters(trainable=size * (self.center + self.scale), fixed=2 * size)
