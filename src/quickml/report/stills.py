"""Still pictures of a film, for readers without scripts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quickml.film import Film
from quickml.report.formatting import number
from quickml.report.pictures import data_uri

Array = npt.NDArray[np.float32]

MOST = 6
CURVE = (600, 110)
"""Width and height of the drawing of the losses."""
ORANGE, MIDDLE, BLUE = (232, 131, 58), (252, 252, 250), (53, 88, 212)
CLASSES = (
    ORANGE, BLUE, (0, 158, 115), (204, 121, 167), (230, 190, 40),
    (86, 180, 233), (150, 110, 70), (120, 120, 120), (122, 79, 192), (154, 168, 30),
)  # fmt: skip
"""Colours as in templates/player.css."""
DEPTH = 0.78
"""How near the surest answers come to a colour."""


@dataclass(frozen=True, kw_only=True)
class Still:
    """A picture of one frame."""

    uri: str
    caption: str


def moment(film: Film, index: int) -> str:
    """Where a frame stands in the training: `epoch 31 of 200, loss 0.178`."""
    frame = film.frames[index]
    if frame.number == film.restored:
        return "best weights"
    epoch = film.epoch(frame.number)
    place = f"epoch {epoch} of {film.header['epochs']}" if epoch else "start"
    return f"{place}, loss {number(frame.loss, 3)}" if math.isfinite(frame.loss) else place


def stills(film: Film) -> list[Still]:
    """The answers in the plane at some moments, the last one included; nothing for other data."""
    if "grid" not in film.frames[0].parts:
        return []
    last = film.frames[-1].parts["grid"]
    low, high = (0.0, 1.0) if film.header["labels"] else (float(last.min()), float(last.max()))
    places = np.linspace(0, len(film.frames) - 1, min(MOST, len(film.frames))).round().astype(int)
    return [
        Still(
            uri=data_uri(_pixels((film.frames[place].parts["grid"] - low) / ((high - low) or 1))),
            caption=moment(film, place),
        )
        for place in np.unique(places).tolist()
    ]


def _pixels(grid: Array) -> npt.NDArray[np.uint8]:
    """uint8 (height, width, 3) from answers (classes, height, width); row 0 of the grid is the lowest y."""
    if len(grid) <= 2:
        sure = np.clip(grid[-1], 0, 1)[..., None] * 2 - 1
        colour, strength = np.where(sure < 0, ORANGE, BLUE), np.abs(sure)
    else:
        colour = np.asarray(CLASSES)[grid.argmax(0) % len(CLASSES)]
        strength = np.clip((grid.max(0)[..., None] * len(grid) - 1) / (len(grid) - 1), 0, 1)
    pixels = MIDDLE + (colour - np.asarray(MIDDLE)) * DEPTH * strength
    return np.ascontiguousarray(pixels[::-1], dtype=np.uint8)


def curve(film: Film) -> str:
    """SVG path of the losses that are finite, on a logarithmic scale if they differ much."""
    losses = np.array([frame.loss for frame in film.frames])
    places = np.flatnonzero(np.isfinite(losses))
    if not len(places):
        return ""
    values = losses[places]
    if values.min() > 0 and values.max() / values.min() > 12:
        values = np.log(values)
    span = np.ptp(values) or 1
    x = places / max(len(losses) - 1, 1) * (CURVE[0] - 8) + 4
    y = 4 + (values.max() - values) / span * (CURVE[1] - 8)
    return "M" + " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
