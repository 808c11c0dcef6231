"""Convert pictures to the size and colours that a model expects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

Resize = Literal["crop", "fit", "stretch"]
"""How a picture with other proportions is brought to a size, as Vision does it: `crop` cuts off what is too
long, on both sides (centerCrop); `fit` puts black bars beside what is too short (scaleFit); `stretch` changes
the proportions (scaleFill)."""
Pair = tuple[int, int]
"""Width and height, or across and down."""
ORIENTATION = 0x0112
"""The entry of EXIF data that says how a picture is to be turned."""
_TELLING = frozenset({"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"})
"""Where Pillow looks for the orientation."""
TURNED = frozenset({5, 6, 7, 8})
"""Orientations whose upright picture is as wide as this one is high."""
GAP = 3
"""A picture is first reduced to at least this many times the size that is needed, by averaging blocks of
pixels, and then resampled. Pillow's documentation recommends this value (`reducing_gap`)."""
DRAFT_GAP = 1.25
"""A JPEG is decoded to at least this many times the size that is needed. Its decoder averages better than
blocks do: the result is closer to that of the whole picture (42 dB) than that of another filter (40 dB)."""
TILE = 512
"""Side of the squares in which a larger picture is converted. As a whole, it would take much memory."""


def orientation(image: Image.Image) -> int:
    """How the picture is to be turned, as its EXIF data or XMP data says; 1 is upright.

    Of a PNG, what comes after the pixels is known when they are decoded.
    """
    from PIL import Image

    if _TELLING.isdisjoint(image.info):
        return 1
    about = Image.Image()
    about.info = image.info  # a PNG would decode all pixels, and others keep what they found first
    found = about.getexif().get(ORIENTATION)
    return found if isinstance(found, int) else 1


def draft(image: Image.Image, shape: tuple[int, ...]) -> None:
    """Have a JPEG decoded at an eighth, a quarter or half of its size where that is enough for `fitted`."""
    side = math.ceil(DRAFT_GAP * max(shape[:2]))
    image.draft(None, (side, side))


def fitted(image: Image.Image, shape: tuple[int, ...], resize: Resize = "stretch") -> NDArray[np.uint8]:
    """Rotate a picture upright as its EXIF data says, resize and convert it.

    Transparent parts are put on a white background. Besides the decoded picture, this takes a few megabytes.

    Args:
        image: integer pixels.
        shape: (height, width, channels), where 1 channel is grey and 3 are red, green, blue.
        resize: what is done if the proportions differ.

    Returns:
        uint8 of `shape`.
    """
    from PIL import Image, ImageOps

    height, width, channels = shape
    blocks = _blocks(image, GAP * max(height, width))
    reduced = _reduced(image, "L" if channels == 1 else "RGB", blocks)
    turned = orientation(image)
    target = (height, width) if turned in TURNED else (width, height)
    upright = _resized(reduced, image.size, blocks, target, resize)
    if turned != 1:
        upright.info = image.info
        upright = ImageOps.exif_transpose(upright)
    if upright.size != (width, height):
        bars = Image.new(upright.mode, (width, height))
        bars.paste(upright, ((width - upright.width) // 2, (height - upright.height) // 2))
        upright = bars
    return np.asarray(upright, np.uint8).reshape(shape)


def _resized(reduced: Image.Image, size: Pair, blocks: Pair, target: Pair, resize: Resize) -> Image.Image:
    """The reduced form of a picture of a `size`, in the target size or, to `fit`, less; not turned yet."""
    from PIL import Image

    scales = [wanted / length for wanted, length in zip(target, size, strict=True)]
    visible = [float(length) for length in size]
    if resize == "crop":
        visible = [min(length, wanted / max(scales)) for wanted, length in zip(target, size, strict=True)]
    elif resize == "fit":
        width, height = (max(1, round(length * min(scales))) for length in size)
        target = min(width, target[0]), min(height, target[1])
    left, top = ((length - shown) / 2 for length, shown in zip(size, visible, strict=True))
    across, down = blocks
    right = min((left + visible[0]) / across, reduced.width)  # rounding may take them beyond
    bottom = min((top + visible[1]) / down, reduced.height)
    box = (left / across, top / down, right, bottom)
    if reduced.size == target and box == (0, 0, *target):
        return reduced
    return reduced.resize(target, Image.Resampling.BILINEAR, box=box)


def _blocks(image: Image.Image, side: int) -> Pair:
    """The size of the blocks whose mean becomes a pixel, so that no side gets shorter than `side`."""
    return max(image.width // side, 1), max(image.height // side, 1)


def _reduced(image: Image.Image, mode: str, blocks: Pair) -> Image.Image:
    """The picture in `mode`, with a pixel for each block, the mean of its pixels."""
    from PIL import Image

    width, height = image.size
    across, down = blocks
    if width * height <= TILE**2:
        whole = _opaque(image, mode)
        return whole if blocks == (1, 1) else whole.reduce(blocks)
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
    return image if image.mode == mode else image.convert(mode)
