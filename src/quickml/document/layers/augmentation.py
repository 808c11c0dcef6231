"""Layers that vary what they are given while training, so that few samples teach as much as many.

They do nothing once training is over, and nothing of them is in the file. Random numbers follow from the
training's seed.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from quickml.document.layers.layer import Example, TrainingOnly, image
from quickml.document.layers.resizing import Interpolation
from quickml.fields import Shape


def _form(value: Any) -> str:
    return "bounds" if isinstance(value, list | tuple) else "number"


# With a Discriminator, a number that is too large is told as that, and not also as one that is no list.
_Share = Annotated[float, Field(ge=-1, le=1)]
Factor = Annotated[
    Annotated[_Share, Tag("number")]
    | Annotated[tuple[_Share, ...], Field(min_length=2, max_length=2), Tag("bounds")],
    Discriminator(_form),
]
"""From -x to x, or from a lower to an upper bound."""
_Zoom = Annotated[float, Field(gt=-1, le=1)]
Zoom = Annotated[
    Annotated[_Zoom, Tag("number")]
    | Annotated[tuple[_Zoom, ...], Field(min_length=2, max_length=2), Tag("bounds")],
    Discriminator(_form),
]
FillMode = Literal["reflect", "wrap", "constant", "nearest"]


class Augmentation(TrainingOnly):
    """A layer that varies pictures while training."""

    def output_shape(self, *shapes: Shape) -> Shape:
        return image(shapes[0])

    def needs_float32(self) -> bool:
        return True  # Keras' random transformations fail on bfloat16


class RandomFlip(Augmentation):
    """While training, mirrors each picture or leaves it as it is, by chance."""

    example: ClassVar = Example((28, 28, 1), {"mode": "horizontal"})

    type: Literal["RandomFlip"] = "RandomFlip"
    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = "horizontal_and_vertical"
    """`horizontal` swaps left and right."""


class _Transformation(Augmentation):
    fill_mode: FillMode = "reflect"
    """What comes in from beyond the edges; `constant` is `fill_value`."""
    interpolation: Interpolation = "bilinear"
    fill_value: float = 0.0


class RandomRotation(_Transformation):
    """While training, turns each picture by a random angle."""

    example: ClassVar = Example((28, 28, 1), {"factor": 0.05, "fill_mode": "constant"})

    type: Literal["RandomRotation"] = "RandomRotation"
    factor: Factor
    """In full turns: 0.05 is up to 18 degrees either way; or a lower and an upper bound."""


class RandomZoom(_Transformation):
    """While training, makes what is on each picture larger or smaller by a random factor."""

    example: ClassVar = Example((28, 28, 1), {"height_factor": 0.1})

    type: Literal["RandomZoom"] = "RandomZoom"
    height_factor: Zoom
    """0.1 is up to a tenth more or less; of a lower and an upper bound, negative ones enlarge."""
    width_factor: Zoom | None = None
    """As `height_factor` in the same picture where left out, which keeps proportions."""


class RandomTranslation(_Transformation):
    """While training, moves each picture by a random distance."""

    example: ClassVar = Example((28, 28, 1), {"height_factor": 0.1, "width_factor": 0.1})

    type: Literal["RandomTranslation"] = "RandomTranslation"
    height_factor: Factor
    """In heights: 0.1 is up to a tenth up or down; of a lower and an upper bound, negative ones move up."""
    width_factor: Factor
    """In widths; of a lower and an upper bound, negative ones move left."""
