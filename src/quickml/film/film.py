"""Reads films. docs/explanation/film.md describes the format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import FilmError
from quickml.film.layout import LOSS, MAX_READ_BYTES, raw_bytes, read_head
from quickml.film.parts import Part
from quickml.film.records import read_records


@dataclass(frozen=True, kw_only=True)
class FilmFrame:
    """A network at one moment of its training."""

    number: int
    """Completed training steps. Weights that early stopping restored have the number after the last step."""
    loss: float
    """Mean training loss of the steps since the opportunity before; NaN for a frame without such steps."""
    parts: FrameParts
    """The arrays, float32, by the names of the parts in the header."""


class FrameParts(Mapping[str, NDArray[np.float32]]):
    """The arrays of a frame, each computed from its bytes when it is asked for."""

    def __init__(self, parts: Mapping[str, tuple[Part, int]], content: bytes) -> None:
        self._parts, self._content = parts, content

    def _bytes(self, name: str) -> tuple[Part, bytes]:
        part, start = self._parts[name]
        return part, self._content[start : start + part.size_bytes]

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        part, content = self._bytes(name)
        return part.decode(content)

    def ranges(self, name: str) -> NDArray[np.float32]:
        """(ranges, 2): low and high of what the codes cover; of a histogram, of the counted values."""
        part, content = self._bytes(name)
        return part.decode_ranges(content)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


@dataclass(frozen=True, kw_only=True)
class Film:
    """A film of a training, or a page of its frames."""

    header: Mapping[str, Any]
    """Facts such as `task`, `labels`, `epochs` and `steps_per_epoch`, and the list of `parts`."""
    frames: tuple[FilmFrame, ...]
    """In the order of their numbers."""

    @property
    def restored(self) -> int | None:
        """Number of the frame with the weights that early stopping restored; None if it did not."""
        return self.header.get("restored")

    def epoch(self, number: int) -> int | None:
        """The epoch of a frame, from 1, or 0 before the first step; None if the header does not tell.

        Restored weights have the epoch after which they were restored.
        """
        steps = self.header.get("steps_per_epoch") or 0
        return -(-(number - (number == self.restored)) // steps) if steps > 0 else None

    @classmethod
    def read(cls, source: Path | str | bytes) -> Film:
        """Read a file, or its bytes. Raises `FilmError` for damage and other files, and `OSError`."""
        content = source if isinstance(source, bytes) else read_at_most(Path(source), MAX_READ_BYTES + 1)
        if len(content) > MAX_READ_BYTES:
            raise FilmError("film", f"at most {MAX_READ_BYTES:,} bytes", "more")
        header, parts, start = read_head(content)
        frames = tuple(read_frames(content, parts, start))
        return cls(header=MappingProxyType(header), frames=frames)


def read_at_most(path: Path, size: int) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as file:
        return file.read(size)


def read_frames(content: bytes, parts: tuple[Part, ...], start: int) -> Iterator[FilmFrame]:
    """The frames from a position on. Raises `FilmError`."""
    places, place = {}, LOSS.size
    for part in parts:
        places[part.name] = (part, place)
        place += part.size_bytes
    for number, _, inflated in read_records(content, start, raw_bytes(parts)):
        loss: float = LOSS.unpack_from(inflated)[0]
        yield FilmFrame(number=number, loss=loss, parts=FrameParts(places, inflated))
