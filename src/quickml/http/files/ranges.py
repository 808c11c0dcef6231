"""Parsing of the `Range` header (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_RANGES = 16
"""A request for more ranges than this gets the whole file."""
MAX_LENGTH = 1024
"""Longer headers are ignored. `MAX_RANGES` ranges of the largest files fit in."""
_BYTES = re.compile(r"bytes=(.*)", re.IGNORECASE)
_RANGE = re.compile(r"([0-9]*)-([0-9]*)")


class ByteRange(NamedTuple):
    """Bytes from `start` up to, not including, `stop`."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.stop - self.start

    def content_range(self, size_bytes: int) -> str:
        """The value of `Content-Range` for a file of this size."""
        return f"bytes {self.start}-{self.stop - 1}/{size_bytes}"


def ranges_of(field: str, size_bytes: int) -> list[ByteRange] | None:
    """Parse the value of a `Range` header for a file of this size. Keeps the order of the ranges.

    Returns:
        None where the header has to be ignored: it is malformed, has another unit, or asks for too much.
        An empty list where no range is satisfiable.
    """
    found = _BYTES.fullmatch(field.strip(" \t")) if len(field) <= MAX_LENGTH else None
    if found is None:
        return None
    texts = [text for part in found[1].split(",") if (text := part.strip(" \t"))]
    asked = [_range(text, size_bytes) for text in texts]
    if not 1 <= len(asked) <= MAX_RANGES or None in asked:
        return None
    ranges = [one for one in asked if one is not None and one.size > 0]
    return ranges if sum(one.size for one in ranges) <= size_bytes else None


def _range(text: str, size_bytes: int) -> ByteRange | None:
    """One range, cut to the size of the file and perhaps empty; None where it is malformed."""
    found = _RANGE.fullmatch(text)
    if found is None or found[0] == "-":
        return None
    first, last = (int(digits) if digits else None for digits in found.groups())
    if first is None:
        if last and not size_bytes:
            return None  # the end of an empty file is satisfiable, but has no Content-Range
        return ByteRange(max(size_bytes - (last or 0), 0), size_bytes)
    if last is not None and last < first:
        return None
    stop = size_bytes if last is None else min(last + 1, size_bytes)
    return ByteRange(min(first, stop), stop)
