"""Padding, cropping and resizing of images."""

from typing import ClassVar, Literal

from quickml.document.layers.layer import Example, Layer, ShapeError, image, shown
from quickml.fields import Padding, Pair, Shape, Size

Interpolation = Literal["nearest", "bilinear"]


class ZeroPadding2D(Layer):
    """Adds a margin of zeros around the image."""

    group: ClassVar = "reshaping"
    keeps_raw: ClassVar = True
    example: ClassVar = Example((28, 28, 1), {"padding": 2})
    is_updatable: ClassVar = True

    type: Literal["ZeroPadding2D"] = "ZeroPadding2D"
    padding: Padding = ((1, 1), (1, 1))

    def output_shape(self, *shapes: Shape) -> Shape:
        height, width, channels = image(shapes[0])
        return (height + sum(self.padding[0]), width + sum(self.padding[1]), channels)


class Cropping2D(Layer):
    """Removes rows and columns at the edges of the image."""

    group: ClassVar = "reshaping"
    keeps_raw: ClassVar = True
    example: ClassVar = Example((28, 28, 1), {"cropping": 4})

    type: Literal["Cropping2D"] = "Cropping2D"
    cropping: Padding = ((0, 0), (0, 0))

    def output_shape(self, *shapes: Shape) -> Shape:
        height, width, channels = image(shapes[0])
        rows, columns = height - sum(self.cropping[0]), width - sum(self.cropping[1])
        if min(rows, columns) < 1:
            raise ShapeError(
                "cropping",
                f"less than the {height} rows and {width} columns there are",
                shown(tuple(map(sum, self.cropping))),
                field="cropping",
                input_shape=shapes[0],
                found_cropping=self.cropping,
            )
        return (rows, columns, channels)


class UpSampling2D(Layer):
    """Enlarges the image `size` times by repeating or interpolating pixels."""

    group: ClassVar = "reshaping"
    keeps_raw: ClassVar = True
    example: ClassVar = Example((7, 7, 16), {"size": 2})

    type: Literal["UpSampling2D"] = "UpSampling2D"
    size: Pair = (2, 2)
    interpolation: Interpolation = "nearest"

    def output_shape(self, *shapes: Shape) -> Shape:
        height, width, channels = image(shapes[0])
        return (height * self.size[0], width * self.size[1], channels)


class Resizing(Layer):
    """Resizes the image."""

    group: ClassVar = "reshaping"
    keeps_raw: ClassVar = True
    example: ClassVar = Example((28, 28, 1), {"height": 20, "width": 20})

    type: Literal["Resizing"] = "Resizing"
    height: Size
    width: Size
    interpolation: Interpolation = "bilinear"

    def output_shape(self, *shapes: Shape) -> Shape:
        *_, channels = image(shapes[0])
        return (self.height, self.width, channels)

    def needs_float32(self) -> bool:
        return True
