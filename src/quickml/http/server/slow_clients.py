"""Deciding when a client stalls or is too slow. Only time spent waiting for the client counts."""

from __future__ import annotations

import time
from collections.abc import Callable

CHECKS = 8
"""Number of checks within `stall_s`."""
LATE_S = 0.01
"""Added to timers, so that a check is late rather than early."""


class StallDetector:
    """Watches one connection.

    Its methods are told how many bytes the client has received. Only the growth of this number during a wait
    matters, so it may count from anywhere.
    """

    def __init__(
        self, *, stall_s: float, min_rate_bytes: int | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stall_s, self._min_rate_bytes, self._clock = stall_s, min_rate_bytes, clock
        self._is_waiting = False
        self._received = 0
        self._checked_at = self._progress_at = 0.0
        self._window_s, self._window_bytes = 0.0, 0

    def begin(self, received: int) -> None:
        """Start a wait: all buffers to the client are full."""
        self._is_waiting, self._received = True, received
        self._checked_at = self._progress_at = self._clock()

    def check(self, received: int) -> bool:
        """During a wait: whether the client has stalled or is too slow."""
        is_slow = self._count(received)
        return is_slow or self._checked_at - self._progress_at >= self._stall_s

    def end(self, received: int) -> bool:
        """End a wait, if there is one: whether the client is too slow all the same."""
        was_waiting, self._is_waiting = self._is_waiting, False
        return was_waiting and self._count(received)

    @property
    def next_check_s(self) -> float:
        """Seconds until the next check."""
        left_s = max(self._progress_at + self._stall_s - self._clock(), 0.0)
        return min(left_s + LATE_S, self._stall_s / CHECKS)

    def _count(self, received: int) -> bool:
        now = self._clock()
        self._window_s += now - self._checked_at
        self._window_bytes += received - self._received
        if received > self._received:
            self._progress_at = now
        self._received, self._checked_at = received, now
        return self._is_too_slow()

    def _is_too_slow(self) -> bool:
        """Decided at the end of each window of `stall_s`, which may consist of many waits."""
        if self._min_rate_bytes is None or self._window_s < self._stall_s:
            return False
        is_slow = self._window_bytes < self._min_rate_bytes * self._window_s
        self._window_s, self._window_bytes = 0.0, 0
        return is_slow
