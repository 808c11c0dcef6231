"""The claims of a host: one look at the queue for all of its seats."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from quickml.jobs.job import NO_LIMITS, Attempt, Limits
from quickml.jobs.jobs import JobStore
from quickml.jobs.seats import ANY_SEAT, Seat

EXPRESS_S = 60.0
"""Longest estimated duration of a job that an express seat takes."""
TURN_S = 1.0
"""How long a seat waits for its turn, so that storage that hangs blocks one seat only."""

FIRST_REST_S, LONGEST_REST_S = 60.0, 960.0
"""How long a host leaves jobs to others after it was to blame for a loss; twice as long each time."""


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
        self._rest_s, self._rests_until = FIRST_REST_S, float("-inf")
        self._refused: set[Seat] = set()
        """Kinds of seats for which there was nothing."""
        self._turn = threading.Lock()

    def offer(self) -> None:
        """A job may wait."""
        self._refused = set()

    def rest(self) -> None:
        """A job was lost here, as by a full disk: leave it, and others, to other hosts for a while."""
        if self._leaves_jobs():
            return
        now = time.monotonic()
        is_again = now - self._rests_until < LONGEST_REST_S
        self._rest_s = min(2 * self._rest_s, LONGEST_REST_S) if is_again else FIRST_REST_S
        self._rests_until = now + self._rest_s

    def take(self, seat: Seat = ANY_SEAT) -> Attempt | None:
        """The next attempt for a seat, or None: there is none now, or it waited `TURN_S` for other seats.

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
            if not self._jobs.is_any_queued(seat) or self._trouble() or self._leaves_jobs():
                return None
            attempt = self._jobs.claim(self._host_id(), self._limits, seat)
            if attempt is not None:
                refused.discard(seat)
            return attempt
        finally:
            self._turn.release()

    def _leaves_jobs(self) -> bool:
        return time.monotonic() < self._rests_until
