"""Leases: who runs the attempts of a database, and which of them have stopped responding.

The holder of an attempt renews its lease. A lease that is not renewed for `LEASE_S` has run out, and releases
its attempt, whoever notices.

Clocks are not compared. Each process that watches leases looks, by its own monotonic clock, for one that has
not changed for a whole lease. So a clock that is set back or differs between machines releases nothing, and
neither does a process that could not see the database for a while: it starts to watch again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, select, update

from quickml.events import RUNNING
from quickml.jobs import lifecycle
from quickml.jobs.job import Attempt
from quickml.jobs.rows import find, write
from quickml.jobs.values import text_of
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import jobs

LEASE_S = 15.0
"""How long an attempt is held without being renewed."""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The lease of a running attempt as it was read. A renewal makes another one of it."""

    job_id: str
    attempt: int
    holder: str | None
    """None where a server held the attempt that knew no leases."""
    until: str | None


class Leases:
    """The leases in a database. Every call is atomic, and may raise `StoreError`."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime] | None = None, lease_s: float = LEASE_S
    ) -> None:
        self._database, self._clock, self.lease_s = database, clock or database.now, lease_s

    def held(self, holder: str) -> dict[tuple[str, int], bool]:
        """Whether each attempt that a holder still holds was asked to stop, by job and number."""
        mine = select(jobs.c.id, jobs.c.attempt, jobs.c.stop_requested).where(
            jobs.c.status.in_(RUNNING), jobs.c.holder == holder
        )
        with self._database.statement() as connection:
            return {(row.id, row.attempt): row.stop_requested for row in connection.execute(mine)}

    def renew(self, holder: str, attempts: Iterable[Attempt]) -> None:
        """Renew the leases of these attempts, as far as the holder still holds them.

        Only attempts that run are to be named: the lease of one that was lost must run out.
        """
        until = text_of(self._clock() + timedelta(seconds=self.lease_s))
        with self._database.write(durable=False) as connection:
            for attempt in sorted(attempts, key=lambda one: one.job_id):
                mine = and_(
                    jobs.c.id == attempt.job_id,
                    jobs.c.attempt == attempt.number,
                    jobs.c.holder == holder,
                    jobs.c.status.in_(RUNNING),
                )
                connection.execute(update(jobs).where(mine).values(lease_until=until))

    def running(self) -> list[Lease]:
        """The leases of all running attempts, by job."""
        columns = (jobs.c.id, jobs.c.attempt, jobs.c.holder, jobs.c.lease_until)
        found = select(*columns).where(jobs.c.status.in_(RUNNING)).order_by(jobs.c.id)
        with self._database.statement() as connection:
            return [
                Lease(job_id=row.id, attempt=row.attempt, holder=row.holder, until=row.lease_until)
                for row in connection.execute(found)
            ]

    def reaping(self) -> AbstractContextManager[bool]:
        """Whether this process may release leases now: another one is not just doing the same."""
        return self._database.alone("reaping")

    def release(self, lease: Lease, reason: str) -> bool:
        """Release an attempt unless its lease was renewed since it was read; whether it was released.

        The attempt is lost, see `JobStore.lose`.
        """
        unchanged = and_(
            jobs.c.id == lease.job_id,
            jobs.c.attempt == lease.attempt,
            jobs.c.status.in_(RUNNING),
            jobs.c.lease_until.is_not_distinct_from(lease.until),
        )
        with self._database.write() as connection:
            job = find(connection, unchanged)
            if job is None:
                return False
            now = self._clock()
            again, event = lifecycle.lost(job, reason, now)
            write(connection, job, again, (event,), now)
        return True


class LeaseWatch:
    """Finds the leases that have run out. Give it all leases several times in each `lease_s`."""

    def __init__(self, lease_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease_s, self._clock = lease_s, clock
        self._since: dict[Lease, float] = {}
        self._looked_at = float("-inf")

    def expired(self, leases: Sequence[Lease]) -> list[Lease]:
        """Those that have not changed for a whole lease, during which this was called often enough."""
        now = self._clock()
        if now - self._looked_at > self._lease_s / 2:
            self.restart()  # the holders may have been unable to see the database as well
        self._looked_at = now
        self._since = {lease: self._since.get(lease, now) for lease in leases}
        return [lease for lease, since in self._since.items() if now - since >= self._lease_s]

    def restart(self) -> None:
        """Forget how long each lease has been unchanged."""
        self._since.clear()
