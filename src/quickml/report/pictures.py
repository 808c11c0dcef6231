"""Images inside the page."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

_CHANNELS = (1, 3, 4)


def data_uri(pixels: npt.NDArray[Any]) -> str:
    """An image as a `data:` URI that contains a PNG.

    Args:
        pixels: uint8 (height, width, channels): 1 grey, 3 RGB, 4 RGBA. For any other number of channels the
            first channel is shown in grey.
    """
    if pixels.shape[2] not in _CHANNELS:
        pixels = pixels[..., :1]
    values = np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels, dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
