"""When to ask again, and for how long."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from quickml.errors import ServiceError, UnreachableError

FIRST_S = 0.25
LONGEST_S = 5.0
AGAIN = frozenset({502, 503, 504})
"""A server that starts, ends or has too much to do, and the proxy before it."""


class Backoff:
    """Pauses that grow, by chance shorter or longer: many who lost a server together return one by one."""

    def __init__(
        self,
        limit_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Go on for `limit_s` after what last went well. `draw` gives numbers from 0 to 1."""
        self._limit_s, self._clock, self._draw = limit_s, clock, draw
        self._since_s: float | None = None
        self._failures = 0

    def renew(self) -> None:
        """Something went well."""
        self._since_s, self._failures = None, 0

    def pause_s(self, error: ServiceError, *, base_s: float = FIRST_S) -> float:
        """How long to wait before asking again; never less than the server said.

        Raises:
            ServiceError: `error` itself, where asking again is of no use or patience is at its end.
        """
        if not _may_pass(error):
            raise error
        now_s = self._clock()
        since_s = self._since_s = now_s if self._since_s is None else self._since_s
        longest_s = min(base_s * 2.0**self._failures, max(LONGEST_S, base_s))
        self._failures += 1
        pause_s = (error.retry_after_s or 0.0) + longest_s * (0.5 + self._draw() / 2)
        if now_s + pause_s - since_s > self._limit_s:
            raise error
        return pause_s


def _may_pass(error: ServiceError) -> bool:
    """Whether the same may go well later."""
    if isinstance(error, UnreachableError) or error.status in AGAIN:
        return True
    return error.status in (408, 429) and error.retry_after_s is not None
