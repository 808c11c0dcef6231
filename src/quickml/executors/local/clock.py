"""Time as a supervisor measures it: without the pauses of its own process."""

from __future__ import annotations

import time
from collections.abc import Callable

PAUSED_S = 5.0
"""A longer time between two looks at the clock is a pause: supervisors look once a second."""


class RunningClock:
    """A monotonic clock that stands still while this process does.

    A process may be stopped (SIGSTOP), suspended with its container, or wait for a database that is locked.
    What was paused with it, or what it could not hear meanwhile, must not be blamed for that time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._looked_at, self._paused_s = clock, clock(), 0.0

    def __call__(self) -> float:
        """Seconds. To be called at least once a second while this process runs."""
        now = self._clock()
        if now - self._looked_at > PAUSED_S:
            self._paused_s += now - self._looked_at
        self._looked_at = now
        return now - self._paused_s
