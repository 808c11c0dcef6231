"""The claims of a host: one look at the queue for all of its seats."""

from __future__ import annotations

import threading
from collections.abc import Callable

from quickml.jobs.job import NO_LIMITS, Attempt, Limits
from quickml.jobs.jobs import JobStore
from quickml.jobs.seats import ANY_SEAT, Seat

EXPRESS_S = 60.0
"""Longest estimated duration of a job that an express seat takes."""
TURN_S = 1.0
"""How long a seat waits for its turn, so that storage that hangs blocks one seat only."""


class Claims:
    """Claims attempts for the seats of a host, one after the other. Any thread may call.

    However many seats are free, the database is asked only after somebody has said that jobs may wait, and
    until it had none.
    """

    def __init__(
        self,
        jobs: JobStore,
        host_id: Callable[[], str],
        limits: Limits = NO_LIMITS,
        *,
        may_claim: Callable[[], bool] = lambda: True,
        trouble: Callable[[], str] = str,
    ) -> None:
        """Claim as a host while it `may_claim`, and while `trouble` names no problem of the storage."""
        self._jobs, self._host_id, self._limits = jobs, host_id, limits
        self._may_claim, self._trouble = may_claim, trouble
        self._refused: set[Seat] = set()
        """Kinds of seats for which there was nothing."""
        self._turn = threading.Lock()

    def offer(self) -> None:
        """A job may wait."""
        self._refused = set()

    def take(self, seat: Seat = ANY_SEAT) -> Attempt | None:
        """The next attempt for a seat; None if there is none now, or if other seats have asked for `TURN_S`.

        Raises:
            StoreError: the database cannot be used.
        """
        if not self._turn.acquire(timeout=TURN_S):
            return None
        try:
            if seat in self._refused or not self._may_claim():
                return None
            refused = self._refused
            refused.add(seat)  # before the look, since an offer, which makes another set, may follow it
            if not self._jobs.is_any_queued(seat) or self._trouble():
                return None
            attempt = self._jobs.claim(self._host_id(), self._limits, seat)
            if attempt is not None:
                refused.discard(seat)
            return attempt
        finally:
            self._turn.release()
