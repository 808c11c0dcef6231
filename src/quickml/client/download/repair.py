"""Repair of a complete file with a wrong sha256: only its damaged parts are downloaded again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from quickml.client import endpoints
from quickml.client.download.disk import ExpectedFile
from quickml.client.download.partial import PartialFile
from quickml.client.request import Call
from quickml.errors import ServiceError

LIST_TRIES = 2
PART_TRIES = 5
"""A network that damages one byte in 20 MB damages every 20th part, and hardly any part 5 times."""
MAX_LIST_BYTES = 16 << 20
MAX_PART_BYTES = 16 << 20
"""Parts are held in memory."""


class Repair:
    """Which parts of a file are wrong, as far as it is known."""

    def __init__(self, file: ExpectedFile, partial: PartialFile) -> None:
        self._file, self._partial = file, partial
        self._digests: tuple[str, ...] | None = None
        self._part_size_bytes = 1
        self._wrong: list[int] = []
        self._seen: set[tuple[int, str]] = set()
        self._tries, self._list_tries = Counter[int](), 0

    @property
    def has_list(self) -> bool:
        """Whether the sha256 of every part is known."""
        return self._digests is not None

    @property
    def is_done(self) -> bool:
        """Whether no part is known to be wrong."""
        return self.has_list and not self._wrong

    @property
    def missing_bytes(self) -> int:
        """Size of the wrong parts."""
        return sum(last + 1 - first for first, last in map(self._span, self._wrong))

    @property
    def span(self) -> tuple[int, int]:
        """First and last byte of the next part to download."""
        return self._span(self._wrong[0])

    def call(self) -> Call[None]:
        """The request for the next part."""
        first, last = self.span
        return endpoints.file(
            self._file.sha256, self._file.name, first=first, last=last, etag=self._partial.etag
        )

    def take_list(self, body: bytes) -> bool:
        """Whether `body` is the list of checksums of this file.

        Raises:
            ServiceError: it is not, for the `LIST_TRIES`th time.
        """
        self._list_tries += 1
        try:
            listed = endpoints.parts(self._file.sha256).result(body)
            count = -(-listed.size_bytes // max(1, listed.part_size_bytes))
            same = (listed.sha256, listed.size_bytes) == (self._file.sha256, self._file.size_bytes)
            if not same or count != len(listed.parts) or not 0 < listed.part_size_bytes <= MAX_PART_BYTES:
                raise ServiceError(f"{self._file.name}: expected checksums of its parts, found other ones")
        except ServiceError:
            if self._list_tries >= LIST_TRIES:
                raise
            return False
        self._digests, self._part_size_bytes = listed.parts, listed.part_size_bytes
        return True

    def compare(self) -> Iterator[int]:
        """Find the wrong parts. Yields the number of each part after it was read."""
        self._wrong = []
        for number, part in enumerate(self._partial.pieces(self._part_size_bytes)):
            if not self._is_right(number, hashlib.sha256(part).hexdigest()):
                self._wrong.append(number)
            yield number

    def take_part(self, part: bytes) -> bool:
        """Write the next part, if `part` is right.

        Also if the same bytes were received before: then the list is what was damaged, and the sha256 of the
        whole file decides.

        Raises:
            ServiceError: it is wrong for the `PART_TRIES`th time.
        """
        number, (first, last) = self._wrong[0], self.span
        self._tries[number] += 1
        digest = hashlib.sha256(part).hexdigest()
        is_repeated = (number, digest) in self._seen
        self._seen.add((number, digest))
        if len(part) == last + 1 - first and (self._is_right(number, digest) or is_repeated):
            self._partial.write(part, at=first)
            del self._wrong[0]
            return True
        if self._tries[number] >= PART_TRIES:
            raise ServiceError(
                f"{self._file.name}: bytes {first:,} to {last:,}: expected intact data, found it damaged"
                f" {PART_TRIES} times"
            )
        return False

    def _is_right(self, number: int, digest: str) -> bool:
        return self._digests is not None and self._digests[number] == digest

    def _span(self, number: int) -> tuple[int, int]:
        first = number * self._part_size_bytes
        return first, min(first + self._part_size_bytes, self._file.size_bytes) - 1
