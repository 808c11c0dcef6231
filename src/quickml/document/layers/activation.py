"""Activations as layers."""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quickml.document.layers.layer import (
    Activation_,
    BiasInitializer,
    Example,
    Layer,
    Parameters,
    Regularizer,
    axis_of,
    is_traced,
)
from quickml.fields import Shape


class Activation(Layer):
    """Applies a function to every number; `softmax` to the last axis."""

    group: ClassVar = "activation"
    example: ClassVar = Example((28, 28, 32), {"activation": "relu"})
    is_updatable: ClassVar = True

    type: Literal["Activation"] = "Activation"
    activation: Activation_

    def final_activation(self) -> str:
        return self.activation

    def has_gradient(self) -> bool:
        return is_traced(self.activation)


class ReLU(Layer):
    """max(x, 0), with Keras' options."""

    group: ClassVar = "activation"
    example: ClassVar = Example((28, 28, 32), {"max_value": 6.0})
    is_updatable: ClassVar = True

    type: Literal["ReLU"] = "ReLU"
    max_value: Annotated[float, Field(ge=0)] | None = None
    negative_slope: Annotated[float, Field(ge=0)] = 0.0
    threshold: Annotated[float, Field(ge=0)] = 0.0

    def has_gradient(self) -> bool:
        return (self.max_value, self.negative_slope, self.threshold) == (None, 0.0, 0.0)


class LeakyReLU(Layer):
    """x where positive, negative_slope * x elsewhere."""

    group: ClassVar = "activation"
    example: ClassVar = Example((64,), {"negative_slope": 0.1})
    is_updatable: ClassVar = True

    type: Literal["LeakyReLU"] = "LeakyReLU"
    negative_slope: Annotated[float, Field(ge=0)] = 0.3


class PReLU(Layer):
    """x where positive, alpha * x elsewhere, with a trainable alpha for each position."""

    group: ClassVar = "activation"
    example: ClassVar = Example((28, 28, 32), {"shared_axes": [1, 2]})

    type: Literal["PReLU"] = "PReLU"
    alpha_initializer: BiasInitializer = "zeros"
    alpha_regularizer: Regularizer | None = None
    shared_axes: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    """Axes that share one alpha, counted from 1: `[1, 2]` leaves one for each channel."""

    def alphas(self, shape: Shape) -> Shape:
        """The shape of the alphas for inputs of a shape."""
        shared = {axis_of(axis, shape, field="shared_axes") for axis in self.shared_axes or ()}
        return tuple(1 if place in shared else size for place, size in enumerate(shape))

    def output_shape(self, *shapes: Shape) -> Shape:
        self.alphas(shapes[0])
        return shapes[0]

    def parameters(self, *shapes: Shape) -> Parameters:
        return Parameters(trainable=math.prod(self.alphas(shapes[0])))


class ELU(Layer):
    """x where positive, alpha * (exp(x) - 1) elsewhere."""

    group: ClassVar = "activation"
    example: ClassVar = Example((64,), {"alpha": 0.5})
    is_updatable: ClassVar = True

    type: Literal["ELU"] = "ELU"
    alpha: Annotated[float, Field(ge=0)] = 1.0


class Softmax(Layer):
    """exp(x) divided by its sum along an axis, so that the outputs add up to 1."""

    group: ClassVar = "activation"
    example: ClassVar = Example((10,), {})
    is_updatable: ClassVar = True

    type: Literal["Softmax"] = "Softmax"
    axis: int = -1

    def output_shape(self, *shapes: Shape) -> Shape:
        axis_of(self.axis, shapes[0])
        return shapes[0]

    def final_activation(self) -> str:
        return "softmax"
