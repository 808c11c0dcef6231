"""Layers of several inputs."""

from typing import ClassVar, Literal

from quickml.document.layers.layer import Example, Layer, ShapeError, axis_of, shown
from quickml.fields import Shape


class _Merge(Layer):
    group: ClassVar = "merging"
    merges: ClassVar[bool] = True
    is_updatable: ClassVar[bool] = True


class _NumberByNumber(_Merge):
    def output_shape(self, *shapes: Shape) -> Shape:
        if len(set(shapes)) > 1:
            raise ShapeError(
                "shapes-differ",
                "inputs of one shape",
                " and ".join(map(shown, shapes)),
                field="inputs",
                then=shapes[0],
                input_shapes=shapes,
            )
        return shapes[0]


class Add(_NumberByNumber):
    """The sum of inputs of equal shape, number by number."""

    example: ClassVar = Example((28, 28, 32), {})

    type: Literal["Add"] = "Add"


class Subtract(_NumberByNumber):
    """The first of two inputs less the second, number by number."""

    example: ClassVar = Example((28, 28, 32), {})

    is_updatable: ClassVar = False

    type: Literal["Subtract"] = "Subtract"

    def output_shape(self, *shapes: Shape) -> Shape:
        if len(shapes) != 2:
            raise ShapeError(
                "number-of-inputs",
                "two inputs",
                str(len(shapes)),
                field="inputs",
                then=shapes[0],
                minimum=2,
                maximum=2,
                found_inputs=len(shapes),
            )
        return super().output_shape(*shapes)


class Multiply(_NumberByNumber):
    """The product of inputs of equal shape, number by number."""

    example: ClassVar = Example((28, 28, 32), {})

    type: Literal["Multiply"] = "Multiply"


class Average(_NumberByNumber):
    """The mean of inputs of equal shape, number by number."""

    example: ClassVar = Example((28, 28, 32), {})

    type: Literal["Average"] = "Average"


class Maximum(_NumberByNumber):
    """The largest of inputs of equal shape, number by number."""

    example: ClassVar = Example((28, 28, 32), {})

    type: Literal["Maximum"] = "Maximum"


class Minimum(_NumberByNumber):
    """The smallest of inputs of equal shape, number by number."""

    example: ClassVar = Example((28, 28, 32), {})

    type: Literal["Minimum"] = "Minimum"


class Concatenate(_Merge):
    """The inputs side by side along an axis."""

    example: ClassVar = Example((28, 28, 32), {})

    type: Literal["Concatenate"] = "Concatenate"
    axis: int = -1

    def output_shape(self, *shapes: Shape) -> Shape:
        first = shapes[0]
        position = axis_of(self.axis, first)
        for other in shapes[1:]:
            same_rank = len(other) == len(first)
            if not same_rank or any(
                a != b for i, (a, b) in enumerate(zip(first, other, strict=True)) if i != position
            ):
                raise ShapeError(
                    "shapes-differ",
                    f"inputs alike except along axis {self.axis}",
                    " and ".join(map(shown, shapes)),
                    field="inputs",
                    input_shapes=shapes,
                    axis=self.axis,
                )
        joined = sum(shape[position] for shape in shapes)
        return (*first[:position], joined, *first[position + 1 :])
