"""Files that are not stored themselves: they are put together of pieces of stored files while they are read.

The zip of a package is an example: its files are stored one by one, and what lies between them is short.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeVar

from quickml.errors import ArtifactError
from quickml.storage.artifacts.store import ArtifactReader, BytesReader, FilePart, checked

Cached = TypeVar("Cached", memoryview, FilePart)

SKIPPED_BYTES = 64 << 10
"""Bytes between two pieces of a file that are read and thrown away: opening it again takes longer."""
_SHA256_BYTES = 32


class FilePiece(NamedTuple):
    """The bytes of a stored file from `start` up to, not including, `stop`."""

    sha256: str
    start: int
    stop: int


Pieces = Sequence[bytes | FilePiece]


def length(piece: bytes | FilePiece) -> int:
    """The number of bytes of a piece."""
    return len(piece) if isinstance(piece, bytes) else piece.stop - piece.start


def between(pieces: Pieces, start: int, stop: int) -> Iterator[bytes | FilePiece]:
    """The pieces of the bytes from `start` up to, not including, `stop`."""
    position = 0
    for piece in pieces:
        first, last = max(start - position, 0), min(stop - position, length(piece))
        position += length(piece)
        if first >= last:
            continue
        if isinstance(piece, bytes):
            yield piece[first:last]
        else:
            yield FilePiece(piece.sha256, piece.start + first, piece.start + last)


@dataclass(frozen=True, kw_only=True)
class Composition:
    """What a file is put together of, one piece after the other."""

    pieces: tuple[bytes | FilePiece, ...]
    parts: tuple[str, ...]
    """The sha256 of each part of the file, as `files.digest` makes them."""

    @property
    def size_bytes(self) -> int:
        """Of the file."""
        return sum(map(length, self.pieces))

    @property
    def sources(self) -> tuple[str, ...]:
        """The sha256 of each stored file that it needs."""
        return tuple(dict.fromkeys(piece.sha256 for piece in self.pieces if isinstance(piece, FilePiece)))

    def to_json(self) -> str:
        """As a short text."""
        files = self.sources
        pieces = [
            _text(piece) if isinstance(piece, bytes) else [files.index(piece.sha256), piece.start, piece.stop]
            for piece in self.pieces
        ]
        parts = _text(b"".join(map(bytes.fromhex, self.parts)))
        return json.dumps({"files": files, "pieces": pieces, "parts": parts}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote.

        Raises:
            ArtifactError: something else did.
        """
        try:
            fields = json.loads(text)
            files = [checked(sha256) for sha256 in fields["files"]]
            pieces = [
                base64.b64decode(one) if isinstance(one, str) else FilePiece(files[one[0]], one[1], one[2])
                for one in fields["pieces"]
            ]
            parts = base64.b64decode(fields["parts"])
        except (ValueError, TypeError, KeyError, IndexError, ArtifactError) as error:
            raise ArtifactError(f"what a file is put together of cannot be read ({error})") from error
        places = range(0, len(parts), _SHA256_BYTES)
        return cls(
            pieces=tuple(pieces), parts=tuple(parts[place : place + _SHA256_BYTES].hex() for place in places)
        )


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


class ComposedReader(ArtifactReader):
    """Reads piece after piece. Each is opened when the one before it was read, the first at once.

    Pieces of the same file that follow each other closely are read from one reader.
    """

    def __init__(self, open_piece: Callable[[str, int, int], ArtifactReader], pieces: Pieces) -> None:
        """Read `pieces`; `open_piece` is `ArtifactStore.open`."""
        self._open = open_piece
        self._pieces = [piece for piece in pieces if length(piece)]
        self._number = -1
        self._left = 0
        """Bytes of the piece that is read."""
        self._current: ArtifactReader | None = None
        self._file: ArtifactReader | None = None
        self._place = FilePiece("", 0, 0)
        """What `_file` has still to read."""
        self._turn()

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """See `ArtifactReader`. Fills the buffer, so that no answer is sent in short pieces."""
        filled = 0
        with memoryview(buffer) as view:
            while filled < len(view) and (current := self._at_hand()) is not None:
                count = current.readinto(view[filled : filled + self._left])
                if not count:
                    raise ArtifactError(f"a stored file: expected {self._left} more bytes, found none")
                filled += self._counted(count)
        return filled

    def read_cached(self, size: int) -> memoryview | None:
        """See `ArtifactReader`. Only from one piece: opening the next one may wait."""
        return self._cached(size, lambda reader: reader.read_cached(size))

    def cached_part(self, size: int) -> FilePart | None:
        """See `ArtifactReader`. Only from one piece, as above."""
        return self._cached(size, lambda reader: reader.cached_part(size))

    def close(self) -> None:
        """Close the file that is open."""
        if self._file is not None:
            self._file.close()
        super().close()

    def _cached(self, size: int, take: Callable[[ArtifactReader], Cached | None]) -> Cached | None:
        if self._current is None or self._left < size:
            return None
        found = take(self._current)
        if found is not None:
            self._counted(len(found))
        return found

    def _counted(self, count: int) -> int:
        self._left -= count
        if self._current is self._file:
            self._place = self._place._replace(start=self._place.start + count)
        return count

    def _at_hand(self) -> ArtifactReader | None:
        """The piece that is read, or the next one; None at the end."""
        if not self._left:
            self._turn()
        return self._current

    def _turn(self) -> None:
        self._number += 1
        if self._number >= len(self._pieces):
            self._current = None
            return
        piece = self._pieces[self._number]
        self._current = BytesReader(piece) if isinstance(piece, bytes) else self._at(piece)
        self._left = length(piece)

    def _at(self, piece: FilePiece) -> ArtifactReader:
        """A reader of the file whose next byte is the first of the piece."""
        is_same = self._place.sha256 == piece.sha256 and self._place.stop >= piece.stop
        if self._file is None or not is_same or piece.start < self._place.start:
            if self._file is not None:
                self._file.close()
            self._place = piece._replace(stop=self._end_of_run(piece))
            self._file = self._open(*self._place)
        while gap := piece.start - self._place.start:
            if not (skipped := len(self._file.read(gap) or b"")):
                raise ArtifactError(f"a stored file: expected {gap} more bytes, found none")
            self._place = self._place._replace(start=self._place.start + skipped)
        return self._file

    def _end_of_run(self, piece: FilePiece) -> int:
        """Up to where the file is read with short gaps, from this piece on."""
        stop = piece.stop
        for later in self._pieces[self._number + 1 :]:
            if isinstance(later, FilePiece):
                if later.sha256 != piece.sha256 or not stop <= later.start <= stop + SKIPPED_BYTES:
                    break
                stop = later.stop
        return stop
