"""Convert pictures to the size and colours that a model expects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

GAP = 3
"""A picture is first reduced to at least this many times the size that is needed, by averaging blocks of
pixels, and then resampled. Pillow's documentation recommends this value (`reducing_gap`)."""
TILE = 512
"""Side of the squares in which a picture is converted. Converting it as a whole would take much memory."""


def draft(image: Image.Image, shape: tuple[int, ...]) -> None:
    """Have a JPEG decoded at an eighth, a quarter or half of its size where that is enough for `fitted`."""
    side = GAP * max(shape[:2])
    image.draft(None, (side, side))


def fitted(image: Image.Image, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Rotate a picture upright as its EXIF data says, resize and convert it.

    Transparent parts are put on a white background. Besides the decoded picture, this takes a few megabytes.

    Args:
        image: integer pixels.
        shape: (height, width, channels), where 1 channel is grey and 3 are red, green, blue.

    Returns:
        uint8 of `shape`.
    """
    from PIL import Image, ImageOps

    height, width, channels = shape
    reduced = _reduced(image, "L" if channels == 1 else "RGB", GAP * max(height, width))
    reduced.info = image.info  # contains the EXIF data
    upright = ImageOps.exif_transpose(reduced)
    if upright.size != (width, height):
        upright = upright.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(upright, np.uint8).reshape(shape)


def _reduced(image: Image.Image, mode: str, side: int) -> Image.Image:
    """The picture in `mode`, with each side an integer number of times shorter but no shorter than `side`."""
    from PIL import Image

    width, height = image.size
    across, down = max(width // side, 1), max(height // side, 1)
    columns = max(TILE // across, 1) * across
    rows = max(TILE**2 // columns // down, 1) * down
    reduced = Image.new(mode, (math.ceil(width / across), math.ceil(height / down)))
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            tile = image.crop((left, top, min(left + columns, width), min(top + rows, height)))
            reduced.paste(_opaque(tile, mode).reduce((across, down)), (left // across, top // down))
    return reduced


def _opaque(image: Image.Image, mode: str) -> Image.Image:
    """On a white background, in `mode`."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits: Pillow would clip at 255, so nearly all would be white
        image = Image.fromarray((np.asarray(image, np.int64).clip(0, 65535) // 257).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert(mode)
