"""The claims of a host: one look at the queue for all of its seats."""

from __future__ import annotations

import threading
from collections.abc import Callable

from quickml.jobs.job import NO_LIMITS, Attempt, Limits
from quickml.jobs.jobs import JobStore

EXPRESS_S = 60.0
"""Longest estimated duration of a job that an express seat takes."""


class Claims:
    """Claims attempts for the seats of a host, one after the other. Any thread may call.

    However many seats are free, the database is asked only after somebody has said that jobs may wait, and
    until it had none.
    """

    def __init__(
        self,
        jobs: JobStore,
        host_id: str,
        limits: Limits = NO_LIMITS,
        *,
        express_s: float = EXPRESS_S,
        may_claim: Callable[[], bool] = lambda: True,
        trouble: Callable[[], str] = str,
    ) -> None:
        """Claim as a host while it `may_claim`, and while `trouble` names no problem of the storage.

        Express seats take jobs of an estimated duration of at most `express_s`.
        """
        self._jobs, self._host_id, self._limits, self._express_s = jobs, host_id, limits, express_s
        self._may_claim, self._trouble = may_claim, trouble
        self._offered = {False: True, True: True}
        self._turn = threading.Lock()

    def offer(self) -> None:
        """A job may wait."""
        self._offered = {False: True, True: True}

    def take(self, *, is_express: bool = False) -> Attempt | None:
        """The next attempt, or None if there is none to take now. Express seats take only short jobs.

        Raises:
            StoreError: the database cannot be used.
        """
        with self._turn:
            if not self._offered[is_express] or not self._may_claim():
                return None
            self._offered[is_express] = False  # before the look, since an offer may follow it
            if not self._jobs.is_any_queued() or self._trouble():
                return None
            most_s = self._express_s if is_express else None
            attempt = self._jobs.claim(self._host_id, self._limits, most_s=most_s)
            if attempt is not None:
                self._offered[is_express] = True
            return attempt
