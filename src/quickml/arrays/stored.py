"""Arrays that lie in files, and are read or mapped into memory when they are needed."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from quickml.arrays.headers import Head
from quickml.errors import ArraysError

MAX_MEMORY_BYTES = 4 << 30
"""Of an array that cannot be mapped into memory."""
CHUNK_BYTES = 1 << 20
MOST_FROM_ONE = 1032
"""Bytes that deflate makes of one byte."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class StoredArray:
    """An array in a file."""

    file: str
    """What messages call the file."""
    entry: str | None
    """What messages call the array in it; None: the file is the array."""
    head: Head
    get: Callable[[StoredArray], Array]

    @property
    def shape(self) -> tuple[int, ...]:
        """As the head says."""
        return self.head.shape

    @property
    def written(self) -> str:
        """`uint8 (60000, 28, 28)`."""
        return f"{self.head.named} {self.shape}"

    def read(self) -> Array:
        """The array; mapped into memory if it is stored without compression.

        Raises:
            ArraysError: it has no numbers or texts, or is damaged.
        """
        if self.head.type is None:
            hint = "save it as numbers: np.savez(file, x=np.array(x, dtype=np.float32))"
            self.refuse("numbers or texts", self.head.named, hint)
        if 0 in self.shape or not self.head.size_bytes:
            self.refuse("samples", f"an empty array, {self.shape}", "save some, or leave the array out")
        return self.get(self)

    def refuse(self, expected: str, found: str, hint: str = "") -> NoReturn:
        """Raise an error at the place of this array."""
        raise ArraysError(self.file, expected, found, hint, entry=self.entry)


def mapped(stream: Any, stored: StoredArray, offset: int) -> Array:
    """An array that is mapped into memory, from where its values begin."""
    head, order = stored.head, "F" if stored.head.is_fortran else "C"
    array: Array = np.memmap(stream, head.type, "r", offset, head.shape, order)  # type: ignore[call-overload]
    return array


def filled(stored: StoredArray, chunks: Iterator[bytes]) -> Array:
    """An array from its bytes, those of its head before them. No more is ever taken."""
    head = stored.head
    if head.size_bytes > MAX_MEMORY_BYTES:
        most, found = f"at most {MAX_MEMORY_BYTES >> 30} GiB in memory", f"{head.size_bytes / 2**30:,.1f} GiB"
        stored.refuse(most, found, "save it without compression, as np.savez does")
    flat = np.empty(math.prod(head.shape), head.type)
    room, at = flat.view(np.uint8), -head.start
    for chunk in chunks:
        part = chunk[max(0, -at) :] if at < 0 else chunk
        start = max(at, 0)
        if start + len(part) > len(room):
            stored.refuse(f"{len(room):,} bytes of values, as its head says", "more")
        room[start : start + len(part)] = np.frombuffer(part, np.uint8)
        at += len(chunk)
    if at != len(room):
        stored.refuse(f"{len(room):,} bytes of values, as its head says", f"{max(at, 0):,}")
    return flat.reshape(head.shape, order="F" if head.is_fortran else "C")


def gunzipped(parts: Iterator[bytes], refuse: Callable[[str, str], NoReturn]) -> Iterator[bytes]:
    """The content of a gzip file in parts of at most 1 MiB; only the end tells whether it is intact."""
    unpacker = zlib.decompressobj(31)  # 31: a gzip header
    for packed in parts:
        rest = packed
        while rest or unpacker.unconsumed_tail:
            try:
                part = unpacker.decompress(rest, CHUNK_BYTES)
            except zlib.error:
                refuse("an intact gzip file", "damaged data")
            yield part
            rest = unpacker.unconsumed_tail
            if unpacker.eof:
                break
        if unpacker.eof:
            break
    if not unpacker.eof:
        refuse("an intact gzip file", "one that ends early")
    if unpacker.unused_data:
        refuse("an intact gzip file", "more behind its end")
