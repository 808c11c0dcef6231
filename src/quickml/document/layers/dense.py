"""Dense."""

import math
from typing import ClassVar, Literal

from quickml.document.layers.layer import (
    FLATTEN_BEFORE,
    Example,
    Parameters,
    ShapeError,
    Weighted,
    is_traced,
    shown,
)
from quickml.fields import Shape, Size


class Dense(Weighted):
    """Fully connected: y = activation(x · kernel + bias). Applied to each step of a sequence separately."""

    group: ClassVar = "core"
    example: ClassVar = Example((64,), {"units": 10})
    is_updatable: ClassVar = True
    learns_on_phone: ClassVar = True

    type: Literal["Dense"] = "Dense"
    units: Size

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if len(shape) > 2:
            raise ShapeError(
                "not-flat",
                "a flat input",
                shown(shape),
                FLATTEN_BEFORE,
                then=(self.units,),
                input_shape=shape,
            )
        return (*shape[:-1], self.units)

    def parameters(self, *shapes: Shape) -> Parameters:
        return Parameters(trainable=shapes[0][-1] * self.units + self.use_bias * self.units)

    def multiply_adds(self, *shapes: Shape) -> int:
        return math.prod(shapes[0]) * self.units

    def final_activation(self) -> str:
        return self.activation

    def has_gradient(self) -> bool:
        return is_traced(self.activation)
