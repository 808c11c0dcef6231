"""Writes films, and thins them while they grow.

A film keeps at most 240 frames and 1 MiB. When it has more, every second frame is dropped, and from then on
only every second opportunity becomes a frame; and so on. What is kept depends on nothing but the sequence of
calls, so the same training gives the same film, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import FilmError
from quickml.film.encoder import FrameEncoder
from quickml.film.layout import MAX_FILM_BYTES, MAX_FRAMES, MAX_RAW_BYTES, RECORD, head, raw_bytes
from quickml.film.parts import Part
from quickml.film.records import alone, difference, read_records, record
from quickml.film.sink import FrameSink

EXTRA = -1
"""Opportunity of a frame that was added without one, such as the last one. It is never dropped."""


@dataclass(frozen=True, kw_only=True)
class Take:
    """A frame that is kept so far."""

    opportunity: int
    """Number of the opportunity from 0, or `EXTRA`."""
    number: int
    content: bytes
    """The loss and the parts, not deflated."""
    body: bytes
    """The same as in the file: deflated, as differences to the frame before."""


class Reel:
    """A film that is being recorded.

    For every opportunity: if `wants_next()`, then `add(...)`. A frame that is added without an opportunity
    (for the last step, or for restored weights) is always kept. Takes at most 18 MiB of memory.
    """

    def __init__(
        self, header: Mapping[str, Any], parts: Sequence[Part], sink: FrameSink | None = None
    ) -> None:
        """Tell `sink` that a film begins. `header` is JSON: facts about the training. Raises `ValueError`."""
        self._header, self._parts, self._sink = dict(header), tuple(parts), sink
        self._head = head(self._header, self._parts)
        self._size, self._encoder = raw_bytes(self._parts), FrameEncoder(self._parts)
        self._takes: list[Take] = []
        self._records_bytes = 0
        self._opportunities, self._spacing = 0, 1
        self._due = EXTRA
        if sink:
            sink.start(self._head)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the frames that are kept so far."""
        return tuple(take.number for take in self._takes)

    @property
    def latest(self) -> int:
        """The number of the newest frame, or -1."""
        return self._takes[-1].number if self._takes else -1

    @property
    def size_bytes(self) -> int:
        """Size of the film so far, as `to_bytes` returns it."""
        return len(self._head) + self._records_bytes

    def wants_next(self) -> bool:
        """Count an opportunity. False if its frame would be dropped at once, so nothing need be computed."""
        wanted = self._opportunities % self._spacing == 0
        self._due = self._opportunities if wanted else EXTRA
        self._opportunities += 1
        return wanted

    def add(self, number: int, loss: float, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep a frame. `number` is higher than all before; `arrays` has one array for every part.

        The newest frame always stays until the next one. Raises `ValueError` for other arrays or shapes.
        """
        if number <= self.latest:
            raise ValueError(f"frame: expected a number above {self.latest}, found {number}")
        content = self._encoder.encode(loss, arrays, self._takes[-1].content if self._takes else b"")
        due, self._due = self._due, EXTRA
        if due != EXTRA and self._spacing > 1:
            self._space(len(self._takes))
        self._keep(Take(opportunity=due, number=number, content=content, body=self._body(content)))
        if self._sink:
            self._sink.add(number, alone(content))
        self._thin()

    def note(self, **facts: Any) -> None:
        """Add facts that are known only at the end to the header. Raises `ValueError` as `Reel` does."""
        self._header |= facts
        self._head = head(self._header, self._parts)
        if self._sink:
            self._sink.note(self._head)

    def _keep(self, take: Take) -> None:
        self._takes.append(take)
        self._records_bytes += RECORD.size + len(take.body)

    def _body(self, content: bytes) -> bytes:
        """Of a frame after the last one."""
        return difference(content, self._takes[-1].content) if self._takes else alone(content)

    def _thin(self) -> None:
        allowed = min(MAX_FRAMES, MAX_RAW_BYTES // self._size)
        while (excess := len(self._takes) > allowed) or self.size_bytes > MAX_FILM_BYTES:
            regular = [place for place, take in enumerate(self._takes) if take.opportunity != EXTRA]
            if len(regular) <= 2:
                break
            if excess and self._takes[-1].opportunity == EXTRA:
                self._drop({regular[-2]})  # half of the film would be a high price for one frame
            else:
                self._spacing *= 2
                self._space(regular[-1])

    def _space(self, end: int) -> None:
        """Drop the frames before this place whose opportunities are not on the spacing."""
        due = [take.opportunity for take in self._takes[:end]]
        if places := {place for place, one in enumerate(due) if one != EXTRA and one % self._spacing}:
            self._drop(places)

    def _drop(self, places: set[int]) -> None:
        takes, self._takes, self._records_bytes = self._takes, [], 0
        for place, take in enumerate(takes):
            if place not in places:
                changed = place - 1 in places
                self._keep(replace(take, body=self._body(take.content)) if changed else take)
        if self._sink:
            self._sink.drop([takes[place].number for place in sorted(places)])

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that a resumed training needs, at most 1 MiB, as plain arrays for an npz file."""
        return {
            "film": np.frombuffer(self.to_bytes(), np.uint8),
            "due": np.array([take.opportunity for take in self._takes], np.int64),
            "counts": np.array([self._opportunities, self._spacing], np.int64),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a `state`; the sink receives the film again. Raises `ValueError` for other states."""
        try:
            film = state["film"].astype(np.uint8).tobytes()
            self._opportunities, self._spacing = (int(count) for count in state["counts"])
            frames = read_records(film, len(self._head), self._size)
            self._takes = [
                Take(opportunity=due, number=number, content=content, body=body)
                for due, (number, body, content) in zip(state["due"].tolist(), frames, strict=True)
            ]
            self._records_bytes = len(film) - len(self._head)
        except (KeyError, TypeError, ValueError, FilmError) as error:
            raise ValueError(f"state of a film: expected film, due and counts, found {error}") from None
        if not film.startswith(self._head) or self._spacing < 1:
            raise ValueError("state of a film: expected one with the same header, found another")
        self._due = EXTRA
        if self._sink:
            self._sink.start(self._head)
            for take in self._takes:
                self._sink.add(take.number, alone(take.content))

    def to_bytes(self) -> bytes:
        """The film as a file: every frame but the first as differences to the one before."""
        return self._head + b"".join(record(take.number, take.body) for take in self._takes)
