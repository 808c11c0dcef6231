"""The head of a film, and the limits of films. docs/explanation/film.md describes the format."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from quickml.errors import FilmError
from quickml.film.parts import Part

MAGIC = b"QMLFILM\x01"
LENGTH = struct.Struct("<I")
"""Length of the header, in bytes."""
RECORD = struct.Struct("<II")
"""Before every body: the frame's number, and the length of the body in bytes."""
LOSS = struct.Struct("<f")
ALONE, DIFFERENCES = 0, 1
"""First byte of a body: it stands alone, or its bytes are differences to the frame before."""

MAX_FRAMES = 240
MAX_FILM_BYTES = 2**20
MAX_READ_BYTES = 16 * MAX_FILM_BYTES
"""Bytes of a file, or of a page of frames that stand alone, that a reader accepts."""
MAX_HEADER_BYTES = 2**18
MAX_PARTS = 1024
MAX_RAW_FRAME_BYTES = 2**18
"""Bytes of an inflated frame."""
MAX_RAW_BYTES = 2**24
"""Bytes of all inflated frames together."""

FACTS: Mapping[str, type] = {
    "task": str, "epochs": int, "steps_per_epoch": int, "labels": list, "restored": int,
}  # fmt: skip
"""Entries of a header whose types are checked, if they are there."""


def raw_bytes(parts: Sequence[Part]) -> int:
    """Bytes of an inflated frame with these parts, without the first byte."""
    return LOSS.size + sum(part.size_bytes for part in parts)


def fitting(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts that fit in a frame: those that no longer fit, in this order, are left out."""
    chosen: list[Part] = []
    for part in parts:
        if len(chosen) < MAX_PARTS and raw_bytes([*chosen, part]) <= MAX_RAW_FRAME_BYTES:
            chosen.append(part)
    return tuple(chosen)


def head(header: Mapping[str, Any], parts: Sequence[Part]) -> bytes:
    """Magic and header. Raises `ValueError` for a header that is too large or not JSON."""
    content = {**header, "parts": [part.to_json() for part in parts]}
    text = json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
    if len(text) > MAX_HEADER_BYTES or len(parts) > MAX_PARTS or raw_bytes(parts) > MAX_RAW_FRAME_BYTES:
        raise ValueError(
            f"a film has at most {MAX_HEADER_BYTES:,} bytes of header, {MAX_PARTS:,} parts and"
            f" {MAX_RAW_FRAME_BYTES:,} bytes of a frame"
        )
    if len({part.name for part in parts}) != len(parts):
        raise ValueError("the parts of a film have different names")
    return MAGIC + LENGTH.pack(len(text)) + text


def read_head(content: bytes) -> tuple[dict[str, Any], tuple[Part, ...], int]:
    """Header, parts, and the position of the first record. Raises `FilmError`."""
    start = len(MAGIC) + LENGTH.size
    if not content.startswith(MAGIC):
        raise FilmError("magic", f"a film, which begins with {MAGIC!r}", repr(content[: len(MAGIC)]))
    if len(content) < start:
        raise FilmError("header", "its length in 4 bytes", f"{len(content) - len(MAGIC)}")
    (length,) = LENGTH.unpack_from(content, len(MAGIC))
    if length > min(MAX_HEADER_BYTES, len(content) - start):
        allowed = min(MAX_HEADER_BYTES, len(content) - start)
        raise FilmError("header", f"at most {allowed:,} bytes", f"{length:,}", "the file may be incomplete")
    header = parse_header(content[start : start + length])
    return header, parse_parts(header), start + length


def refuse_constant(name: str) -> None:
    """JSON has no NaN and no Infinity, but Python's parser accepts them."""
    raise ValueError(f"{name} is not JSON")


def parse_header(text: bytes) -> dict[str, Any]:
    """The header's JSON. Raises `FilmError`."""
    try:
        header = json.loads(text.decode(), parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise FilmError("header", "JSON in UTF-8", str(error)[:100]) from None
    if not isinstance(header, dict):
        raise FilmError("header", "a JSON object", type(header).__name__)
    for name, kind in FACTS.items():
        value = header.get(name)
        if value is not None and type(value) is not kind:
            raise FilmError(f"header/{name}", kind.__name__, type(value).__name__)
    if not all(isinstance(label, str) for label in header.get("labels") or []):
        raise FilmError("header/labels", "a list of strings", "another type")
    return header


def parse_parts(header: Mapping[str, Any]) -> tuple[Part, ...]:
    """The parts that a header describes. Raises `FilmError`."""
    found = header.get("parts")
    if not isinstance(found, list) or len(found) > MAX_PARTS:
        count = len(found) if isinstance(found, list) else type(found).__name__
        raise FilmError("header/parts", f"a list of at most {MAX_PARTS:,} parts", count)
    parts = tuple(Part.from_json(value, f"header/parts/{place}") for place, value in enumerate(found))
    if len({part.name for part in parts}) != len(parts):
        raise FilmError("header/parts", "parts with different names", "one name twice")
    if raw_bytes(parts) > MAX_RAW_FRAME_BYTES:
        raise FilmError("header/parts", f"at most {MAX_RAW_FRAME_BYTES:,} bytes", f"{raw_bytes(parts):,}")
    return parts
