"""Regularization: dropout, noise and normalization."""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quickml.document.advice import write
from quickml.document.layers.layer import Example, Layer, Parameters, ShapeError, TrainingOnly, axis_of, image
from quickml.fields import BY_FORM, MANY, ONE, Fraction, PositiveFloat, Shape, one_or_many

Axes = Annotated[
    Annotated[int, ONE] | Annotated[tuple[int, ...], MANY],
    BY_FORM,
    one_or_many("an integer, or a list of integers"),
]


class Dropout(TrainingOnly):
    """Sets a random fraction of its inputs to zero during training."""

    group: ClassVar = "regularization"
    example: ClassVar = Example((64,), {"rate": 0.25})

    type: Literal["Dropout"] = "Dropout"
    rate: Fraction


class SpatialDropout2D(TrainingOnly):
    """Sets a random fraction of the channels of each image to zero during training."""

    group: ClassVar = "regularization"
    example: ClassVar = Example((28, 28, 32), {"rate": 0.25})

    type: Literal["SpatialDropout2D"] = "SpatialDropout2D"
    rate: Fraction

    def output_shape(self, *shapes: Shape) -> Shape:
        return image(shapes[0])


class GaussianNoise(TrainingOnly):
    """Adds normally distributed noise with mean 0 during training."""

    group: ClassVar = "regularization"
    example: ClassVar = Example((64,), {"stddev": 0.1})

    type: Literal["GaussianNoise"] = "GaussianNoise"
    stddev: Annotated[float, Field(ge=0, le=1)]
    """Standard deviation in the unit of the inputs; pixels behind a Rescaling range up to 1."""

    def needs_float32(self) -> bool:
        return True


class BatchNormalization(Layer):
    """Normalizes each channel to mean 0 and variance 1 over the batch, then scales and shifts it."""

    group: ClassVar = "normalization"
    example: ClassVar = Example((28, 28, 32), {})

    is_updatable: ClassVar = True

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

    def has_gradient(self) -> bool:
        return True


class GroupNormalization(Layer):
    """Normalizes groups of channels of each sample to mean 0 and variance 1, then scales and shifts them."""

    group: ClassVar = "normalization"
    example: ClassVar = Example((28, 28, 32), {"groups": 8})

    type: Literal["GroupNormalization"] = "GroupNormalization"
    groups: Annotated[int, Field(ge=-1)] = 32
    """-1 makes each channel its own group."""
    axis: int = -1
    epsilon: PositiveFloat = 0.001
    center: bool = True
    scale: bool = True

    def output_shape(self, *shapes: Shape) -> Shape:
        size = shapes[0][axis_of(self.axis, shapes[0])]
        if self.groups == 0 or size % self.groups:
            raise ShapeError(
                "groups",
                f"groups that divide the {size} entries of axis {self.axis}, or -1",
                str(self.groups),
                write("/groups", math.gcd(self.groups, size)),
                field="groups",
                then=shapes[0],
                found_groups=self.groups,
                entries=size,
            )
        return shapes[0]

    def parameters(self, *shapes: Shape) -> Parameters:
        size = shapes[0][axis_of(self.axis, shapes[0])]
        return Parameters(trainable=size * (self.center + self.scale))


class LayerNormalization(Layer):
    """Normalizes each sample along one or more axes to mean 0 and variance 1, then scales and shifts it."""

    group: ClassVar = "normalization"
    example: ClassVar = Example((28, 64), {})

    type: Literal["LayerNormalization"] = "LayerNormalization"
    axis: Axes = -1
    """For a sequence, -1 normalizes each step separately, `[1, 2]` all steps together."""
    epsilon: PositiveFloat = 0.001
    center: bool = True
    scale: bool = True

    @property
    def axes(self) -> tuple[int, ...]:
        """As the document has them, one or several."""
        return (self.axis,) if isinstance(self.axis, int) else self.axis

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if not self.axes or len({axis_of(axis, shape) for axis in self.axes}) < len(self.axes):
            raise ShapeError(
                "axes",
                "at least one axis, each once",
                str(list(self.axes)),
                field="axis",
                then=shape,
                found_axes=self.axes,
            )
        return shape

    def parameters(self, *shapes: Shape) -> Parameters:
        size = math.prod(shapes[0][axis_of(axis, shapes[0])] for axis in self.axes)
        return Parameters(trainable=size * (self.center + self.scale))
