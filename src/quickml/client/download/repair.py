"""A file all of whose bytes are here, and some wrong: only its wrong parts are fetched again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Generator

from quickml.client import endpoints
from quickml.client.download.partial import Content, Part
from quickml.client.endpoints import Call
from quickml.errors import ServiceError

LIST_TRIES = 2
PART_TRIES = 5
"""How often each is fetched: what spoils a byte in 20 MB spoils every 20th part, and next to none 5 times."""
MAX_LIST_BYTES = 16 << 20
MAX_PART_BYTES = 16 << 20
"""A larger one is not kept in memory."""


class Repair:
    """What is wrong with a file, and what is left to fetch of it."""

    def __init__(self, content: Content, part: Part) -> None:
        self._content, self._part = content, part
        self._digests: tuple[str, ...] | None = None
        self._part_size_bytes = 1
        self._wrong: list[int] = []
        self._received = bytearray()
        self._seen: set[tuple[int, str]] = set()
        self._tries, self._lists = Counter[int](), 0

    @property
    def has_list(self) -> bool:
        """Whether it is known what the parts should be."""
        return self._digests is not None

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to fetch."""
        return self.has_list and not self._wrong

    @property
    def missing_bytes(self) -> int:
        """That are known to be wrong."""
        return sum(last + 1 - first for first, last in map(self._span, self._wrong))

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last byte of the part that is wanted next."""
        return self._span(self._wrong[0])

    def call(self) -> Call[None]:
        """The request for the list, or for a part."""
        self._received.clear()
        if not self.has_list:
            listed = endpoints.parts(self._content.sha256)
            return Call(method=listed.method, path=listed.path, read=lambda _: None)
        first, last = self.span
        etag = self._part.etag
        return endpoints.file(self._content.sha256, self._content.name, first=first, last=last, etag=etag)

    def write(self, content: bytes) -> bool:
        """Take the next bytes; whether they are not too many."""
        first, last = self.span if self.has_list else (0, MAX_LIST_BYTES - 1)
        self._received += content
        return len(self._received) <= last + 1 - first

    # The list

    def take_list(self) -> bool:
        """Whether what came is one. None is given up on after some tries.

        Raises:
            ServiceError: it is none, and was none before.
        """
        self._lists += 1
        try:
            listed = endpoints.parts(self._content.sha256).result(bytes(self._received))
            count = -(-listed.size_bytes // max(1, listed.part_size_bytes))
            same = (listed.sha256, listed.size_bytes) == (self._content.sha256, self._content.size_bytes)
            if not same or count != len(listed.parts) or not 0 < listed.part_size_bytes <= MAX_PART_BYTES:
                raise ServiceError(f"{self._content.name}: expected a list of its parts, found another")
        except ServiceError:
            if self._lists >= LIST_TRIES:
                raise
            return False
        self._digests, self._part_size_bytes = listed.parts, listed.part_size_bytes
        return True

    def compare(self) -> Generator[float, None, None]:
        """Find out which parts are wrong; stops after each, for 0 seconds."""
        self._wrong = []
        for number, piece in enumerate(self._part.pieces(self._part_size_bytes)):
            if not self._is_right(number, hashlib.sha256(piece).hexdigest()):
                self._wrong.append(number)
            yield 0.0

    # A part

    def take_part(self) -> bool:
        """Whether a part was received that is better than what there was.

        Two copies that agree are taken as well: then it is the list that was damaged, and the sha256 of the
        whole file has the last word.

        Raises:
            ServiceError: it was wrong as often as it is fetched.
        """
        number, (first, last) = self._wrong[0], self.span
        self._tries[number] += 1
        digest = hashlib.sha256(self._received).hexdigest()
        again = (number, digest) in self._seen
        self._seen.add((number, digest))
        if len(self._received) == last + 1 - first and (self._is_right(number, digest) or again):
            self._part.write(bytes(self._received), at=first)
            del self._wrong[0]
            return True
        if self._tries[number] >= PART_TRIES:
            where = f"{self._content.name}: bytes {first:,} to {last:,}"
            raise ServiceError(f"{where} were damaged on their way, again and again")
        return False

    def _is_right(self, number: int, digest: str) -> bool:
        return self._digests is not None and self._digests[number] == digest

    def _span(self, number: int) -> tuple[int, int]:
        first = number * self._part_size_bytes
        return first, min(first + self._part_size_bytes, self._content.size_bytes) - 1
