"""The heads of .npy entries and of IDX files: type, shape and order of what follows. Nothing is unpickled.

Formats: numpy.lib.format (versions 1 to 3), and http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import ast
import math
import re
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from quickml.errors import ArraysError

MAX_HEAD_BYTES = 1 << 16
MAX_DIMENSIONS = 8
MAGIC = b"\x93NUMPY"
"""How an .npy file begins."""
_IDX = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_PLAIN = re.compile(r"[<>|=]?(?:[biuf][1248]|[SU][0-9]{1,6}|b1)")


@dataclass(frozen=True, kw_only=True)
class Head:
    """What the head of an array says."""

    type: np.dtype[Any] | None
    """None: of a type that is not read, such as objects."""
    named: str
    """The type for a message."""
    shape: tuple[int, ...]
    is_fortran: bool = False
    start: int
    """Number of bytes of the head."""

    @property
    def size_bytes(self) -> int:
        """Of the values."""
        return math.prod(self.shape) * (self.type.itemsize if self.type else 0)


def npy(start: bytes, file: str, name: str) -> Head:
    """The head of an .npy entry, from its first bytes.

    Raises:
        ArraysError: the file is not an .npy file, or its header is invalid.
    """
    expected = "an array that NumPy has saved"
    if len(start) < 12 or not start.startswith(MAGIC):
        raise ArraysError(file, expected, "something else", "save with np.savez", entry=name)
    size_bytes = 2 if start[6] == 1 else 4
    length = int.from_bytes(start[8 : 8 + size_bytes], "little")
    end = 8 + size_bytes + length
    text = start[8 + size_bytes : end]
    if start[6] not in (1, 2, 3) or end > len(start) or len(text) < length:
        raise ArraysError(file, expected, "one with a damaged head", entry=name)
    try:
        about = ast.literal_eval(text.decode("utf-8" if start[6] == 3 else "latin-1").strip())
        return _head(about, end)
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError):
        raise ArraysError(file, expected, "one with a damaged head", entry=name) from None


def _head(about: Any, end: int) -> Head:
    shape, descr, is_fortran = about["shape"], about["descr"], about["fortran_order"]
    sizes = isinstance(shape, tuple) and all(type(size) is int and 0 <= size < 1 << 48 for size in shape)
    if not sizes or len(shape) > MAX_DIMENSIONS or type(is_fortran) is not bool:
        raise ValueError("shape")
    is_plain = isinstance(descr, str) and _PLAIN.fullmatch(descr)
    return Head(
        type=np.dtype(descr) if is_plain else None,
        named=_named(np.dtype(descr)) if is_plain else _other(descr),
        shape=shape,
        is_fortran=is_fortran,
        start=end,
    )


def _named(kind: np.dtype[Any]) -> str:
    return "texts" if kind.kind in "SU" else kind.name


def _other(descr: Any) -> str:
    """What a type that is not read is called."""
    if not isinstance(descr, str):
        return "records of several fields"
    kinds = {"O": "Python objects", "M": "dates", "m": "durations", "c": "complex numbers", "V": "raw bytes"}
    return kinds.get(descr.lstrip("<>|=")[:1], "numbers of more than 64 bits")


def idx(start: bytes, file: str, name: str | None) -> Head:
    """The head of an IDX file, from its first bytes.

    Raises:
        ArraysError: the file is not an IDX file.
    """
    expected = "an IDX file (two bytes 0, its type, its number of dimensions)"
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _IDX or not 1 <= start[3] <= MAX_DIMENSIONS:
        raise ArraysError(file, expected, start[:4].hex(" ") or "nothing", entry=name)
    end = 4 + 4 * start[3]
    if len(start) < end:
        raise ArraysError(file, expected, "one that ends early", entry=name)
    kind = np.dtype(_IDX[start[2]])
    return Head(type=kind, named=_named(kind), shape=struct.unpack(f">{start[3]}I", start[4:end]), start=end)
