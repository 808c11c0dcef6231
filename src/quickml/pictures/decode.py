"""Decode all pictures once, on all cores: Pillow releases Python's lock while it decodes and resizes."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Semaphore
from typing import Any

import numpy.typing as npt

from quickml.datasets.mapped import give_back
from quickml.errors import PictureError, PicturesError
from quickml.pictures.divide import Places
from quickml.pictures.layout import PictureFile
from quickml.pictures.sources import PictureSource
from quickml.pictures.survey import EXPECTED, FORMATS, MAX_PIXELS, Progress, Survey, in_order
from quickml.pixels import Resize, picture

LARGE_AT_ONCE = 2
"""Pictures that take much memory and are decoded at once."""
GIVEN_BACK = 1024
"""Pictures after which the memory of their pixels is given back to the system."""
Pixels = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What came of decoding."""

    digests: tuple[bytes | None, ...]
    """Of the pixels of each picture; None for one that cannot be decoded."""
    faults: dict[int, PicturesError]
    """What is wrong with files, by their place."""


def decode(
    source: PictureSource,
    files: Sequence[PictureFile],
    looked: Survey,
    *,
    pixels: Pixels,
    places: Places,
    resize: Resize,
    progress: Progress,
) -> Decoded:
    """Decode pictures.

    Args:
        source: where they are.
        files: the pictures.
        looked: what is known of the files.
        pixels: takes the pixels, uint8 (files, height, width, channels).
        places: where in it those of each file are put.
        resize: what is done with other proportions.
        progress: is told what is done.
    """
    shape, large, few = pixels.shape[1:], looked.large, Semaphore(LARGE_AT_ONCE)

    def read(place: int) -> bytes | PicturesError:
        name = files[place].name
        try:
            content = source.read(name)
            if hashlib.sha256(content).hexdigest() != looked.sums[name]:
                expected, found = "a file that stays as it is", "another content"
                raise PicturesError(source.file, expected, found, entry=name)
            with few if name in large else nullcontext():
                array = picture(content, shape, name, formats=FORMATS, max_pixels=MAX_PIXELS, resize=resize)
        except PicturesError as error:
            return error
        except PictureError as error:
            expected = EXPECTED if error.expected.startswith("a picture (") else error.expected
            hint = 'remove it, copy it again, or write "damaged": "skip"'
            return PicturesError(source.file, expected, error.found, hint, entry=name)
        pixels[places[place]] = array
        return hashlib.sha256(array.data).digest()

    digests: list[bytes | None] = []
    faults: dict[int, PicturesError] = {}
    with warnings.catch_warnings(action="ignore"):  # threads change this setting, too: put it back at the end
        for place, found in enumerate(in_order(read, range(len(files)))):
            digests.append(found if isinstance(found, bytes) else None)
            if isinstance(found, PicturesError):
                faults[place] = found
            _advance(progress, place + 1, len(files), pixels)
    return Decoded(digests=tuple(digests), faults=faults)


def _advance(progress: Progress, done: int, total: int, pixels: Pixels) -> None:
    """Tell the progress, and keep the memory of the process small."""
    progress("decoded", done, total)
    if done % GIVEN_BACK == 0:
        give_back(pixels)
