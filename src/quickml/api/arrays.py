"""The binary format of predictions and explanations, for server and client: see docs/reference/arrays.md.

    b"QMLARRY\\x01"   8 bytes
    length          of the header in bytes, uint32, little-endian
    header          JSON in UTF-8
    body            unsigned bytes

The header describes every array in the body with an `ArrayFacts` object.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAGIC = b"QMLARRY\x01"
MEDIA_TYPE = "application/octet-stream"
_LENGTH = struct.Struct("<I")
_SMALLEST, _LARGEST = 1e-30, 1e30
_START = len(MAGIC) + _LENGTH.size


class ArrayWriter:
    """Collects arrays for one message."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, values: NDArray[Any], shape: Sequence[int]) -> dict[str, Any]:
        """Add an array, as bytes: each value is rounded to the nearest of 256 from its least to its greatest.

        Numbers that are not finite become the nearest of those that are; NaN becomes the least.

        Returns:
            What the header says of it: `shape`, `start` in the body, `scale` and `offset`. A value is about
            `offset + scale * byte`, with an error of half of `scale`.
        """
        content, scale, offset = _quantised(values)
        facts = {"shape": list(shape), "start": self._size, "scale": scale, "offset": offset}
        self._parts.append(content)
        self._size += len(content)
        return facts

    def message(self, header: Mapping[str, Any]) -> bytes:
        """The whole message."""
        text = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        return b"".join((MAGIC, _LENGTH.pack(len(text)), text, *self._parts))


def _quantised(values: NDArray[Any]) -> tuple[bytes, float, float]:
    import numpy as np

    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if not math.isfinite(high - low):
        finite = values[np.isfinite(values)].astype(np.float64)
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        values = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    scale = (high - low) / 255
    if not scale:
        return bytes(values.size), 0.0, low
    if not _SMALLEST < scale < _LARGEST:  # float32 could not divide by it
        values = values.astype(np.float64)
    steps = (values - values.dtype.type(low)) / values.dtype.type(scale)
    return (steps + 0.5).clip(0, 255).astype(np.uint8).tobytes(), scale, low


class ArrayReader:
    """A message as a server has sent it."""

    def __init__(self, content: bytes) -> None:
        """Read the header.

        Raises:
            ValueError: it is no such message.
        """
        if content[: len(MAGIC)] != MAGIC or len(content) < _START:
            raise ValueError(f"expected a message that begins with {MAGIC!r}")
        (length,) = _LENGTH.unpack_from(content, len(MAGIC))
        if len(content) < _START + length:
            raise ValueError(f"expected a header of {length} bytes, found {len(content) - _START}")
        header = json.loads(content[_START : _START + length])
        if not isinstance(header, dict):
            raise ValueError("expected a header that is an object")
        self.header: dict[str, Any] = header
        self._body = memoryview(content)[_START + length :]

    def array(self, facts: Mapping[str, Any]) -> NDArray[Any]:
        """An array that the header describes, as float32.

        Raises:
            ValueError: the message does not contain it.
        """
        import numpy as np

        try:
            shape, start = tuple(map(int, facts["shape"])), int(facts["start"])
            scale, offset = float(facts["scale"]), float(facts["offset"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"expected a description of an array, found {facts!r:.80}") from error
        size = math.prod(shape)
        if min((start, *shape)) < 0 or start + size > len(self._body):
            raise ValueError(f"expected {size} bytes from {start}, found {len(self._body)} in all")
        numbers = np.frombuffer(self._body[start : start + size], np.uint8).astype(np.float64)
        return (offset + scale * numbers).astype(np.float32).reshape(shape)
