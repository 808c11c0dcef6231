"""Colours: few and fixed, so that neighbouring frames share them and a GIF stays small."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Color = tuple[int, int, int]
Pixels = NDArray[np.uint8]
"""(height, width, 3)."""

PAPER, INK, GREY, LINE = (252, 252, 250), (26, 28, 33), (128, 131, 138), (226, 226, 222)
BLUE, ORANGE, MIDDLE = (53, 88, 212), (232, 131, 58), (244, 243, 239)
CLASSES: tuple[Color, ...] = (
    ORANGE, BLUE, (0, 158, 115), (204, 121, 167), (230, 190, 40), (86, 180, 233), (150, 110, 70),
    (120, 120, 120), (122, 79, 192), (154, 168, 30),
)  # fmt: skip
"""Of the classes, in order: the same as in the report."""
DARKER = 0.72
LEVELS, CLASS_LEVELS, GREYS = 12, 8, 12
"""Steps of each side of the ramp, of each class, and from ink to paper."""


def between(first: Color, second: Color, shares: NDArray[np.floating]) -> Pixels:
    """The colours at these shares (0: first, 1: second), (..., 3)."""
    start, end = np.array(first, np.float64), np.array(second, np.float64)
    return np.rint(start + np.asarray(shares)[..., None] * (end - start)).astype(np.uint8)


_RAMP = np.concatenate([
    between(ORANGE, MIDDLE, np.linspace(0, 1, LEVELS + 1)),
    between(MIDDLE, BLUE, np.linspace(0, 1, LEVELS + 1)[1:]),
])  # fmt: skip
_CLASS_RAMPS = np.stack([between(MIDDLE, color, np.linspace(0, 1, CLASS_LEVELS)) for color in CLASSES])


def ramp(values: NDArray[np.floating]) -> Pixels:
    """Orange for -1, blue for 1, nearly white for 0; (..., 3)."""
    places = np.rint((np.clip(np.nan_to_num(values), -1, 1) + 1) * LEVELS)
    return taken(_RAMP, places.astype(np.intp))


def strongest(probabilities: NDArray[np.floating]) -> Pixels:
    """(classes, ...) to the colour of the most probable class, paler where it is less certain; (..., 3)."""
    values, count = np.nan_to_num(probabilities), len(probabilities)
    sure = (values.max(0) * count - 1) / max(1, count - 1)
    places = np.rint(np.clip(sure, 0, 1) * (CLASS_LEVELS - 1)).astype(np.intp)
    return taken(_CLASS_RAMPS.reshape(-1, 3), values.argmax(0) % len(CLASSES) * CLASS_LEVELS + places)


def taken(colors: Pixels, places: NDArray[np.intp]) -> Pixels:
    """(n, 3) colours at these places, (..., 3)."""
    chosen: Pixels = colors[places]
    return chosen


def of_class(index: int) -> Color:
    """The colour of a sample: that of its class, but darker, to be seen on it."""
    red, green, blue = CLASSES[index % len(CLASSES)]
    return int(red * DARKER), int(green * DARKER), int(blue * DARKER)


def palette(count: int) -> Pixels:
    """(at most 256, 3): all colours of a film with this many classes in its plane."""
    greys = between(INK, PAPER, np.linspace(0, 1, GREYS))
    others = np.array([GREY, LINE, (255, 255, 255)], np.uint8)
    samples = [np.array([of_class(index)], np.uint8) for index in range(max(2, min(count, len(CLASSES))))]
    faint = between(PAPER, BLUE, np.array([0.25, 0.5, 0.75, 1]))
    ramps = _CLASS_RAMPS[: min(count, len(CLASSES))].reshape(-1, 3) if count > 1 else _RAMP[:0]
    return np.concatenate([_RAMP, greys, others, faint, *samples, ramps])[:256]
