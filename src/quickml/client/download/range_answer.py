"""Whether a response holds the bytes that were asked for: a proxy or a captive portal may answer instead."""

from __future__ import annotations

import re

from quickml.client.flow import ResponseHead

WHOLE, PARTIAL, NOT_FOUND, NOT_SATISFIABLE = 200, 206, 404, 416
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.ASCII)


def mismatch(head: ResponseHead, span: tuple[int, int], size_bytes: int) -> tuple[str, str] | None:
    """What was expected and what was found, if the response holds other bytes than were asked for.

    `span` is the first and the last byte that were asked for, of a file of `size_bytes`. A response with the
    whole file, or with the beginning of the span, is fine too.
    """
    encoding = head.headers.get("content-encoding") or "identity"
    if encoding.lower() != "identity":
        return "no content-encoding", f"{encoding!r:.80}"
    count: int | None = size_bytes
    if head.status == PARTIAL:
        found = head.headers.get("content-range", "none")
        count = _count(found, span, size_bytes)
        if count is None:
            return f"content-range 'bytes {span[0]}-{span[1]}/{size_bytes}'", f"{found!r:.80}"
    length = head.headers.get("content-length", "")
    if length.isdecimal():
        announced = int(length.lstrip("0")[:19] or "0")  # Python converts no more than 4,300 digits
        if announced != count:
            return f"{count:,} bytes", f"{announced:,}"
    return None


def _count(content_range: str, span: tuple[int, int], size_bytes: int) -> int | None:
    """Number of bytes in a range; None if it was not asked for."""
    match = _CONTENT_RANGE.fullmatch(content_range)
    if not match:
        return None
    first, last, of_bytes = map(int, match.groups())
    fits = first == span[0] and first <= last <= span[1] and of_bytes == size_bytes
    return last + 1 - first if fits else None
