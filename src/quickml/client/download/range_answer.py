"""The head of an answer, and whether the bytes behind it are those that were asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping

WHOLE, PARTIAL, NOT_FOUND, NOT_SATISFIABLE = 200, 206, 404, 416
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.ASCII)


def misfit(
    status: int, headers: Mapping[str, str], span: tuple[int, int], size_bytes: int
) -> tuple[str, str] | None:
    """What was expected and what was found, where they are others: a page of somebody on the way, perhaps.

    `span` is the first and the last byte that were asked for, of a file of `size_bytes`. The whole file may
    come instead, and so may the beginning of the span.
    """
    encoding = headers.get("content-encoding") or "identity"
    if encoding.lower() != "identity":
        return "the bytes as they are", f"content-encoding {encoding!r:.80}"
    count: int | None = size_bytes
    if status == PARTIAL:
        found = headers.get("content-range", "none")
        count = _count(found, span, size_bytes)
        if count is None:
            return "the range that is missing", f"{found!r:.80}"
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) != count:
        return f"{count:,} bytes", f"{int(length):,}"
    return None


def _count(found: str, span: tuple[int, int], size_bytes: int) -> int | None:
    """How many bytes are in a range, if it is what was asked for."""
    match = _RANGE.fullmatch(found)
    if not match:
        return None
    first, last, of_bytes = map(int, match.groups())
    fits = first == span[0] and first <= last <= span[1] and of_bytes == size_bytes
    return last + 1 - first if fits else None
