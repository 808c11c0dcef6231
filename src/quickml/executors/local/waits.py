"""What the log says of an attempt that waits for storage: once when it begins, and once when it goes on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from quickml.jobs.job import Attempt

log = logging.getLogger(__name__)


class WaitLog:
    """Hears again and again what an attempt waits for."""

    def __init__(
        self, attempt: Attempt, patience_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Log about an attempt that waits for up to `patience_s`."""
        self._name = f"{attempt.job_id}: attempt {attempt.number}"
        self._patience_s, self._clock = patience_s, clock
        self._since: float | None = None

    def heard(self, waits_for: str) -> None:
        """What it waits for now, as an error says it; empty if for nothing."""
        if waits_for and self._since is None:
            self._since = self._clock()
            log.warning("%s waits for up to %g s: %s", self._name, self._patience_s, waits_for)
        elif not waits_for and self._since is not None:
            log.warning("%s goes on after a wait of %.0f s", self._name, self._clock() - self._since)
            self._since = None
