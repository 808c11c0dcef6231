"""Read one picture file: its digest, what it is, and its pixels. Here, or in a process that decodes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from quickml.errors import PictureError, PicturesError
from quickml.pixels.files import Header, opened
from quickml.pixels.fit import Resize

MAX_PIXELS = 64_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
EXPECTED = "JPEG, PNG, WebP or BMP"
LARGE_BYTES = 64 << 20
"""Memory from which on few pictures are decoded at once."""
Pixels = npt.NDArray[np.uint8]

_HEIC = 'set the iPhone\'s camera to "Most Compatible"'
_CONVERT = "convert it"
_KINDS: tuple[tuple[int, tuple[bytes, ...], str, str], ...] = (
    (4, (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1"), "HEIC", _HEIC),
    (4, (b"ftypavif", b"ftypavis"), "AVIF", _CONVERT),
    (0, (b"GIF8",), "GIF", _CONVERT),
    (0, (b"II*\0", b"MM\0*"), "TIFF", _CONVERT),
    (0, (b"%PDF",), "PDF", _CONVERT),
    (0, (b"PK\3\4",), "a zip archive", ""),
)


class PictureFault(NamedTuple):
    """What is wrong with a file: what a `PicturesError` says."""

    expected: str
    found: str
    hint: str

    def error(self, file: str, name: str) -> PicturesError:
        """The error, with its place."""
        return PicturesError(file, *self, entry=name)


class Seen(NamedTuple):
    """What is known of a file."""

    sum: str
    """SHA-256 of the file."""
    size_bytes: int
    header: Header | None
    """None if it is no picture."""
    fault: PictureFault | None = None
    digest: bytes | None = None
    """Of its pixels; None if they are not decoded."""


class PixelTarget(NamedTuple):
    """What is done with the pixels of a picture."""

    shape: tuple[int, ...]
    """Height, width, channels."""
    resize: Resize
    """What is done with other proportions."""
    put: Callable[[Pixels], object]
    """Takes the pixels, uint8 of `shape`."""


def seen(content: bytes, name: str, target: PixelTarget | None = None, most_bytes: int | None = None) -> Seen:
    """Read the header of the picture with this content and, if there is a target, its pixels.

    If decoding takes more memory than `most_bytes`, it is not decoded.
    """
    about, header = (hashlib.sha256(content).hexdigest(), len(content)), None
    try:
        with opened(content, name, formats=FORMATS, max_pixels=MAX_PIXELS) as picture:
            header = picture.header
            if target is None or (most_bytes is not None and header.decoded_bytes > most_bytes):
                return Seen(*about, header)
            array = picture.pixels(target.shape, target.resize)
    except PictureError as error:
        return Seen(*about, header, _fault(content, error, is_picture=header is not None))
    target.put(array)
    return Seen(*about, header, digest=hashlib.sha256(array.data).digest())


def unread(error: PicturesError) -> Seen:
    """What is known of a file that cannot be read."""
    return Seen(hashlib.sha256().hexdigest(), 0, None, PictureFault(error.expected, error.found, error.hint))


def _fault(content: bytes, error: PictureError, *, is_picture: bool) -> PictureFault:
    expected = EXPECTED if error.expected.startswith("a picture (") else error.expected
    if is_picture:
        return PictureFault(expected, error.found, 'remove it, copy it again, or write "damaged": "skip"')
    found, hint = _found(content)
    return PictureFault(expected, error.found, "") if found is None else PictureFault(EXPECTED, found, hint)


def _found(content: bytes) -> tuple[str | None, str]:
    """What a file is that is no picture; None for a damaged picture; and what to do."""
    if not content:
        return "an empty file", "remove it, or copy it again"
    for at, starts, kind, hint in _KINDS:
        if content[at:].startswith(starts):
            return kind, hint
    start = content[:512].lstrip(b"\xef\xbb\xbf")
    if b"\0" not in start and all(byte >= 32 or byte in b"\t\n\r\f" for byte in start):
        return "a text", "remove it"
    return None, ""
