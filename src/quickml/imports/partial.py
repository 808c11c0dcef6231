"""The beginning of a table that is still arriving: as much of it as is whole rows."""

from __future__ import annotations

import codecs

MOST_BYTES = 8 << 20
"""How much is read."""
_LINES = 1000
"""Lines that are left out at most, until no text in quotation marks is open."""


def whole_rows(start: bytes) -> bytes:
    """The rows that are whole in the beginning of a file; empty if there is none."""
    line_feed, quote, step = b"\n", b'"', 1
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if start.startswith(mark):
            line_feed, quote, step = "\n".encode(codec), '"'.encode(codec), 2
    if step == 1 and line_feed not in start:
        line_feed = b"\r"  # as old spreadsheets for the Macintosh write
    end = len(start)
    for _ in range(_LINES):
        end = start.rfind(line_feed, 0, end)
        while end > 0 and end % step:  # it is a half of one character and a half of the next
            end = start.rfind(line_feed, 0, end)
        if end <= 0:
            break
        if start.count(quote, 0, end) % 2 == 0:
            return start[: end + len(line_feed)]
    return b""
