"""Parts of a film as tiles: maps, filters, activations, weights and histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quickml.animation.canvas import Box, Canvas, enlarged
from quickml.animation.colors import BLUE, LINE, Pixels, ramp
from quickml.film import FilmFrame

CONTRAST = 0.6
"""Share of the largest value that has the full colour: few values are the largest."""
GAP, CAPTION = 4.0, 17.0
"""Between tiles; height of a caption."""
SMALLEST, LARGEST = 3.0, 150.0
"""Size of tiles."""
VECTOR, STRIP, BARS, UNMOVED = 0.35, 1.1, 0.7, 1.6
"""Heights of a vector, a strip over time, a histogram and a sample, relative to the size of tiles."""
MAX_TILES, MAX_FILTERS = 64, 16
HIGHEST_MAP, HIGHEST_VECTOR, HIGHEST = 66.0, 22.0, 120.0
"""Height of a map, a vector, and anything else."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part that is drawn as tiles under a caption."""

    name: str
    count: int
    """Number of tiles."""
    aspect: float
    """Width of a tile relative to its height; 0 for as wide as there is room."""
    height: float
    """Height of a tile relative to the size of tiles."""
    highest: float
    """Largest height of a tile."""
    caption: str
    more: str
    scale: float
    """Largest absolute value in the film."""

    def columns(self, size: float, width: float) -> int:
        """Tiles side by side."""
        return (
            1
            if not self.aspect
            else max(1, int((width + GAP) / (self.aspect * self.tile_height(size) + GAP)))
        )

    def tile_height(self, size: float) -> float:
        """Height of a tile."""
        return min(self.height * size, self.highest)

    def total_height(self, size: float, width: float) -> float:
        """With the caption."""
        rows = math.ceil(self.count / self.columns(size, width))
        return CAPTION + rows * (self.tile_height(size) + GAP)

    def draw(self, canvas: Canvas, frame: FilmFrame, box: Box, size: float) -> None:
        """Draw into a box that is high enough."""
        left, top, right, _ = box
        canvas.caption(left, top + CAPTION - 6, self.caption, self.more, right)
        height = self.tile_height(size)
        width = self.aspect * height or right - left
        columns = self.columns(size, right - left)
        for place, tile in enumerate(self._tiles(frame)):
            x = left + place % columns * (width + GAP)
            y = top + CAPTION + place // columns * (height + GAP)
            self._draw_tile(canvas, tile, (x, y, x + width, y + height))

    def _tiles(self, frame: FilmFrame) -> Sequence[NDArray[np.float32]]:
        values = np.nan_to_num(frame.parts[self.name])
        if self.name.startswith("histogram/"):
            return [values]
        if values.ndim == 1:
            return [values[None]]
        if values.ndim == 2:
            return [values.T if self.is_over_time or values.shape[0] > values.shape[1] else values]
        return list(values.reshape(-1, *values.shape[-2:])[: self.count])

    @property
    def is_over_time(self) -> bool:
        """Whether this is (steps, units)."""
        return self.name.startswith("activation/")

    def _draw_tile(self, canvas: Canvas, tile: NDArray[np.float32], box: Box) -> None:
        if self.name.startswith("histogram/"):
            bars(canvas, tile, box)
            return
        if self.name.startswith("unit/"):  # as the answers over the plane: their borders become smooth lines
            tile = enlarged(tile, max(1, canvas.at(box[2]) - canvas.at(box[0])))
        canvas.picture(self.colors(tile), box)

    def colors(self, values: NDArray[np.float32]) -> Pixels:
        """Relative to the largest value in the film."""
        return ramp(values / (self.scale or 1))


@dataclass(frozen=True, kw_only=True)
class Unmoved:
    """A picture that is the same in all frames, under a caption."""

    pixels: Pixels
    caption: str
    more: str

    def total_height(self, size: float, width: float) -> float:  # noqa: ARG002
        """With the caption."""
        return CAPTION + min(UNMOVED * size, HIGHEST_MAP) + GAP

    def draw(self, canvas: Canvas, frame: FilmFrame, box: Box, size: float) -> None:  # noqa: ARG002
        """Draw into a box that is high enough."""
        left, top, right, _ = box
        canvas.caption(left, top + CAPTION - 6, self.caption, self.more, right)
        height = min(UNMOVED * size, HIGHEST_MAP)
        width = height * self.pixels.shape[1] / self.pixels.shape[0]
        canvas.picture(self.pixels, (left, top + CAPTION, left + width, top + CAPTION + height))


def bars(canvas: Canvas, shares: NDArray[np.float32], box: Box) -> None:
    """A histogram; its bars are relative to the highest one."""
    left, top, right, bottom = box
    width, highest = (right - left) / len(shares), max(float(shares.max()), 1e-9)
    for place, share in enumerate(shares):
        height = max(0.0, float(share)) / highest * (bottom - top - 1)
        x = left + place * width
        canvas.rectangle((x, bottom - 1 - height, x + width * 0.86, bottom - 1), BLUE)
    canvas.line([(left, bottom - 1), (right, bottom - 1)], LINE)


def section(name: str, frames: Sequence[FilmFrame]) -> Section:
    """How a part is drawn."""
    shape = frames[0].parts[name].shape
    kind, _, layer = name.partition("/")
    count, aspect, height, highest = 1, 0.0, VECTOR, HIGHEST_VECTOR
    if kind == "histogram":
        height, highest = BARS, HIGHEST
    elif len(shape) > 2:
        most = MAX_FILTERS if kind == "filters" else MAX_TILES
        count, aspect = min(most, math.prod(shape[:-2])), min(4.0, max(0.25, shape[-1] / shape[-2]))
        height, highest = 1.0, HIGHEST_MAP
    elif len(shape) == 2 and min(shape) > 1:
        rows = shape[1] if kind == "activation" else min(shape)
        height, highest = min(STRIP, max(VECTOR, 0.09 * rows)), HIGHEST
    return Section(
        name=name, count=count, aspect=aspect, height=height, highest=highest, caption=layer or name,
        more=explained(kind, shape), scale=CONTRAST * scale(name, frames),
    )  # fmt: skip


def explained(kind: str, shape: tuple[int, ...]) -> str:
    """What is drawn, in a few words."""
    count = math.prod(shape[:-2]) if len(shape) > 2 else shape[-1]
    words = {
        "unit": f"{count} units over the plane",
        "filters": f"{shape[0]} filters",
        "weights": "weights",
        "histogram": "distribution of the weights",
        "probes": "answers",
        "grid": "answers over the plane",
    }
    units = "1 unit" if count == 1 else f"{count} units"
    activation = {1: units, 2: f"{units} over time"}.get(len(shape), f"{count} maps")
    return words.get(kind, activation)


def scale(name: str, frames: Sequence[FilmFrame]) -> float:
    """The largest absolute value of a part in a film."""
    return max(map(abs, limits(name, frames)))


def limits(name: str, frames: Sequence[FilmFrame]) -> tuple[float, float]:
    """The lowest and the highest value of a part in a film."""
    low, high = np.inf, -np.inf
    for frame in frames:
        ranges = frame.parts.ranges(name)
        values = np.nan_to_num(ranges if len(ranges) else frame.parts[name])
        low, high = min(low, float(values.min())), max(high, float(values.max()))
    return low, high


def largest_size(sections: Sequence[Section | Unmoved], width: float, height: float) -> float:
    """The largest side of a tile with which all sections fit; below `SMALLEST` if none is."""
    size = LARGEST
    while size >= SMALLEST and sum(each.total_height(size, width) for each in sections) > height:
        size -= 0.5
    return size
