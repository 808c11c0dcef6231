"""Activations that are layers of their own."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quickml.spec.layers.layer import Activation_, Example, Layer, axis_of
from quickml.spec.part import Shape


class Activation(Layer):
    """Applies a function to every number; `softmax` to the last axis."""

    example: ClassVar = Example((28, 28, 32), {"activation": "relu"})

    type: Literal["Activation"] = "Activation"
    activation: Activation_


class ReLU(Layer):
    """max(x, 0), with Keras' variations."""

    example: ClassVar = Example((28, 28, 32), {"max_value": 6.0})

    type: Literal["ReLU"] = "ReLU"
    max_value: Annotated[float, Field(ge=0)] | None = None
    negative_slope: Annotated[float, Field(ge=0)] = 0.0
    threshold: Annotated[float, Field(ge=0)] = 0.0


class LeakyReLU(Layer):
    """x where positive, negative_slope * x elsewhere."""

    example: ClassVar = Example((64,), {"negative_slope": 0.1})

    type: Literal["LeakyReLU"] = "LeakyReLU"
    negative_slope: Annotated[float, Field(ge=0)] = 0.3


class Softmax(Layer):
    """exp(x) divided by its sum along an axis: numbers that add up to 1."""

    example: ClassVar = Example((10,), {})

    type: Literal["Softmax"] = "Softmax"
    axis: int = -1

    def output_shape(self, *shapes: Shape) -> Shape:
        axis_of(self.axis, shapes[0])
        return shapes[0]
