"""A connection that is lost, told once, however often it is tried again."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

from quickml.errors import ServiceError, UnreachableError

QUIET_S = 60.0
"""After so long without a failure it went well, though nothing may have arrived: a job waits in the queue."""


class Outages:
    """What a client is given as `on_retry`; `over` is called when something arrives again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._until_s = clock, -math.inf

    def __call__(self, error: ServiceError, pause_s: float) -> None:
        """Say so on standard error, unless it was said already."""
        now_s = self._clock()
        if now_s > self._until_s:
            what = "connection lost" if isinstance(error, UnreachableError) else str(error)
            again_s = max(1, round(pause_s))
            print(f"{what}, trying again in {again_s} s", file=sys.stderr, flush=True)
        self._until_s = now_s + pause_s + QUIET_S

    def over(self) -> None:
        """The next one is another."""
        self._until_s = -math.inf
