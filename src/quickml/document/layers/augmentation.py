"""Layers that augment images during training.

They do nothing after training and are not part of exported files. Random numbers are derived from the
training's seed.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quickml.document.layers.layer import Example, TrainingOnly, image
from quickml.document.layers.resizing import Interpolation
from quickml.fields import BY_FORM, MANY, ONE, Shape, one_or_many

_two = one_or_many("a number, or a list of two numbers")
_Share = Annotated[float, Field(ge=-1, le=1)]
_Shares = Annotated[tuple[_Share, ...], Field(min_length=2, max_length=2)]
Factor = Annotated[Annotated[_Share, ONE] | Annotated[_Shares, MANY], BY_FORM, _two]
"""A range from -x to x, or a lower and an upper bound."""
_Zoom = Annotated[float, Field(gt=-1, le=1)]
_Zooms = Annotated[tuple[_Zoom, ...], Field(min_length=2, max_length=2)]
Zoom = Annotated[Annotated[_Zoom, ONE] | Annotated[_Zooms, MANY], BY_FORM, _two]
FillMode = Literal["reflect", "wrap", "constant", "nearest"]


class Augmentation(TrainingOnly):
    """A layer that varies images during training."""

    group: ClassVar = "augmentation"

    def output_shape(self, *shapes: Shape) -> Shape:
        return image(shapes[0])

    def needs_float32(self) -> bool:
        return True  # Keras' random transformations fail on bfloat16


class RandomFlip(Augmentation):
    """Mirrors images at random during training."""

    example: ClassVar = Example((28, 28, 1), {"mode": "horizontal"})

    type: Literal["RandomFlip"] = "RandomFlip"
    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = "horizontal_and_vertical"
    """`horizontal` swaps left and right."""


class _Transformation(Augmentation):
    fill_mode: FillMode = "reflect"
    """Values beyond the edges; `constant` uses `fill_value`."""
    interpolation: Interpolation = "bilinear"
    fill_value: float = 0.0


class RandomRotation(_Transformation):
    """Rotates images by a random angle during training."""

    example: ClassVar = Example((28, 28, 1), {"factor": 0.05, "fill_mode": "constant"})

    type: Literal["RandomRotation"] = "RandomRotation"
    factor: Factor
    """Fraction of a full turn: 0.05 is up to 18 degrees in both directions; or a lower and an upper bound."""


class RandomZoom(_Transformation):
    """Zooms images in or out by a random factor during training."""

    example: ClassVar = Example((28, 28, 1), {"height_factor": 0.1})

    type: Literal["RandomZoom"] = "RandomZoom"
    height_factor: Zoom
    """0.1 is up to 10 % in or out; with a lower and an upper bound, negative values zoom in."""
    width_factor: Zoom | None = None
    """Default: the factor of the height, which keeps proportions."""


class RandomTranslation(_Transformation):
    """Shifts images by a random distance during training."""

    example: ClassVar = Example((28, 28, 1), {"height_factor": 0.1, "width_factor": 0.1})

    type: Literal["RandomTranslation"] = "RandomTranslation"
    height_factor: Factor
    """Fraction of the height: 0.1 is up to 10 % up or down; with two bounds, negative values shift up."""
    width_factor: Factor
    """Fraction of the width; with two bounds, negative values shift left."""
