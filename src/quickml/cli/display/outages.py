"""Lost connections, reported once per outage instead of once per retry."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from quickml.cli.display.output import note
from quickml.errors import ServiceError, UnreachableError

QUIET_S = 60.0
"""An outage is over after this long without an error, even if nothing was received: a job may be queued."""


class Outages:
    """The `on_retry` of a client. Call `over` when something is received again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._until_s = clock, -math.inf

    def __call__(self, error: ServiceError, pause_s: float) -> None:
        """Print the first error of an outage to standard error."""
        now_s = self._clock()
        if now_s > self._until_s:
            what = "connection lost" if isinstance(error, UnreachableError) else str(error)
            again_s = max(1, round(pause_s))
            note(f"{what}, retrying in {again_s} s")
        self._until_s = now_s + pause_s + QUIET_S

    def over(self) -> None:
        """End the outage: the next error is printed."""
        self._until_s = -math.inf
