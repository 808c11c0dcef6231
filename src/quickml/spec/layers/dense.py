"""Dense."""

from __future__ import annotations

from typing import ClassVar, Literal

from quickml.spec.layers.layer import (
    Activation_,
    BiasInitializer,
    Example,
    Initializer,
    Layer,
    Misfit,
    Parameters,
    Regularizer,
    shown,
)
from quickml.spec.part import Shape, Size


class Dense(Layer):
    """Every unit sees every input: y = activation(x · kernel + bias)."""

    example: ClassVar = Example((64,), {"units": 10})

    type: Literal["Dense"] = "Dense"
    units: Size
    activation: Activation_ = "linear"
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: Regularizer | None = None

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if len(shape) != 1:
            raise Misfit("a flat input", shown(shape), "put a Flatten before it", then=(self.units,))
        return (self.units,)

    def parameters(self, *shapes: Shape) -> Parameters:
        return Parameters(trainable=shapes[0][0] * self.units + self.use_bias * self.units)
