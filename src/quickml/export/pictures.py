"""Convert pictures to the size and colours that a model expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image


def fitted(image: Image.Image, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Resize and convert a picture; transparent parts are put on a white background.

    Args:
        image: integer pixels, already rotated upright.
        shape: (height, width, channels), where 1 channel is grey and 3 are red, green, blue.

    Returns:
        uint8 of `shape`.
    """
    from PIL import Image

    if image.mode.startswith(
        "I"
    ):  # 16 bits: Pillow would clip values above 255, so nearly all would be white
        image = Image.fromarray((np.asarray(image, np.int64).clip(0, 65535) // 257).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    height, width, channels = shape
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, np.uint8).reshape(shape)
