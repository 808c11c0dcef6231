"""Pages: films of some of the frames of another film, each of which stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from quickml.film.layout import raw_bytes, read_head
from quickml.film.records import alone, read_records, record


@dataclass(frozen=True, kw_only=True)
class LooseFilm:
    """A film in its parts."""

    head: bytes
    """Magic and header."""
    bodies: Mapping[int, bytes]
    """By number of the frame, in their order; each stands alone."""

    @property
    def size_bytes(self) -> int:
        """Memory that it takes."""
        return len(self.head) + sum(map(len, self.bodies.values()))

    def after(self, number: int, most: int, most_bytes: int) -> LooseFilm:
        """The film of the first frames with larger numbers: `most`, or fewer of `most_bytes` together.

        The frame that reaches `most_bytes` is the last one.
        """
        later = ((one, body) for one, body in self.bodies.items() if one > number)
        some, size_bytes = {}, 0
        for one, body in islice(later, most):
            some[one] = body
            size_bytes += len(body)
            if size_bytes >= most_bytes:
                break
        return LooseFilm(head=self.head, bodies=some)

    def to_bytes(self) -> bytes:
        """The film as `Film.read` reads it."""
        return self.head + b"".join(record(number, body) for number, body in self.bodies.items())


def loosened(film: bytes) -> LooseFilm:
    """The parts of a film whose frames may be differences to the ones before. Raises `FilmError`."""
    _, parts, start = read_head(film)
    frames = read_records(film, start, raw_bytes(parts))
    return LooseFilm(head=film[:start], bodies={number: alone(content) for number, _, content in frames})
