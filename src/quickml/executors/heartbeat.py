"""The thread by which a host keeps its attempts, and learns what happens to them in the database."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from quickml.errors import StoreError
from quickml.executors.executor import LOST, RESTARTED, UNANSWERED
from quickml.jobs.hosts import UNKNOWN, Host, HostLease, HostLook, Hosts, HostWatch, Orphan
from quickml.jobs.ids import new_id
from quickml.jobs.job import Attempt

log = logging.getLogger(__name__)

BEAT_S = 0.5
"""How often the database is asked about the attempts that run here."""
IDLE_S = 1.0
"""How often a host that runs nothing looks for work: for a retry, or a job that a server has queued."""
MANY, MOST_IDLE_S = 50, 2.0
"""Of more hosts than this, an idle one looks for work more rarely: one of the others soon will."""
RENEWALS = 3
"""How often a lease is renewed before it would run out."""
REAP_EVERY_S = 1.5
"""How often the leases of all hosts are looked at where these are few."""
REAPERS = 20
"""Of more hosts than this, each looks more rarely, so that all of them together do not look more often."""

Wish = Literal["stop", "end"]
"""What an attempt is to do: finish early with what it learned, or end at once because it was given up on."""


class Heartbeat(threading.Thread):
    """Renews the lease of a host, passes wishes on to its attempts, looks for work, and gives up dead hosts.

    Stop and cancel travel through the database only, so it does not matter which server was asked.
    """

    def __init__(
        self,
        hosts: Hosts,
        host: Host,
        *,
        attempts: Callable[[], Sequence[Attempt]],
        heed: Callable[[Attempt, Wish], None],
        offer: Callable[[], None] = lambda: None,
        beat_s: float = BEAT_S,
        dead: Callable[[], Collection[str]] = tuple,
        forget: Callable[[Collection[str]], None] = lambda _: None,
    ) -> None:
        """Keep what `attempts` gives, as `host`.

        Args:
            hosts: those in the database.
            host: this one.
            attempts: the attempts that run here.
            heed: called with an attempt and what it is to do, again and again while that holds.
            offer: called when a job waits for an attempt.
            beat_s: how often the database is asked while something runs here.
            dead: the ids of hosts that are known to be dead, whose leases need not run out first.
            forget: called with them when they hold nothing any more.
        """
        super().__init__(name="heartbeat", daemon=True)
        self._hosts, self._host, self._beat_s = hosts, host, beat_s
        self._attempts, self._heed, self._offer = attempts, heed, offer
        self._dead, self._forget = dead, forget
        self._watch = HostWatch(hosts.lease_s)
        self._unknown: dict[tuple[str, int], float] = {}
        self._has_joined = False
        self._renewed_at = self._reaped_at = float("-inf")
        self._reap_every_s, self._idle_s = 0.0, IDLE_S
        self._woken, self._is_closed, self._trouble = threading.Event(), False, ""
        self.misfit = ""
        """Why this host may take no attempts from the database; empty if it may."""

    @property
    def host_id(self) -> str:
        """Who holds what is claimed now; another one after another process was found to have the same."""
        return self._host.id

    @property
    def may_claim(self) -> bool:
        """Whether others know that this host lives, so that they leave it what it claims."""
        is_known = time.monotonic() - self._renewed_at < self._hosts.lease_s
        return self._has_joined and is_known and not self.misfit

    def wake(self) -> None:
        """Look at the database now."""
        self._woken.set()

    def close(self) -> None:
        """End the thread; `join` it."""
        self._is_closed = True
        self._woken.set()

    def leave(self) -> None:
        """Nothing runs here any more. If the database does not learn it, the lease runs out."""
        if self._has_joined:
            try:
                self._hosts.leave(self._host.id)
            except StoreError as error:
                log.error("the database was not told that this host ends: %s", error)

    def run(self) -> None:
        """Beat until closed."""
        while not self._is_closed:
            self.beat()
            pause_s = self._beat_s if self._attempts() else max(self._beat_s, self._idle_s)
            self._woken.wait(min(pause_s, self._hosts.lease_s / (2 * RENEWALS)))
            self._woken.clear()

    def beat(self) -> None:
        """Do what is due. An error is logged, and ends nothing."""
        try:
            if self._is_due(self._renewed_at, self._hosts.lease_s / RENEWALS):
                self._renew()
            attempts = self._attempts()
            # Read after the list was made, so an attempt that is not held any more was given up on.
            look = self._hosts.look(self._host.id, has_gpu=self._host.gpu_seats > 0)
            self._pass_on(attempts, look)
            self._give_back(look.held.keys() - {(one.job_id, one.number) for one in attempts})
            if self._is_due(self._reaped_at, self._reap_every_s):
                self._reaped_at = time.monotonic()
                self._reap()
            self._log_trouble("")
        except StoreError as error:
            self._log_trouble(str(error))
            self._watch.restart()  # other hosts may be unable to renew theirs, too
        except Exception:  # a bug must not let the lease of this host expire
            log.exception("unexpected error in the heartbeat")

    def _log_trouble(self, trouble: str) -> None:
        """Log an error when it begins and when it ends: a full disk may be the log's, too."""
        if trouble and trouble != self._trouble:
            log.error("the lease cannot be renewed: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("the lease is renewed again")
        self._trouble = trouble

    def _renew(self) -> None:
        began = time.monotonic()
        misfit = self._hosts.misfit(self._host)
        if misfit and misfit != self.misfit:
            log.error("no jobs are started: %s", misfit)
        self.misfit = misfit
        if not self._has_joined or not self._hosts.renew(self._host.id):
            if self._hosts.is_taken(self._host.id):
                log.warning("another process has the id %s, too; this host takes a new one", self.host_id)
                self._host = replace(self._host, id=new_id("host", datetime.now(UTC)))
            elif self._has_joined:
                log.warning("this host was given up on, as it was not seen for long; it joins again")
            self._hosts.join(self._host)
            self._has_joined = True
        self._renewed_at = began

    def _pass_on(self, attempts: Sequence[Attempt], look: HostLook) -> None:
        for attempt in attempts:
            stop_requested = look.held.get((attempt.job_id, attempt.number))
            if stop_requested is None:
                self._heed(attempt, "end")
            elif stop_requested:
                self._heed(attempt, "stop")
        if look.is_any_queued:
            self._offer()

    def _give_back(self, unknown: Collection[tuple[str, int]]) -> None:
        """Release what this host has held for a whole lease without running it.

        The answer to its claim was lost. One that has just been claimed is unknown for a moment, too.
        """
        now = time.monotonic()
        self._unknown = {one: self._unknown.get(one, now) for one in unknown}
        for (job_id, number), since in self._unknown.items():
            if now - since >= self._hosts.lease_s:
                orphan = Orphan(job_id=job_id, attempt=number, holder=self._host.id)
                if self._hosts.give_back(orphan, UNANSWERED):
                    log.warning("%s: attempt %d was released: %s", job_id, number, UNANSWERED)

    def _reap(self) -> None:
        dead = self._dead()  # asked first: it can have claimed nothing since
        leases, orphans = self._hosts.leases()
        few_s, many_s = self._hosts.lease_s / 5, self._hosts.lease_s / 3
        self._idle_s = min(MOST_IDLE_S, max(IDLE_S, IDLE_S * len(leases) / MANY))
        self._reap_every_s = min(max(min(REAP_EVERY_S, few_s), REAP_EVERY_S * len(leases) / REAPERS), many_s)
        expired = self._watch.expired(leases)
        lost = expired + [lease for lease in leases if lease.host_id in dead and lease not in expired]
        if not (lost or orphans or dead):
            return
        with self._hosts.reaping() as is_alone:
            if is_alone:
                self._give_up(lost, dead)
                self._forget(dead)

    def _give_up(self, lost: Sequence[HostLease], dead: Collection[str]) -> None:
        for lease in lost:
            if self._hosts.give_up(lease):
                log.warning("%s is gone: its lease ran out", lease.host_id)
        for orphan in self._hosts.leases()[1]:
            self._release(orphan, RESTARTED if orphan.holder in {UNKNOWN, *dead} else LOST)

    def _release(self, orphan: Orphan, reason: str) -> None:
        if self._hosts.release(orphan, reason):
            log.warning("%s: attempt %d was released: %s", orphan.job_id, orphan.attempt, reason)

    @staticmethod
    def _is_due(last: float, every_s: float) -> bool:
        return time.monotonic() - last >= every_s
