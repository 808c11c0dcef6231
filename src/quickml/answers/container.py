"""The file itself: a header as JSON, and named arrays in one deflated stream.

    b"QMLANSW\x01", u32 length of the header (little-endian), the header (JSON in UTF-8),
    then deflate-raw (RFC 1951) of all arrays, one after the other, in the order of `parts` in the header.

Arrays are little-endian and row-major. docs/reference/answers.md describes the format for other readers.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import AnswersError

MAGIC = b"QMLANSW\x01"
MAX_HEADER_BYTES = 2**22
MAX_CONTENT_BYTES = 2**26
"""Size of all arrays together, before they are deflated."""
MAX_PARTS = 1000
TYPES = {"uint8": "<u1", "uint16": "<u2", "uint32": "<u4", "float32": "<f4"}
_LENGTH = struct.Struct("<I")
_START = len(MAGIC) + _LENGTH.size


def pack(facts: Mapping[str, Any], parts: Mapping[str, NDArray[Any]], scales: Mapping[str, int]) -> bytes:
    """The bytes of a file. The same content gives the same bytes.

    Args:
        facts: the header without `parts`.
        parts: arrays by name, of a type in `TYPES`.
        scales: for the arrays that are codes of probabilities, the greatest code.
    """
    rows = [
        {"name": name, "dtype": str(part.dtype), "shape": part.shape}
        | ({"most": scales[name]} if name in scales else {})
        for name, part in parts.items()
    ]
    text = json.dumps({**facts, "parts": rows}, ensure_ascii=False, separators=(",", ":"))
    header = text.encode(errors="replace")
    content = [part.astype(TYPES[str(part.dtype)]).tobytes() for part in parts.values()]
    return b"".join([MAGIC, _LENGTH.pack(len(header)), header, *_deflated(content)])


def _deflated(content: Iterable[bytes]) -> Iterator[bytes]:
    """One stream. Each array has codes of its own, which makes the whole 7 % smaller."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    for one in content:
        yield deflate.compress(one)
        yield deflate.flush(zlib.Z_SYNC_FLUSH)
    yield deflate.flush()


def unpack(source: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the arrays, which cannot be written to.

    Raises:
        AnswersError: it is no such file, or is damaged.
    """
    header, end = _header(source)
    rows = _checked(header)
    sizes = [math.prod(shape) * np.dtype(kind).itemsize for _, kind, shape in rows]
    content = _inflated(source[end:], sum(sizes))
    parts, start = {}, 0
    for (name, kind, shape), size in zip(rows, sizes, strict=True):
        parts[name] = np.frombuffer(content[start : start + size], dtype=kind).reshape(shape)
        start += size
    return header, parts


def _header(source: bytes) -> tuple[dict[str, Any], int]:
    if not source.startswith(MAGIC) or len(source) < _START:
        raise AnswersError(f"answers: expected a file that begins with {MAGIC!r}, found {source[:8]!r}")
    (size,) = _LENGTH.unpack_from(source, len(MAGIC))
    if size > min(MAX_HEADER_BYTES, len(source) - _START):
        raise AnswersError(f"answers: expected a whole header, found a length of {size:,} bytes")
    end = _START + size
    try:
        header = json.loads(source[_START:end])
    except (ValueError, RecursionError) as error:
        raise AnswersError(f"answers: expected a header of JSON ({error})") from None
    if not isinstance(header, dict):
        raise AnswersError("answers: expected a JSON object as header, found another value")
    return header, end


def _checked(header: Mapping[str, Any]) -> list[tuple[str, str, tuple[int, ...]]]:
    """Name, type and shape of each part."""
    rows = header.get("parts")
    if not isinstance(rows, list) or len(rows) > MAX_PARTS:
        raise AnswersError(f"answers: parts: expected a list of at most {MAX_PARTS} arrays")
    found, total = {}, 0
    for index, row in enumerate(rows):
        name, kind, shape = _row(index, row)
        total += math.prod(shape) * np.dtype(kind).itemsize
        if name in found or total > MAX_CONTENT_BYTES:
            expected = f"different arrays of together at most {MAX_CONTENT_BYTES:,} bytes"
            raise AnswersError(f"answers: parts/{index}: expected {expected}, found {name!r:.80} {shape}")
        found[name] = (name, kind, shape)
    return list(found.values())


def _row(index: int, row: object) -> tuple[str, str, tuple[int, ...]]:
    match row:
        case {"name": str(name), "dtype": str(kind), "shape": [*shape]} if kind in TYPES:
            sizes = [size for size in shape if type(size) is int and 0 <= size <= MAX_CONTENT_BYTES]
            if len(sizes) == len(shape) in (1, 2):
                return name, TYPES[kind], tuple(sizes)
    raise AnswersError(f"answers: parts/{index}: expected name, dtype and shape, found {row!r:.80}")


def _inflated(deflated: bytes, size_bytes: int) -> bytes:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflate.decompress(deflated, size_bytes + 1)
    except zlib.error as error:
        raise AnswersError(f"answers: expected deflated arrays ({error})") from None
    if len(content) != size_bytes or not inflate.eof or inflate.unused_data:
        found = "more" if len(content) >= size_bytes else f"{len(content):,} bytes"
        raise AnswersError(f"answers: expected {size_bytes:,} bytes of arrays, found {found}")
    return content
