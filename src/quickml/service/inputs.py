"""What a delivered model is given over the network: numbers, and pictures as text. Hostile until read."""

from __future__ import annotations

import base64
import binascii
import io
import math
import warnings
from typing import TYPE_CHECKING, Any

from quickml.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_PIXELS = 25_000_000
FORMATS = ("PNG", "JPEG")


def sample(value: Any, shape: tuple[int, ...], *, is_image: bool, name: str) -> NDArray[Any]:
    """One input as its model takes it.

    Args:
        value: numbers in a list, nested as the shape is or flat; of an image, pixels from 0 to 255, or the
            text of a PNG or JPEG file in base64, with or without `data:image/png;base64,` before it.
        shape: of one sample; (height, width, channels) of an image.
        is_image: whether the model takes one.
        name: what to call it in errors.

    Returns:
        uint8 of a picture, float32 otherwise; of this shape.

    Raises:
        InputError: it is something else, or does not fit.
    """
    if is_image and isinstance(value, str):
        return _picture(_decoded(value, name), shape, name)
    return _numbers(value, shape, name)


def _numbers(value: Any, shape: tuple[int, ...], name: str) -> NDArray[np.float32]:
    import numpy as np

    expected = f"{name}: expected {math.prod(shape)} finite numbers, as a list or nested as {shape}"
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError, RecursionError):
        raise InputError(f"{expected}, found lists of different lengths") from None
    if not isinstance(value, list) or array.dtype.kind not in "fiu":
        raise InputError(f"{expected}, found {_found(value)}")
    if array.size != math.prod(shape):
        raise InputError(f"{expected}, found {array.size}")
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise InputError(f"{expected}, found one that is too large")
    return array.reshape(shape)


def _found(value: Any) -> str:
    return "something else in the list" if isinstance(value, list) else f"{value!r:.40}"


def _decoded(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise InputError(f"{name}: expected a picture in base64, found other text") from None


def _picture(content: bytes, shape: tuple[int, ...], name: str) -> NDArray[np.uint8]:
    """Upright, over white, in the size and colours that the model takes."""
    from PIL import Image, ImageOps

    from quickml.export.pictures import fitted

    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content), formats=FORMATS) as image:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit is our own
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            upright = ImageOps.exif_transpose(image)
    except Image.DecompressionBombError:
        raise InputError(f"{name}: expected a picture of at most {MAX_PIXELS:,} pixels, found more") from None
    except (OSError, SyntaxError, ValueError):  # Pillow's words for damage
        expected = " or ".join(FORMATS)
        raise InputError(f"{name}: expected a {expected} picture, found none, or a damaged one") from None
    return fitted(upright, shape)
