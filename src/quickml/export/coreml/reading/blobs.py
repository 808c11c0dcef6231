"""The weights of an ML program: MIL blob storage, version 2.

A file is a header of 64 bytes (count: u32, version: u32 = 2), then for each blob a record of 64 bytes
(sentinel 0xDEADBEEF: u32, type: u32, size in bytes: u64, offset of the data: u64), all little-endian
and aligned to 64 bytes. A program refers to a blob by the offset of its record. Source:
`mlmodel/src/MILBlob/Blob/StorageFormat.hpp` and `BlobDataType.hpp` in coremltools.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError

_HEADER = struct.Struct("<II")
_RECORD = struct.Struct("<IIQQ")
_BLOCK_BYTES = 64
_SENTINEL = 0xDEADBEEF
_VERSION = 2


@dataclass(frozen=True)
class Element:
    """An element type: its name in MIL, its size in bits, and the numpy type it is read as."""

    name: str
    bits: int
    dtype: np.dtype[np.generic]

    @property
    def is_signed(self) -> bool:
        """Whether the type has negative values."""
        return self.dtype.kind != "u"


ELEMENTS: dict[str, Element] = {
    element.name: element
    for element in (
        Element("float16", 16, np.dtype("<f2")),
        Element("float32", 32, np.dtype("<f4")),
        Element("uint8", 8, np.dtype("u1")),
        Element("int8", 8, np.dtype("i1")),
        Element("int16", 16, np.dtype("<i2")),
        Element("uint16", 16, np.dtype("<u2")),
        Element("int4", 4, np.dtype("i1")),
        Element("uint1", 1, np.dtype("u1")),
        Element("uint2", 2, np.dtype("u1")),
        Element("uint4", 4, np.dtype("u1")),
        Element("uint3", 3, np.dtype("u1")),
        Element("uint6", 6, np.dtype("u1")),
        Element("int32", 32, np.dtype("<i4")),
        Element("uint32", 32, np.dtype("<u4")),
    )
}

# BlobDataType.hpp. Missing are 5 (bfloat16), 16 and 17 (8-bit floats), which numpy does not support.
_NAMES = {
    1: "float16", 2: "float32", 3: "uint8", 4: "int8", 6: "int16", 7: "uint16", 8: "int4", 9: "uint1",
    10: "uint2", 11: "uint4", 12: "uint3", 13: "uint6", 14: "int32", 15: "uint32",
}  # fmt: skip


class BlobFile:
    """A memory-mapped blob file. Every offset and size in it is checked before use."""

    def __init__(self, data: bytes | mmap.mmap, name: str) -> None:
        self._data = memoryview(data)
        self._name = name
        if len(self._data) < _BLOCK_BYTES:
            raise CoreMLFileError(
                f"{name}: expected at least {_BLOCK_BYTES} bytes of weights, found {len(self._data)}."
            )
        _, version = _HEADER.unpack_from(self._data)
        if version != _VERSION:
            raise CoreMLFileError(f"{name}: expected weights of version {_VERSION}, found {version}.")

    @classmethod
    def open(cls, source: Path | bytes) -> Self:
        """Map a file, or use its bytes. Raises CoreMLFileError if it is not a blob file."""
        if isinstance(source, bytes):
            return cls(source, "weights")
        try:
            with source.open("rb") as stream:
                return cls(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), source.name)
        except (OSError, ValueError) as error:  # an empty file cannot be mapped: ValueError
            raise CoreMLFileError(f"{source.name} cannot be read: {error}.") from error

    def places(self) -> list[tuple[int, int]]:
        """Where each blob begins, and its size in bytes, in their order. Raises CoreMLFileError."""
        found, offset = [], _BLOCK_BYTES
        count, _ = _HEADER.unpack_from(self._data)
        for _ in range(count):
            self._record(offset)
            _, _, length, start = _RECORD.unpack_from(self._data, offset)
            found.append((start, length))
            offset = -(-(start + length) // _BLOCK_BYTES) * _BLOCK_BYTES
        return found

    def array(self, offset: int, expected: str, count: int) -> NDArray[np.generic]:
        """Read the blob whose record starts at `offset`, as a flat array of `count` elements.

        `expected` is the element type that the program declares; types below one byte are read as (u)int8.
        The array is a view of the file if possible. Raises CoreMLFileError if the record does not match.
        """
        found, data = self._record(offset)
        if found != expected:
            raise CoreMLFileError(f"{self._name} at {offset}: expected {expected} weights, found {found}.")
        return unpack(data, ELEMENTS[found], count, f"{self._name} at {offset}")

    def _record(self, offset: int) -> tuple[str, memoryview]:
        where, size = f"{self._name} at {offset}", len(self._data)
        if not 0 <= offset <= size - _BLOCK_BYTES:
            raise CoreMLFileError(f"{where}: the offset is beyond the end of the weights ({size} bytes).")
        sentinel, code, length, start = _RECORD.unpack_from(self._data, offset)
        if sentinel != _SENTINEL:
            raise CoreMLFileError(f"{where}: no weights start at this offset.")
        if start > size or length > size - start:
            raise CoreMLFileError(
                f"{where}: {length} bytes from {start} on exceed the weights ({size} bytes)."
            )
        if code not in _NAMES:
            raise CoreMLFileError(f"{where}: the type of the weights is unknown ({code}).")
        return _NAMES[code], self._data[start : start + length]


def unpack(data: bytes | memoryview, element: Element, count: int, where: str) -> NDArray[np.generic]:
    """Unpack `count` elements; types below one byte are packed from the lowest bit of each byte.

    Raises CoreMLFileError if the length of the data does not match.
    """
    needed = -(-count * element.bits // 8)
    if len(data) != needed:
        raise CoreMLFileError(
            f"{where}: {count} elements of {element.name} take {needed} bytes, found {len(data)}."
        )
    if element.bits >= 8:
        return np.frombuffer(data, dtype=element.dtype)
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little", count=count * element.bits)
    powers = 1 << np.arange(element.bits, dtype=np.uint8)
    values: NDArray[np.generic] = (bits.reshape(count, element.bits) * powers).sum(axis=1, dtype=np.uint8)
    if element.is_signed:  # two's complement of 4 bits
        return ((values.view(np.uint8) ^ 8).astype(np.int8) - 8).astype(np.int8)
    return values
