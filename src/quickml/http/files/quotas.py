"""Who downloads how much: limits for each owner, and figures of all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from quickml.errors import DownloadsError

CATCH_UP_S = 0.1
"""So much of the time that an owner did not use may be made up for, since timers come late."""
PIECES_PER_S = 8
"""A limited download goes on at least so often."""
MIN_PIECE_BYTES = 4 << 10
MAX_PIECE_BYTES = 256 << 10
"""Read and handed on at once: what a download costs in memory. Larger ones make nobody faster."""
PIECES_BYTES = 16 << 20
"""For all downloads: where there are many, they have smaller pieces."""
SHARE_BYTES = 16 << 10
"""However many they are."""


class Rate:
    """So many bytes per second in all, in turns as they are asked for. Belongs to one thread."""

    def __init__(self, rate_bytes: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate_bytes, self._clock = rate_bytes, clock
        self._free_at = clock()

    def take(self, size_bytes: int) -> float:
        """Take a turn; in how many seconds it comes."""
        now = self._clock()
        begin = max(self._free_at, now - CATCH_UP_S)
        self._free_at = begin + size_bytes / self._rate_bytes
        return max(begin - now, 0.0)

    def give_back(self, size_bytes: int) -> None:
        """What was taken and not sent; later turns come so much earlier."""
        self._free_at -= size_bytes / self._rate_bytes

    @property
    def piece_bytes(self) -> int:
        """What to take at most in one turn."""
        return max(int(self._rate_bytes / PIECES_PER_S), MIN_PIECE_BYTES)


class Download:
    """One of an owner's, while it is open."""

    def __init__(self, downloads: Downloads, rate: Rate | None) -> None:
        self._downloads, self._rate = downloads, rate
        self._due_bytes = 0
        """Taken and not yet sent."""

    def piece(self, size_bytes: int) -> int:
        """How much of so many bytes may be sent in one turn."""
        limit = self._downloads.piece_bytes
        return min(size_bytes, limit if self._rate is None else min(limit, self._rate.piece_bytes))

    def take(self, size_bytes: int) -> float:
        """Take a turn for so many bytes; in how many seconds it comes."""
        if self._rate is None:
            return 0.0
        self._due_bytes += size_bytes
        return self._rate.take(size_bytes)

    def count(self, size_bytes: int) -> None:
        """So many bytes are sent."""
        self._due_bytes -= size_bytes
        self._downloads.sent_bytes += size_bytes

    def end(self) -> None:
        """Leave the turn to others if it has not come."""
        if self._rate is not None:
            self._rate.give_back(self._due_bytes)


class Downloads:
    """All downloads of a server. Belongs to the event loop."""

    def __init__(
        self,
        *,
        per_owner: int | None = None,
        max_rate_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without limits, but for those that are given; the rate is that of all downloads of one owner."""
        self._per_owner, self._max_rate_bytes, self._clock = per_owner, max_rate_bytes, clock
        self._open: Counter[str] = Counter()
        self._rates: dict[str, Rate] = {}
        self.sent_bytes = 0

    @property
    def count(self) -> int:
        """Those that are open."""
        return self._open.total()

    @property
    def piece_bytes(self) -> int:
        """What one of them may hold in memory."""
        return min(max(PIECES_BYTES // max(self.count, 1), SHARE_BYTES), MAX_PIECE_BYTES)

    @contextmanager
    def opened(self, owner: str) -> Iterator[Download]:
        """One more of an owner.

        Raises:
            DownloadsError: the owner has as many as it may.
        """
        if self._per_owner is not None and self._open[owner] >= self._per_owner:
            raise DownloadsError(self._per_owner)
        download = Download(self, self._rate(owner))
        self._open[owner] += 1
        try:
            yield download
        finally:
            download.end()
            self._open[owner] -= 1

    def _rate(self, owner: str) -> Rate | None:
        """Kept when nothing is open: coming back would be a way around it."""
        if self._max_rate_bytes is None:
            return None
        return self._rates.setdefault(owner, Rate(self._max_rate_bytes, self._clock))
