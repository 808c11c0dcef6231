"""Limits on the downloads of each owner, and figures of all downloads."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from quickml.errors import DownloadsError

CATCH_UP_S = 0.1
"""How much unused time an owner may catch up on, since timers fire late."""
CHUNKS_PER_S = 8
"""Number of chunks per second of a download with a rate limit, at least."""
MIN_CHUNK_BYTES = 4 << 10
MAX_CHUNK_BYTES = 256 << 10
"""Read and sent at once: the memory that one download takes. Larger chunks are not faster."""
ALL_CHUNKS_BYTES = 16 << 20
"""Memory for the chunks of all downloads; with many downloads, chunks get smaller."""
SHARED_CHUNK_BYTES = 16 << 10
"""The size at which they stop getting smaller."""


class RateLimiter:
    """A limit on bytes per second. Not thread-safe."""

    def __init__(self, rate_bytes: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate_bytes, self._clock = rate_bytes, clock
        self._free_at = clock()

    def reserve(self, size_bytes: int) -> float:
        """Reserve time to send so many bytes; the seconds to wait before sending them."""
        now = self._clock()
        begin = max(self._free_at, now - CATCH_UP_S)
        self._free_at = begin + size_bytes / self._rate_bytes
        return max(begin - now, 0.0)

    def refund(self, size_bytes: int) -> None:
        """Return what was reserved and not sent; later reservations begin that much earlier."""
        self._free_at -= size_bytes / self._rate_bytes

    @property
    def chunk_bytes(self) -> int:
        """The most to reserve at once."""
        return max(int(self._rate_bytes / CHUNKS_PER_S), MIN_CHUNK_BYTES)


class DownloadSlot:
    """One open download."""

    def __init__(self, downloads: Downloads, limiter: RateLimiter | None) -> None:
        self._downloads, self._limiter = downloads, limiter
        self._reserved_bytes = 0
        """Reserved and not yet sent."""

    def chunk_bytes(self, size_bytes: int) -> int:
        """How much of `size_bytes` to send at once."""
        limit = self._downloads.chunk_bytes
        return min(size_bytes, limit if self._limiter is None else min(limit, self._limiter.chunk_bytes))

    def reserve(self, size_bytes: int) -> float:
        """Reserve time to send so many bytes; the seconds to wait before sending them."""
        if self._limiter is None:
            return 0.0
        self._reserved_bytes += size_bytes
        return self._limiter.reserve(size_bytes)

    def count(self, size_bytes: int) -> None:
        """Count bytes as sent."""
        self._reserved_bytes -= size_bytes
        self._downloads.sent_bytes += size_bytes

    def close(self) -> None:
        """Refund what was reserved and not sent."""
        if self._limiter is not None:
            self._limiter.refund(self._reserved_bytes)


class Downloads:
    """All downloads of a server. Used in the event loop's thread only."""

    def __init__(
        self,
        *,
        per_owner: int | None = None,
        max_rate_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set the limits; None is no limit.

        Args:
            per_owner: number of open downloads of one owner.
            max_rate_bytes: bytes per second of all downloads of one owner together.
            clock: in seconds.
        """
        self._per_owner, self._max_rate_bytes, self._clock = per_owner, max_rate_bytes, clock
        self._open: Counter[str] = Counter()
        self._limiters: dict[str, RateLimiter] = {}
        self.sent_bytes = 0

    @property
    def count(self) -> int:
        """Number of open downloads."""
        return self._open.total()

    @property
    def chunk_bytes(self) -> int:
        """Memory that one download may take."""
        return min(max(ALL_CHUNKS_BYTES // max(self.count, 1), SHARED_CHUNK_BYTES), MAX_CHUNK_BYTES)

    @contextmanager
    def opened(self, owner: str) -> Iterator[DownloadSlot]:
        """Hold a slot for one download of an owner.

        Raises:
            DownloadsError: the owner has as many open downloads as allowed.
        """
        if self._per_owner is not None and self._open[owner] >= self._per_owner:
            raise DownloadsError(self._per_owner)
        slot = DownloadSlot(self, self._limiter(owner))
        self._open[owner] += 1
        try:
            yield slot
        finally:
            slot.close()
            self._open[owner] -= 1

    def _limiter(self, owner: str) -> RateLimiter | None:
        """Kept when no download is open. Otherwise reconnecting would evade the limit."""
        if self._max_rate_bytes is None:
            return None
        return self._limiters.setdefault(owner, RateLimiter(self._max_rate_bytes, self._clock))
