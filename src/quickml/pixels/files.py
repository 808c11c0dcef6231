"""Read a picture file: only its header, or its pixels. `name` identifies the file in error messages."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quickml.errors import PictureError
from quickml.pixels.fit import TURNED, Resize, draft, fitted, orientation

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 89_478_485
"""Maximum size of a picture. Files of a few kilobytes can decode to far more pixels."""

MAX_SIDE = 65_535
"""Maximum width and height of a picture, as in JPEG. Decoders also take memory for each row."""
MAX_SCANS = 100
"""Maximum number of scans of a progressive JPEG. Each goes over all pixels, and may take a few bytes only."""
_SCAN = b"\xff\xda"
"""Begins a scan. In compressed data, 0xff is followed by 0x00."""
_GREY = frozenset({"1", "L", "LA", "La"})


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the beginning of a picture file says."""

    format: str
    """By Pillow's name."""
    height: int
    """Of the upright picture."""
    width: int
    is_grey: bool
    is_animated: bool
    decoded_bytes: int
    """Memory that decoding takes. A JPEG that is not progressive is decoded in rows, in a smaller size."""


class OpenPicture:
    """A picture file that is open: its header is read, its pixels are not yet decoded."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image

    @property
    def header(self) -> Header:
        """What the beginning of the file says."""
        image = self._image
        width, height = image.size
        if orientation(image) in TURNED:
            width, height = height, width
        kind = "JPEG" if image.format == "MPO" else image.format or ""
        return Header(
            format=kind,
            height=height,
            width=width,
            is_grey=image.mode in _GREY or image.mode.startswith("I"),
            # an MPO file has a photo and smaller versions of it
            is_animated=kind != "JPEG" and bool(getattr(image, "is_animated", False)),
            decoded_bytes=0 if kind == "JPEG" and not image.info.get("progressive") else 8 * width * height,
        )

    def pixels(self, shape: tuple[int, ...], resize: Resize = "stretch") -> NDArray[np.uint8]:
        """Decode, rotate and convert, as `picture` does."""
        draft(self._image, shape)
        return fitted(self._image, shape, resize)


def header(
    content: bytes, name: str, *, formats: tuple[str, ...] | None = None, max_pixels: int = MAX_PIXELS
) -> Header:
    """Read the header of a picture file. See `picture` for the arguments.

    Raises:
        PictureError: the content is not a picture of these formats, or has too many pixels.
    """
    with opened(content, name, formats=formats, max_pixels=max_pixels) as found:
        return found.header


def picture(
    content: bytes,
    shape: tuple[int, ...],
    name: str,
    *,
    formats: tuple[str, ...] | None = None,
    max_pixels: int = MAX_PIXELS,
    resize: Resize = "stretch",
) -> NDArray[np.uint8]:
    """Decode a picture file, rotate it upright, and convert it to the size and colours of the model's input.

    Transparent parts are put on a white background. Of an animated picture, the first frame is taken.

    Args:
        content: the bytes of the file.
        shape: (height, width, channels).
        name: see the module.
        formats: accepted picture formats, by Pillow's names; by default all that Pillow reads.
        max_pixels: maximum number of pixels.
        resize: how a picture with other proportions is brought to the size.

    Returns:
        uint8 of `shape`.

    Raises:
        PictureError: the content is not a picture of these formats, is damaged, or has too many pixels.
    """
    with opened(content, name, formats=formats, max_pixels=max_pixels) as found:
        return found.pixels(shape, resize)


@contextmanager
def opened(
    content: bytes, name: str, *, formats: tuple[str, ...] | None = None, max_pixels: int = MAX_PIXELS
) -> Iterator[OpenPicture]:
    """Open a picture file. See `picture` for the arguments.

    Raises:
        PictureError: as `header`; and, in the block, what is found while pixels are decoded.
    """
    from PIL import Image, UnidentifiedImageError

    expected = f"a picture ({', '.join(formats or ('PNG', 'JPEG', '...'))})"
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # the size is checked here, and damage raises errors
            Image.open(io.BytesIO(content), formats=formats) as image,
        ):
            _check_effort(image, content, name, max_pixels)
            if image.mode == "F":
                raise PictureError(name, "pixels of 8 or 16 bits", "floating point")
            yield OpenPicture(image)
    except PictureError:
        raise
    except Image.DecompressionBombError:
        raise PictureError(name, f"a picture of at most {max_pixels:,} pixels", "more") from None
    except UnidentifiedImageError:
        raise PictureError(name, expected, "another kind of file") from None
    except Exception as error:  # Pillow reports damage, also that of EXIF data, with errors of any kind
        raise PictureError(name, expected, f"a damaged one ({error!s:.80})") from None


def _check_effort(image: Image.Image, content: bytes, name: str, max_pixels: int) -> None:
    """Check, before anything is decoded, that decoding takes little memory and time."""
    kind, pixels = "picture", image.width * image.height
    if image.info.get("progressive"):
        kind, max_pixels = "progressive JPEG", max_pixels // 2  # needs coefficients of 16 bits for all pixels
    if pixels > max_pixels:
        raise PictureError(name, f"a {kind} of at most {max_pixels:,} pixels", "more")
    if max(image.size) > MAX_SIDE:
        raise PictureError(name, f"a {kind} of at most {MAX_SIDE:,} pixels per side", "more")
    if kind != "picture" and content.count(_SCAN) > MAX_SCANS:
        raise PictureError(name, f"a {kind} of at most {MAX_SCANS} scans", "more")
