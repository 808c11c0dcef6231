"""The records of a film: deflated frames, which stand alone or are differences to the frame before."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from quickml.errors import FilmError
from quickml.film.layout import ALONE, DIFFERENCES, MAX_FRAMES, MAX_RAW_BYTES, RECORD

LEVEL_ALONE, LEVEL_DIFFERENCES = 1, 5
"""Levels of zlib. Frames are deflated during training, so this must be fast."""
MEMORY_LEVEL = 4
"""Of zlib: 1,024 symbols share a Huffman code, so that different parts of a frame have codes of their own."""


def record(number: int, body: bytes) -> bytes:
    """A body with what stands before it."""
    return RECORD.pack(number, len(body)) + body


def alone(content: bytes) -> bytes:
    """Body of a frame that needs no other frame."""
    return deflate(bytes([ALONE]) + content, LEVEL_ALONE)


def difference(content: bytes, before: bytes) -> bytes:
    """Body of a frame as differences modulo 256 to the frame before."""
    changed = np.frombuffer(content, np.uint8) - np.frombuffer(before, np.uint8)
    return deflate(bytes([DIFFERENCES]) + changed.tobytes(), LEVEL_DIFFERENCES)


def deflate(content: bytes, level: int) -> bytes:
    """Deflated bytes (RFC 1951), without the header and checksum of zlib."""
    deflater = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, MEMORY_LEVEL)
    return deflater.compress(content) + deflater.flush()


def read_records(film: bytes, start: int, size: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, body and content (`size` bytes: the loss and the parts) of every frame. Raises `FilmError`."""
    content, last = None, -1
    for count, (number, body) in enumerate(bodies(film, start)):
        place = f"frame {number}"
        if count >= min(MAX_FRAMES, MAX_RAW_BYTES // size):
            raise FilmError(place, f"at most {count} frames of {size:,} bytes", "more")
        if number <= last:
            raise FilmError(place, f"a number above {last}", number)
        content, last = undone(inflate(body, size + 1, place), content, place), number
        yield number, body, content


def bodies(film: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Number and body of every frame. Raises `FilmError`."""
    while start < len(film):
        if len(film) - start < RECORD.size:
            raise FilmError(f"byte {start}", f"a record of {RECORD.size} bytes", len(film) - start)
        number, length = RECORD.unpack_from(film, start)
        start += RECORD.size
        if length > len(film) - start:
            found = f"{len(film) - start:,}"
            raise FilmError(f"frame {number}", f"{length:,} bytes", found, "the file may be incomplete")
        yield number, film[start : start + length]
        start += length


def inflate(body: bytes, size: int, place: str) -> bytes:
    """Exactly `size` bytes from deflated ones (RFC 1951); never holds more. Raises `FilmError`."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflater.decompress(body, size + 1)
    except zlib.error as error:
        raise FilmError(place, "deflated bytes (RFC 1951)", str(error)) from None
    if len(content) != size or not inflater.eof or inflater.unused_data or inflater.unconsumed_tail:
        found = f"{len(content):,}" if len(content) < size else "more, or an incomplete end"
        raise FilmError(place, f"{size:,} bytes after inflating", found)
    return content


def undone(content: bytes, before: bytes | None, place: str) -> bytes:
    """The content after the first byte, which says whether it is differences to the frame before."""
    flag, rest = content[0], content[1:]
    if flag == ALONE:
        return rest
    if flag != DIFFERENCES or before is None:
        raise FilmError(place, "a first byte of 0, or of 1 after another frame", flag)
    return (np.frombuffer(before, np.uint8) + np.frombuffer(rest, np.uint8)).tobytes()
