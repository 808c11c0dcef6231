"""The thread by which an executor keeps its attempts, and learns what happens to them in the database."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Literal

from quickml.errors import StoreError
from quickml.executors.executor import LOST, RESTARTED
from quickml.jobs.job import Attempt
from quickml.jobs.leases import Lease, Leases, LeaseWatch

log = logging.getLogger(__name__)

POLL_S = 0.2
"""How often the database is asked about the attempts that run here."""
RENEWALS = 3
"""How often a lease is renewed before it would run out."""
REAP_EVERY_S = 1.0
"""How often all leases are looked at."""

Wish = Literal["stop", "end"]
"""What an attempt is to do: finish early with what it learned, or end at once because it was given up on."""


class Heartbeat(threading.Thread):
    """Renews the leases of an executor's attempts, passes wishes on to them, and releases lost attempts.

    Stop and cancel travel through the database only, so it does not matter which server was asked.
    """

    def __init__(
        self,
        leases: Leases,
        holder: str,
        *,
        attempts: Callable[[], Sequence[Attempt]],
        heed: Callable[[Attempt, Wish], None],
        dead: Callable[[], Collection[str]] = tuple,
        forget: Callable[[Collection[str]], None] = lambda _: None,
    ) -> None:
        """Keep what `attempts` gives, as `holder`.

        Args:
            leases: those in the database.
            holder: the id under which this executor claims.
            attempts: the attempts that run here.
            heed: called with an attempt and what it is to do, again and again while that holds.
            dead: the holders that are known to be dead, whose leases need not run out first.
            forget: called with them when they hold nothing any more.
        """
        super().__init__(name="heartbeat", daemon=True)
        self._leases, self._holder = leases, holder
        self._attempts, self._heed = attempts, heed
        self._dead, self._forget = dead, forget
        self._watch = LeaseWatch(leases.lease_s)
        self._renewed_at = self._reaped_at = float("-inf")
        self._woken, self._is_closed, self._trouble = threading.Event(), False, ""

    def wake(self) -> None:
        """Look at the database now."""
        self._woken.set()

    def close(self) -> None:
        """End the thread; `join` it."""
        self._is_closed = True
        self._woken.set()

    def run(self) -> None:
        """Beat until closed."""
        while not self._is_closed:
            self.beat()
            self._woken.wait(POLL_S)
            self._woken.clear()

    def beat(self) -> None:
        """Do what is due. An error is logged, and ends nothing."""
        try:
            self._keep(self._attempts())
            if self._is_due(self._reaped_at, min(REAP_EVERY_S, self._leases.lease_s / 5)):
                self._reaped_at = time.monotonic()
                self._reap()
            self._log_trouble("")
        except StoreError as error:
            self._log_trouble(str(error))
            self._watch.restart()  # other holders may be unable to renew theirs, too
        except Exception:  # a bug must not let the leases of all attempts expire
            log.exception("unexpected error in the heartbeat")

    def _log_trouble(self, trouble: str) -> None:
        """Log an error when it begins and when it ends: a full disk may be the log's, too."""
        if trouble and trouble != self._trouble:
            log.error("leases cannot be renewed: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("leases are renewed again")
        self._trouble = trouble

    def _keep(self, attempts: Sequence[Attempt]) -> None:
        if not attempts:
            return
        # Read after the list was made, so an attempt that is not held any more was given up on.
        held = self._leases.held(self._holder)
        for attempt in attempts:
            stop_requested = held.get((attempt.job_id, attempt.number))
            if stop_requested is None:
                self._heed(attempt, "end")
            elif stop_requested:
                self._heed(attempt, "stop")
        if self._is_due(self._renewed_at, self._leases.lease_s / RENEWALS):
            self._leases.renew(self._holder, attempts)
            self._renewed_at = time.monotonic()

    def _reap(self) -> None:
        dead = self._dead()  # asked first: it can have claimed nothing since
        leases = self._leases.running()
        expired = self._watch.expired(leases)
        reasons = dict.fromkeys(expired, LOST)
        reasons |= {lease: RESTARTED for lease in leases if lease.holder is None or lease.holder in dead}
        if not reasons and not dead:
            return
        with self._leases.reaping() as is_alone:
            if is_alone:
                for lease, reason in reasons.items():
                    self._release(lease, reason)
                self._forget(dead)

    def _release(self, lease: Lease, reason: str) -> None:
        if self._leases.release(lease, reason):
            log.warning("%s: attempt %d was released: %s", lease.job_id, lease.attempt, reason)

    @staticmethod
    def _is_due(last: float, every_s: float) -> bool:
        return time.monotonic() - last >= every_s
