"""Layers that rearrange numbers."""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quickml.document.advice import told
from quickml.document.layers.layer import Example, Layer, ShapeError, shown
from quickml.fields import MAX_SIZE, Shape, Size


class Flatten(Layer):
    """All numbers in one row, in the order rows, columns, channels."""

    group: ClassVar = "reshaping"
    keeps_raw: ClassVar = True
    is_updatable: ClassVar = True
    example: ClassVar = Example((7, 7, 64), {})

    type: Literal["Flatten"] = "Flatten"

    def output_shape(self, *shapes: Shape) -> Shape:
        return (math.prod(shapes[0]),)

    def has_gradient(self) -> bool:
        return True


class Reshape(Layer):
    """The same numbers in the same order, in another shape."""

    group: ClassVar = "reshaping"
    keeps_raw: ClassVar = True
    is_updatable: ClassVar = True
    example: ClassVar = Example((28, 28, 1), {"target_shape": [14, 56]})

    type: Literal["Reshape"] = "Reshape"
    target_shape: Annotated[
        tuple[Annotated[int, Field(ge=-1, le=MAX_SIZE)], ...], Field(min_length=1, max_length=3)
    ]
    """One entry may be -1, which is inferred."""

    def output_shape(self, *shapes: Shape) -> Shape:
        total = math.prod(shapes[0])
        known = math.prod(size for size in self.target_shape if size != -1)
        wildcards = self.target_shape.count(-1)
        if wildcards > 1 or 0 in self.target_shape:
            raise ShapeError(
                "target-shape",
                "sizes of at least 1, and at most one -1",
                shown(self.target_shape),
                field="target_shape",
                found_shape=self.target_shape,
            )
        if (total % known) if wildcards else (total != known):
            raise ShapeError(
                "target-size",
                f"a shape that holds {total} numbers",
                shown(self.target_shape),
                told(f"the layer before gives {shown(shapes[0])}"),
                field="target_shape",
                numbers=total,
                input_shape=shapes[0],
                found_shape=self.target_shape,
            )
        return tuple(total // known if size == -1 else size for size in self.target_shape)

    def has_gradient(self) -> bool:
        return True


class Permute(Layer):
    """The axes in another order."""

    group: ClassVar = "reshaping"
    keeps_raw: ClassVar = True
    example: ClassVar = Example((28, 16), {"dims": [2, 1]})

    type: Literal["Permute"] = "Permute"
    dims: Annotated[tuple[Size, ...], Field(min_length=1, max_length=3)]
    """The new order of the axes, counted from 1: `[2, 1]` swaps two axes."""

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if sorted(self.dims) != list(range(1, len(shape) + 1)):
            expected = f"each of 1 to {len(shape)} once" if len(shape) > 1 else "[1]"
            raise ShapeError(
                "axes-order",
                expected,
                shown(self.dims),
                told(f"the layer before gives {shown(shape)}"),
                field="dims",
                axes=len(shape),
                found_dims=self.dims,
            )
        return tuple(shape[place - 1] for place in self.dims)
