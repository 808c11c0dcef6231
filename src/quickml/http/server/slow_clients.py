"""When a client that does not read is given up on. Only time counts in which it was the one waited for."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOKS = 8
"""In the time after which a client has stalled."""
LATE_S = 0.01
"""By which a look comes rather too late than too early."""


class Waiting:
    """The reckoning for one connection.

    It is told how many bytes the client has taken: only how that grows in a wait matters.
    """

    def __init__(
        self, *, stall_s: float, min_rate_bytes: int | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stall_s, self._min_rate_bytes, self._clock = stall_s, min_rate_bytes, clock
        self._is_begun = False
        self._taken = 0
        self._looked_at = self._moved_at = 0.0
        self._window_s, self._window_bytes = 0.0, 0

    def begin(self, taken: int) -> None:
        """From now on the client is waited for: what it was sent fills every buffer."""
        self._is_begun, self._taken = True, taken
        self._looked_at = self._moved_at = self._clock()

    def look(self, taken: int) -> bool:
        """In a wait: whether the client has stalled, or is too slow."""
        is_slow = self._count(taken)
        return is_slow or self._looked_at - self._moved_at >= self._stall_s

    def end(self, taken: int) -> bool:
        """There is room again: whether the client is too slow all the same. No wait is none to end."""
        was_begun, self._is_begun = self._is_begun, False
        return was_begun and self._count(taken)

    @property
    def next_look_s(self) -> float:
        """In how many seconds to look again."""
        left_s = max(self._moved_at + self._stall_s - self._clock(), 0.0)
        return min(left_s + LATE_S, self._stall_s / LOOKS)

    def _count(self, taken: int) -> bool:
        now = self._clock()
        self._window_s += now - self._looked_at
        self._window_bytes += taken - self._taken
        if taken > self._taken:
            self._moved_at = now
        self._taken, self._looked_at = taken, now
        return self._is_too_slow()

    def _is_too_slow(self) -> bool:
        """Told at the end of each window, which many waits may make up."""
        if self._min_rate_bytes is None or self._window_s < self._stall_s:
            return False
        is_slow = self._window_bytes < self._min_rate_bytes * self._window_s
        self._window_s, self._window_bytes = 0.0, 0
        return is_slow
