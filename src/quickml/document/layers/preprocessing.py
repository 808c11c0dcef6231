"""Scaling of raw values."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quickml.document.layers.layer import Example, Layer, Parameters, ShapeError
from quickml.fields import BY_FORM, MANY, ONE, Numbers, Shape, one_or_many

_numbers = one_or_many("a number, or a list")
_Variance = Annotated[float, Field(ge=0)]
_Variances = tuple[_Variance, ...]
Mean = Annotated[Annotated[float, ONE] | Annotated[Numbers, MANY], BY_FORM, _numbers]
Variance = Annotated[Annotated[_Variance, ONE] | Annotated[_Variances, MANY], BY_FORM, _numbers]


class Rescaling(Layer):
    """x * scale + offset."""

    group: ClassVar = "preprocessing"
    example: ClassVar = Example((28, 28, 1), {"scale": 0.0039})
    scales_raw: ClassVar = True
    is_updatable: ClassVar = True

    type: Literal["Rescaling"] = "Rescaling"
    scale: float
    offset: float = 0.0

    def needs_float32(self) -> bool:
        return True  # bfloat16 keeps two or three digits, and raw 1013.25 needs six


class Normalization(Layer):
    """(x - mean) / sqrt(variance) for each entry of the last axis; with `invert`, the inverse.

    By default, mean and variance are measured on the training samples: on the inputs, or, with `invert`, on
    the targets. Of the inputs of a table, categories stay as they are, 0 or 1.
    """

    group: ClassVar = "preprocessing"
    example: ClassVar = Example((4,), {})
    scales_raw: ClassVar = True
    is_updatable: ClassVar = True

    type: Literal["Normalization"] = "Normalization"
    mean: Mean | None = None
    variance: Variance | None = None
    invert: bool = False

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if (self.mean is None) != (self.variance is None):
            missing = "variance" if self.variance is None else "mean"
            raise ShapeError(
                "mean-and-variance",
                "mean and variance together, or neither",
                f"no {missing}",
                field=missing,
                then=shape,
                missing=missing,
            )
        for key, value in (("mean", self.mean), ("variance", self.variance)):
            if isinstance(value, tuple) and len(value) != shape[-1]:
                raise ShapeError(
                    "number-of-values",
                    f"{shape[-1]} numbers",
                    str(len(value)),
                    field=key,
                    then=shape,
                    expected_values=shape[-1],
                    found_values=len(value),
                )
        return shape

    def parameters(self, *shapes: Shape) -> Parameters:
        measured = self.mean is None
        return Parameters(fixed=(2 * shapes[0][-1] + 1) if measured else 0)

    def needs_float32(self) -> bool:
        return True

    def has_gradient(self) -> bool:
        # Inverted, it is written as a batch normalization; forwards, exactness wants two other layers.
        return self.invert
