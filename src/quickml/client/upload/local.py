"""The file on this machine that is uploaded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quickml.errors import InputError

PIECE_BYTES = 256 << 10
HASHED_BYTES = 4 << 20
"""Pieces that are read to compute the SHA-256, some milliseconds each."""


class LocalFile:
    """A file whose content is read twice: to compute its SHA-256, and to send it."""

    def __init__(self, path: Path) -> None:
        self.path, self.size_bytes = path, 0
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of what `hash` has read."""
        return self._hash.hexdigest()

    def hash(self) -> Iterator[int]:
        """Compute size and SHA-256. Yields the number of bytes so far.

        Raises:
            InputError: the file cannot be read.
        """
        self._hash, done_bytes = hashlib.sha256(), 0
        with _readable(self.path), self.path.open("rb") as stream:
            self.size_bytes = os.fstat(stream.fileno()).st_size
            while piece := stream.read(HASHED_BYTES):
                self._hash.update(piece)
                done_bytes += len(piece)
                yield done_bytes
        self.size_bytes = done_bytes

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `stop`.

        Raises:
            InputError: the file cannot be read, or is shorter than it was.
        """
        with _readable(self.path), self.path.open("rb", buffering=0) as stream:
            stream.seek(start)
            while start < stop:
                piece = stream.read(min(PIECE_BYTES, stop - start))
                if not piece:
                    raise InputError(f"{self.path}: expected {self.size_bytes:,} bytes, found {start:,}")
                start += len(piece)
                yield piece


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error
