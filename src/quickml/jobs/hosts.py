"""Hosts: the processes that run attempts, each with one lease for all that it holds.

A host renews its lease while it lives. When the lease was not renewed for its whole length, somebody gives
the host up, and its attempts are released. A job whose holder is no host that lives is released, too.

Clocks are not compared. Each host watches the others by its own monotonic clock, for leases that have not
changed for their whole length. So a clock that is set back or differs between machines releases nothing, and
neither does a host that could not see the database for a while: it starts to watch again.

A host that was given up and lives (it was frozen, or cut off) learns so when it renews. The fences have
refused what its attempts have written meanwhile; it ends them, and joins again. So does one that finds its
lease renewed by another process, which has the same id: a copy of its machine, say. It takes a new id then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    not_,
    null,
    select,
    text,
    union_all,
    update,
)

from quickml._version import __version__
from quickml.events import Event, Status
from quickml.jobs import lifecycle, queue
from quickml.jobs.job import GPU, Job
from quickml.jobs.rows import find, write
from quickml.jobs.seats import Seats, seats
from quickml.jobs.values import text_of, time_of
from quickml.storage.database import migrations
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import hosts, jobs

LEASE_S = 15.0
"""How long a host keeps its attempts without being seen."""
SERVER, WORKER = "server", "worker"
"""Kinds of hosts: those of `quickml serve`, which may have no seats, and of `quickml worker`."""
UNKNOWN = "unknown"
"""Holder of the attempts of a server that knew no holders; migration 0009 writes it."""
KEPT = timedelta(days=1)
"""How long it is remembered that a host is gone."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """A process that runs attempts."""

    id: str
    name: str
    """Of its machine."""
    kind: str = WORKER
    version: str = __version__
    seats: int = 1
    """How many attempts it runs at once."""
    express_seats: int = 0
    """How many of these take only short jobs."""
    gpus: int = 0
    gpu_seats: int = 0
    """How many seats have a GPU, or a part of one."""
    lease_s: float = LEASE_S


@dataclass(frozen=True, kw_only=True)
class HostLease:
    """The lease of a host as it was read. A renewal makes another one of it."""

    host_id: str
    seen_at: str
    lease_s: float


@dataclass(frozen=True, kw_only=True)
class Orphan:
    """A running attempt that nobody runs: its holder is no host that lives, or does not know of it."""

    job_id: str
    attempt: int
    holder: str


@dataclass(frozen=True, kw_only=True)
class HostLook:
    """What a host has to know again and again."""

    held: Mapping[tuple[str, int], bool]
    """Whether each attempt that it still holds was asked to stop, by job and number."""
    is_any_queued: bool


@dataclass(frozen=True, kw_only=True)
class HostRun:
    """What a host runs: an attempt and since when."""

    job_id: str
    name: str
    owner: str
    status: Status
    begun_at: datetime | None
    progress: float
    needs: str | None = None


@dataclass(frozen=True, kw_only=True)
class HostState:
    """A host, for operators."""

    host: Host
    joined_at: datetime
    seen_at: datetime
    gone_at: datetime | None
    runs: tuple[HostRun, ...]

    @property
    def free(self) -> int:
        """How many seats run nothing."""
        return 0 if self.gone_at else max(0, self.host.seats - len(self.runs))

    @property
    def free_gpu_seats(self) -> int:
        """How many of these have a GPU, if other jobs run on the other seats."""
        return min(self.free, self.host.gpu_seats - sum(run.needs == GPU for run in self.runs))


_RENEW = (
    update(hosts)
    .where(hosts.c.id == bindparam("host_id"), hosts.c.gone_at.is_(None))
    .where(hosts.c.seen_at <= bindparam("last"))
    .values(seen_at=bindparam("now"))
)
_SEEN = select(hosts.c.seen_at).where(hosts.c.id == bindparam("host_id"), hosts.c.gone_at.is_(None))
_LATEST = "~"
"""After all times."""
_VERSIONS = text(
    "SELECT DISTINCT version_num AS tables, hosts.version FROM alembic_version"
    " LEFT JOIN hosts ON hosts.gone_at IS NULL AND hosts.kind = 'server'"
)
"""The version of the tables, with the release of each server."""
_IS_LIVE = exists().where(hosts.c.id == jobs.c.holder, hosts.c.gone_at.is_(None))
_HELD = select(jobs.c.id, jobs.c.attempt, jobs.c.stop_requested.label("flag")).where(
    jobs.c.holder == bindparam("host_id")
)
_LOOK = {
    has_gpu: union_all(_HELD, select(null(), null(), is_any_queued))
    for has_gpu, is_any_queued in queue.ANY_QUEUED.items()
}
"""The attempts of a host, flagged if they are to stop; and a row without id, flagged if a job waits."""
_LEASES = select(hosts.c.id, hosts.c.seen_at, hosts.c.lease_s).where(hosts.c.gone_at.is_(None))
_ORPHANS = (
    select(jobs.c.id, jobs.c.attempt, jobs.c.holder)
    .where(jobs.c.holder.is_not(None), not_(_IS_LIVE))
    .order_by(jobs.c.id)
)


class Hosts:
    """The hosts in a database. Every call is atomic, and may raise `StoreError`."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime] | None = None, lease_s: float = LEASE_S
    ) -> None:
        self._database, self._clock, self.lease_s = database, clock or database.now, lease_s
        self._has_tables = False
        self._renewals: dict[str, str] = {}
        """The latest time that this process may have written to each lease; it may have had no answer."""

    @property
    def are_here(self) -> bool:
        """Whether all of them are on this machine, as all that use the database have to be."""
        return not self._database.is_server

    # Of a host itself

    def join(self, host: Host) -> None:
        """This host lives, from now on or again."""
        self._renewals[host.id] = now = text_of(self._clock())
        values = {**asdict(host), "joined_at": now, "seen_at": now, "gone_at": None}
        with self._database.write(durable=False) as connection:
            self._forget(connection)
            connection.execute(delete(hosts).where(hosts.c.id == host.id))
            connection.execute(insert(hosts).values(values))

    def _forget(self, connection: Connection) -> None:
        connection.execute(delete(hosts).where(hosts.c.gone_at < text_of(self._clock() - KEPT)))

    def renew(self, host_id: str) -> bool:
        """Renew the lease of a host; False if it is gone, or somebody else has renewed it.

        Its attempts are lost then. A database that crashed may have forgotten the last renewal.
        """
        last, now = self._renewals.get(host_id), text_of(self._clock())
        self._renewals[host_id] = max(last or now, now)
        values = {"host_id": host_id, "now": now, "last": last or _LATEST}
        with self._database.brief_write() as connection:
            is_renewed = connection.execute(_RENEW, values).rowcount > 0
        self._renewals[host_id] = now if is_renewed else last or ""
        return is_renewed

    def is_taken(self, host_id: str) -> bool:
        """Whether another process lives that has this id."""
        with self._database.statement() as connection:
            seen_at = connection.scalar(_SEEN, {"host_id": host_id})
        return seen_at is not None and seen_at > self._renewals.get(host_id, "")

    def leave(self, host_id: str) -> None:
        """This host ends, and runs nothing any more. What it has not given back is released."""
        mine = and_(hosts.c.id == host_id, hosts.c.gone_at.is_(None))
        with self._database.write(durable=False) as connection:
            connection.execute(update(hosts).where(mine).values(gone_at=text_of(self._clock())))

    def look(self, host_id: str, *, has_gpu: bool = False) -> HostLook:
        """What a host holds, and whether there is more to do for it."""
        with self._database.statement() as connection:
            rows = connection.execute(_LOOK[has_gpu], {"host_id": host_id}).all()
        held = {(row.id, row.attempt): bool(row.flag) for row in rows if row.id is not None}
        return HostLook(held=held, is_any_queued=any(row.flag for row in rows if row.id is None))

    def misfit(self, host: Host) -> str:
        """Why a host may not take attempts from this database; empty if it may.

        Its tables and its release have to be those of the servers.
        """
        with self._database.statement() as connection:
            self._has_tables = self._has_tables or migrations.version(connection) is not None
            rows = connection.execute(_VERSIONS).all() if self._has_tables else []
        tables = rows[0].tables if rows else None
        versions = sorted({row.version for row in rows if row.version is not None})
        if tables != migrations.HEAD:
            made = "no server has used it yet" if tables is None else "a server of another release made them"
            return f"database: expected tables of version {migrations.HEAD}, found {tables!r:.40}; {made}"
        if host.kind == WORKER and versions and host.version not in versions:
            expected = " or ".join(versions)
            hint = "install the release of the servers"
            return f"QuickML: expected version {expected}, as the servers have, found {host.version}; {hint}"
        return ""

    # Of others

    def leases(self) -> tuple[list[HostLease], list[Orphan]]:
        """The leases of all hosts that live, and the attempts that nobody runs."""
        with self._database.statement() as connection:
            rows = connection.execute(_LEASES).all()
            orphans = [
                Orphan(job_id=row.id, attempt=row.attempt, holder=row.holder)
                for row in connection.execute(_ORPHANS)
            ]
        return [HostLease(host_id=row.id, seen_at=row.seen_at, lease_s=row.lease_s) for row in rows], orphans

    def reaping(self) -> AbstractContextManager[bool]:
        """Whether this process may give hosts up now: another one is not just doing the same."""
        return self._database.alone("reaping")

    def give_up(self, lease: HostLease) -> bool:
        """Declare a host to be gone unless its lease was renewed since it was read; whether it is gone."""
        unchanged = and_(
            hosts.c.id == lease.host_id, hosts.c.seen_at == lease.seen_at, hosts.c.gone_at.is_(None)
        )
        with self._database.write(durable=False) as connection:
            gone = update(hosts).where(unchanged).values(gone_at=text_of(self._clock()))
            return connection.execute(gone).rowcount > 0

    def release(self, orphan: Orphan, reason: str) -> bool:
        """Release an attempt whose holder is gone; whether it was released.

        The attempt is lost, see `JobStore.lose`.
        """
        return self._release(orphan, not_(_IS_LIVE), partial(lifecycle.lost, reason=reason))

    def give_back(self, orphan: Orphan, reason: str) -> bool:
        """Release an attempt whose holder lives, and says that it does not run it.

        That counts as nothing, see `JobStore.release`.
        """
        return self._release(orphan, _IS_LIVE, partial(lifecycle.released, reason=reason))

    def _release(
        self, orphan: Orphan, condition: ColumnElement[bool], change: Callable[..., tuple[Job, Event]]
    ) -> bool:
        unchanged = and_(
            jobs.c.id == orphan.job_id,
            jobs.c.attempt == orphan.attempt,
            jobs.c.holder == orphan.holder,
            condition,
        )
        with self._database.write() as connection:
            job = find(connection, unchanged)
            if job is None:
                return False
            now = self._clock()
            again, event = change(job, now=now)
            write(connection, job, again, (event,), now)
        return True

    # For operators

    def seats(self) -> Seats:
        """The seats of all hosts that live."""
        with self._database.statement() as connection:
            return seats(connection)

    def states(self) -> list[HostState]:
        """All hosts, those that live first, and what they run."""
        columns = (
            jobs.c.id,
            jobs.c.name,
            jobs.c.owner,
            jobs.c.status,
            jobs.c.begun_at,
            jobs.c.progress,
            jobs.c.needs,
            jobs.c.holder,
        )
        running = select(*columns).where(jobs.c.holder.is_not(None)).order_by(jobs.c.begun_at, jobs.c.id)
        listed = select(hosts).order_by(hosts.c.gone_at.is_not(None), hosts.c.name, hosts.c.joined_at)
        with self._database.read() as connection:
            runs = [dict(row._mapping) for row in connection.execute(running)]
            return [_state_of(dict(row._mapping), runs) for row in connection.execute(listed)]


def _state_of(row: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> HostState:
    times = {name: time_of(row[name]) for name in ("joined_at", "seen_at", "gone_at")}
    mine = tuple(
        HostRun(
            job_id=run["id"],
            name=run["name"],
            owner=run["owner"],
            status=Status(run["status"]),
            begun_at=time_of(run["begun_at"]),
            progress=run["progress"],
            needs=run["needs"],
        )
        for run in runs
        if run["holder"] == row["id"]
    )
    host = Host(**{name: value for name, value in row.items() if name not in times})
    return HostState(host=host, runs=mine, **times)  # type: ignore[arg-type]


class HostWatch:
    """Finds the leases that have run out. Give it all leases several times in each `lease_s`."""

    def __init__(self, lease_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease_s, self._clock = lease_s, clock
        self._since: dict[HostLease, float] = {}
        self._looked_at = float("-inf")

    def expired(self, leases: Sequence[HostLease]) -> list[HostLease]:
        """Those that have not changed for their whole length, during which this was called often enough."""
        now = self._clock()
        if now - self._looked_at > self._lease_s / 2:
            self.restart()  # the hosts may have been unable to see the database as well
        self._looked_at = now
        self._since = {lease: self._since.get(lease, now) for lease in leases}
        return [lease for lease, since in self._since.items() if now - since >= lease.lease_s]

    def restart(self) -> None:
        """Forget how long each lease has been unchanged."""
        self._since.clear()
