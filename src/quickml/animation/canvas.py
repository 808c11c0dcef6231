"""Drawing on an image in units that do not depend on its size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from quickml.animation.colors import GREY, INK, PAPER, Color, Pixels
from quickml.animation.letters import drawable
from quickml.text import printable

SMOOTHING = 4
"""Lines are drawn this much larger, and reduced: Pillow draws lines without antialiasing."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@cache
def font(size: int) -> Any:
    """The font that Pillow contains, so that pictures are the same on every machine."""
    return ImageFont.load_default(size)


class Canvas:
    """An image, and the number of its pixels per unit."""

    def __init__(self, width: float, height: float, scale: float) -> None:
        self.scale = scale
        self.image = Image.new("RGB", (self.pixels(width), self.pixels(height)), PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def pixels(self, units: float) -> int:
        """Whole pixels of a length, at least one."""
        return max(1, round(units * self.scale))

    def at(self, units: float) -> int:
        """The pixel at a coordinate."""
        return round(units * self.scale)

    def text(
        self, x: float, y: float, text: str, *, size: float = 11, color: Color = INK, anchor: str = "ls"
    ) -> float:
        """Write one line, and return its width. `y` is its baseline; `anchor` as Pillow defines it."""
        drawn, chosen = drawable(printable(text, 80)), font(round(size * self.scale * SMOOTHING))
        left, top, right, bottom = chosen.getbbox(drawn, anchor=anchor)
        place = self.at(x) + math.floor(left / SMOOTHING), self.at(y) + math.floor(top / SMOOTHING)
        width, height = (math.ceil(length / SMOOTHING) + 2 for length in (right - left, bottom - top))
        mask = Image.new("L", (width * SMOOTHING, height * SMOOTHING))
        corner = -SMOOTHING * math.floor(left / SMOOTHING), -SMOOTHING * math.floor(top / SMOOTHING)
        ImageDraw.Draw(mask).text(corner, drawn, fill=255, font=chosen, anchor=anchor)
        self.image.paste(color, place, mask.resize((width, height), Image.Resampling.BOX))
        return float(chosen.getlength(drawn)) / SMOOTHING / self.scale

    def picture(self, pixels: Pixels, box: Box) -> None:
        """Fill a box with an image."""
        left, top, right, bottom = map(self.at, box)
        size = max(1, right - left), max(1, bottom - top)
        self.image.paste(Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST), (left, top))

    def frame(self, box: Box, color: Color) -> None:
        """A thin outline just outside a box."""
        left, top, right, bottom = map(self.at, box)
        self._draw.rectangle((left - 1, top - 1, right, bottom), outline=color)

    def line(self, points: Sequence[tuple[float, float]], color: Color, width: float = 1) -> None:
        """A hard horizontal or vertical line."""
        places = [(self.at(x), self.at(y)) for x, y in points]
        self._draw.line(places, fill=color, width=self.pixels(width))

    def rectangle(self, box: Box, color: Color) -> None:
        """A filled box; nothing if it is lower than half a pixel."""
        left, top, right, bottom = map(self.at, box)
        if right > left and bottom > top:
            self._draw.rectangle((left, top, right - 1, bottom - 1), fill=color)

    def curves(self, curves: Sequence[tuple[Sequence[tuple[float, float]], Color, float]], box: Box) -> None:
        """Smooth lines with these widths, inside a box; a line of one point is a dot."""
        left, top, right, bottom = map(self.at, box)
        factor = SMOOTHING * self.scale
        area = self.image.crop((left, top, right, bottom)).resize(
            ((right - left) * SMOOTHING, (bottom - top) * SMOOTHING), Image.Resampling.NEAREST
        )
        draw = ImageDraw.Draw(area)
        for points, color, width in curves:
            places = [((x - box[0]) * factor, (y - box[1]) * factor) for x, y in points]
            if len(places) == 1:
                (x, y), radius = places[0], width * factor / 2
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
            else:
                draw.line(places, fill=color, width=max(1, round(width * factor)), joint="curve")
        self.image.paste(area.resize((right - left, bottom - top), Image.Resampling.BOX), (left, top))

    def caption(self, x: float, y: float, text: str, more: str, right: float) -> None:
        """A small heading: what is shown, then in grey what it is, if there is room for it."""
        width = self.text(x, y, text, size=11)
        if more and x + width + 6 + font(11).getlength(more) <= right:
            self.text(x + width + 6, y, more, size=11, color=GREY)


def dots(size: int, points: Sequence[tuple[float, float, Color]], radius: float) -> Image.Image:
    """A transparent square with dots at shares of its sides, each with a white rim; made once per film."""
    large = size * SMOOTHING
    layer = Image.new("RGBA", (large, large), (255, 255, 255, 0))
    draw = ImageDraw.Draw(layer)
    for x, y, color in points:
        for distance, fill in ((radius + 0.7, (255, 255, 255)), (radius, color)):
            reach = distance * SMOOTHING
            draw.ellipse(
                (x * large - reach, y * large - reach, x * large + reach, y * large + reach), fill=fill
            )
    reduced = layer.resize((size, size), Image.Resampling.BOX)
    alpha = np.asarray(reduced)[..., 3]
    reduced.putalpha(Image.fromarray(np.where(alpha > 96, 255, 0).astype(np.uint8)))
    return reduced


def enlarged(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """A square array with (size, size) values, interpolated linearly between the centres of cells."""
    for axis in (0, 1):
        count = values.shape[axis]
        places = np.clip((np.arange(size) + 0.5) * count / size - 0.5, 0, count - 1)
        lower = np.minimum(places.astype(np.intp), max(0, count - 2))
        share = (places - lower).astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
        upper = np.minimum(lower + 1, count - 1)
        values = values.take(lower, axis) * (1 - share) + values.take(upper, axis) * share
    return values
