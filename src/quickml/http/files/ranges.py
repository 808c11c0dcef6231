"""Which bytes a `Range` field asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_RANGES = 16
"""Who asks for more in one request is sent the whole file."""
MAX_LENGTH = 1024
"""Of a field that is looked at: so many ranges of the largest files fit in."""
_BYTES = re.compile(r"bytes=(.*)", re.IGNORECASE)
_RANGE = re.compile(r"([0-9]*)-([0-9]*)")


class Span(NamedTuple):
    """Bytes from `start` up to `stop`, which is not among them."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.stop - self.start

    def content_range(self, size_bytes: int) -> str:
        """As `Content-Range` has it, of a file of this size."""
        return f"bytes {self.start}-{self.stop - 1}/{size_bytes}"


def spans_of(field: str, size_bytes: int) -> list[Span] | None:
    """What a `Range` field asks for, of a file of this size, in its order.

    Returns:
        None where the field is to be ignored: it is malformed, of another unit, or asks for too much.
        No spans where nothing that it asks for is there.
    """
    found = _BYTES.fullmatch(field.strip(" \t")) if len(field) <= MAX_LENGTH else None
    if found is None:
        return None
    texts = [text for part in found[1].split(",") if (text := part.strip(" \t"))]
    asked = [_span(text, size_bytes) for text in texts]
    if not 1 <= len(asked) <= MAX_RANGES or None in asked:
        return None
    spans = [span for span in asked if span is not None and span.size > 0]
    return spans if sum(span.size for span in spans) <= size_bytes else None


def _span(text: str, size_bytes: int) -> Span | None:
    """What is there of one range, which may be nothing; None where it is malformed."""
    found = _RANGE.fullmatch(text)
    if found is None or found[0] == "-":
        return None
    first, last = (int(digits) if digits else None for digits in found.groups())
    if first is None:
        if last and not size_bytes:
            return None  # the end of an empty file: it is there, and no Content-Range can say so
        return Span(max(size_bytes - (last or 0), 0), size_bytes)
    if last is not None and last < first:
        return None
    stop = size_bytes if last is None else min(last + 1, size_bytes)
    return Span(min(first, stop), stop)
