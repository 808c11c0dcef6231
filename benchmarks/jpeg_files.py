"""Many JPEG files of different pictures, made quickly.

A few are encoded. The others are copies with other quantization tables, which changes all pixels a little.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

ENCODED, CLASSES = 400, 10
QUALITY = 85
_TABLE = b"\xff\xdb\x00\x43\x00"
"""Begins the first table, for brightness: 64 bytes, coarse to fine."""


def written(folder: Path, count: int, size: tuple[int, int]) -> Path:
    """A folder with a folder for each class, of together `count` files."""
    made = [_encoded(number, size) for number in range(min(ENCODED, count))]
    for label in range(CLASSES):
        (folder / f"class_{label}").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        again, which = divmod(number, ENCODED)
        name = f"class_{number % CLASSES}/{number:06d}.jpg"
        (folder / name).write_bytes(_changed(made[which], again))
    return folder


def _encoded(seed: int, size: tuple[int, int]) -> bytes:
    """A smooth picture with some texture: 24 kB if it has 320 x 240 pixels, as photographs have."""
    draw = np.random.default_rng(seed)
    small = Image.fromarray(draw.integers(0, 256, (6, 8, 3), np.uint8))
    pixels = np.asarray(small.resize(size, Image.Resampling.BICUBIC), np.float64)
    noise = Image.fromarray(draw.integers(0, 256, (size[1] // 2, size[0] // 2), np.uint8)).resize(size)
    textured = pixels + (np.asarray(noise, np.float64)[..., None] - 128) * 0.3
    buffer = io.BytesIO()
    Image.fromarray(textured.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _changed(content: bytes, again: int) -> bytes:
    """Another picture: three of its coarse waves are higher or lower."""
    start = content.index(_TABLE) + len(_TABLE)
    changed = bytearray(content)
    for place in (1, 2, 3):
        again, steps = divmod(again, 6)
        changed[start + place] += steps
    return bytes(changed)
