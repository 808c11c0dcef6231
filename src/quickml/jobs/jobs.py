"""Jobs in a database: SQLAlchemy on SQLite.

Every change of a job is the same three steps in one transaction: read its record, take the next one from
`lifecycle`, write it with the events that tell of it. Writers come one after the other, so events get their
positions in the order in which readers come to see them.

What somebody was promised (a job taken, ready, given up) waits for the disk. Events on the way do not: a
power cut may take the last of them, and takes their attempt in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from quickml.errors import JobNotFoundError
from quickml.events import RUNNING, Event, Failed, Status
from quickml.jobs import lifecycle
from quickml.jobs.ids import job_id_of, new_id
from quickml.jobs.job import NO_LIMITS, Artifact, Attempt, Job, Limits, NewJob, StoredEvent
from quickml.jobs.rows import artifact_of, event_of, job_changes, job_of, job_row
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import artifacts, events, jobs, turns

_LARGEST = 2**63 - 1
"""What SQLite compares with; a number from outside may be larger."""


class SqlJobStore:
    """The `JobStore` on disk."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._clock = clock

    # Owners

    def submit(self, new: NewJob, limits: Limits = NO_LIMITS) -> tuple[Job, bool]:
        """See `JobStore`."""
        now = self._clock()
        with self._database.write() as connection:
            if new.idempotency_key is not None:
                same = and_(jobs.c.owner == new.owner, jobs.c.idempotency_key == new.idempotency_key)
                if (first := _first(connection, same)) is not None:
                    lifecycle.check_repeat(first, new)
                    return first, False
            waiting = jobs.c.status == Status.QUEUED
            lifecycle.check_room(
                limits,
                of_owner=_count(connection, and_(waiting, jobs.c.owner == new.owner)),
                of_all=_count(connection, waiting),
            )
            newest = connection.scalar(select(func.max(jobs.c.id)))
            job = lifecycle.submitted(new, new_id("job", now, after=newest), now)
            connection.execute(insert(jobs).values(**job_row(job), idempotency_key=new.idempotency_key))
        return job, True

    def job(self, job_id: str, owner: str | None = None) -> Job:
        """See `JobStore`."""
        with self._database.read() as connection:
            return _owned(connection, job_id, owner)

    def jobs(
        self,
        *,
        owner: str | None = None,
        name: str | None = None,
        statuses: Sequence[Status] = (),
        limit: int = 50,
        before: str | None = None,
    ) -> list[Job]:
        """See `JobStore`."""
        wanted = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if owner is not None:
            wanted = wanted.where(jobs.c.owner == owner)
        if name is not None:
            wanted = wanted.where(jobs.c.name == name)
        if statuses:
            wanted = wanted.where(jobs.c.status.in_(statuses))
        if before is not None:
            wanted = wanted.where(jobs.c.id < job_id_of(before))
        with self._database.read() as connection:
            return [job_of(row) for row in connection.execute(wanted)]

    def stop(self, job_id: str, owner: str | None = None) -> Job:
        """See `JobStore`."""
        return self._ask(job_id, owner, lifecycle.stopped)

    def cancel(self, job_id: str, owner: str | None = None) -> Job:
        """See `JobStore`."""
        return self._ask(job_id, owner, lifecycle.cancelled)

    def _ask(
        self, job_id: str, owner: str | None, change: Callable[[Job, datetime], tuple[Job, Sequence[Event]]]
    ) -> Job:
        with self._database.write() as connection:
            job, news = change(_owned(connection, job_id, owner), self._clock())
            return self._write(connection, job, news)

    def delete(self, job_id: str, owner: str | None = None) -> list[Artifact]:
        """See `JobStore`."""
        with self._database.write() as connection:
            lifecycle.check_finished(_owned(connection, job_id, owner))
            others = select(artifacts.c.sha256).where(artifacts.c.job_id != job_id)
            mine = artifacts.c.job_id == job_id
            alone = _artifacts(connection, and_(mine, artifacts.c.sha256.not_in(others)))
            connection.execute(delete(artifacts).where(mine))
            connection.execute(delete(events).where(events.c.job_id == job_id))
            connection.execute(delete(jobs).where(jobs.c.id == job_id))
        return alone

    # Attempts

    def claim(self, limits: Limits = NO_LIMITS) -> Attempt | None:
        """See `JobStore`."""
        with self._database.write(durable=False) as connection:
            waiting = _first_in_turn(connection, limits)
            if waiting is None:
                return None
            job = self._write(connection, lifecycle.begun(waiting, self._clock()))
            _take_turn(connection, job.owner)
        return lifecycle.attempt_at(job)

    def advance(self, attempt: Attempt, status: Status) -> None:
        """See `JobStore`."""
        with self._database.write(durable=False) as connection:
            self._write(connection, lifecycle.advanced(_held(connection, attempt), status, self._clock()))

    def append(self, attempt: Attempt, events: Sequence[Event]) -> int:
        """See `JobStore`."""
        with self._database.write(durable=False) as connection:
            return self._write(connection, _held(connection, attempt), events).last_event

    def complete(self, attempt: Attempt, artifacts: Sequence[Artifact], last: Event) -> None:
        """See `JobStore`."""
        with self._database.write() as connection:
            job = _held(connection, attempt)
            lifecycle.check_artifacts(job, artifacts)
            _insert_artifacts(connection, artifacts)
            self._write(connection, lifecycle.completed(job, self._clock()), (last,))

    def fail(self, attempt: Attempt, reason: str, *, retry: bool, last: Failed | None = None) -> Status:
        """See `JobStore`."""
        with self._database.write() as connection:
            job = _held(connection, attempt)
            job, event = lifecycle.failed(job, reason, self._clock(), retry=retry, last=last)
            return self._write(connection, job, (event,)).status

    def release(self, attempt: Attempt, reason: str) -> None:
        """See `JobStore`."""
        with self._database.write() as connection:
            self._release(connection, _held(connection, attempt), reason)

    def recover(self, reason: str) -> list[Job]:
        """See `JobStore`."""
        with self._database.write() as connection:
            return [self._release(connection, job, reason) for job in _running(connection)]

    def _release(self, connection: Connection, job: Job, reason: str) -> Job:
        again, event = lifecycle.released(job, reason, self._clock())
        return self._write(connection, again, (event,))

    def stop_requested(self, attempt: Attempt) -> bool:
        """See `JobStore`."""
        with self._database.read() as connection:
            return _held(connection, attempt).stop_requested

    # Watchers

    def events(self, job_id: str, after: int = 0, limit: int = 1000) -> list[StoredEvent]:
        """See `JobStore`."""
        mine = events.c.job_id == job_id_of(job_id)
        return self._events(and_(mine, events.c.sequence > min(after, _LARGEST)), limit)

    def news(self, after: int, limit: int = 1000) -> list[StoredEvent]:
        """See `JobStore`."""
        return self._events(events.c.position > min(after, _LARGEST), limit)

    def _events(self, wanted: ColumnElement[bool], limit: int) -> list[StoredEvent]:
        found = select(events).where(wanted).order_by(events.c.position).limit(limit)
        with self._database.read() as connection:
            return [event_of(row) for row in connection.execute(found)]

    def position(self) -> int:
        """See `JobStore`."""
        with self._database.read() as connection:
            return connection.scalar(select(func.max(events.c.position))) or 0

    def artifacts(self, job_id: str) -> list[Artifact]:
        """See `JobStore`."""
        with self._database.read() as connection:
            return _artifacts(connection, artifacts.c.job_id == job_id)

    def artifact(self, sha256: str, name: str | None, owner: str | None = None) -> Artifact:
        """See `JobStore`."""
        wanted = artifacts.c.sha256 == sha256
        if owner is not None:
            wanted &= artifacts.c.job_id.in_(select(jobs.c.id).where(jobs.c.owner == owner))
        if name is not None:
            # Half a surrogate pair cannot even be asked for.
            wanted &= artifacts.c.name == name.encode(errors="backslashreplace").decode()
        with self._database.read() as connection:
            found = _artifacts(connection, wanted, limit=1)
        if not found:
            raise JobNotFoundError(name or sha256)
        return found[0]

    # Operations

    def referenced(self) -> set[str]:
        """See `JobStore`."""
        with self._database.read() as connection:
            return set(connection.scalars(select(artifacts.c.sha256).distinct()))

    def running(self) -> list[Attempt]:
        """See `JobStore`."""
        with self._database.read() as connection:
            return [lifecycle.attempt_at(job) for job in _running(connection)]

    def counts(self) -> dict[Status, int]:
        """See `JobStore`."""
        with self._database.read() as connection:
            by_status = select(jobs.c.status, func.count().label("number")).group_by(jobs.c.status)
            found = {row.status: row.number for row in connection.execute(by_status)}
        return {status: found.get(status, 0) for status in Status}

    def now(self) -> datetime:
        """See `JobStore`."""
        return self._clock()

    def _write(self, connection: Connection, job: Job, news: Sequence[Event] = ()) -> Job:
        """Write a job that is there already, with events that follow those it has."""
        told = lifecycle.told(job, news, self._clock())
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(job_changes(told)))
        if news:
            rows: list[dict[str, Any]] = [
                {"job_id": job.id, "sequence": sequence, "type": event.type, "body": event.to_json()}
                for sequence, event in enumerate(news, start=job.last_event + 1)
            ]
            connection.execute(insert(events), rows)
        return told


def _first(connection: Connection, wanted: ColumnElement[bool]) -> Job | None:
    row = connection.execute(select(jobs).where(wanted).limit(1)).first()
    return None if row is None else job_of(row)


def _owned(connection: Connection, job_id: str, owner: str | None) -> Job:
    job = _first(connection, jobs.c.id == job_id_of(job_id))
    if job is None or owner not in (None, job.owner):
        raise JobNotFoundError(job_id)
    return job


def _held(connection: Connection, attempt: Attempt) -> Job:
    return lifecycle.check_fence(_first(connection, jobs.c.id == attempt.job_id), attempt)


def _running(connection: Connection) -> list[Job]:
    found = select(jobs).where(jobs.c.status.in_(RUNNING)).order_by(jobs.c.id)
    return [job_of(row) for row in connection.execute(found)]


def _count(connection: Connection, wanted: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(jobs).where(wanted)) or 0


def _first_in_turn(connection: Connection, limits: Limits) -> Job | None:
    """The queued job whose owner's last turn is the longest ago, or never was."""
    waiting = (
        select(jobs.c.id)  # alone, so that sorting reads the index and no document
        .outerjoin(turns, turns.c.owner == jobs.c.owner)
        .where(jobs.c.status == Status.QUEUED)
        .order_by(func.coalesce(turns.c.turn, 0), jobs.c.id)
        .limit(1)
    )
    if limits.running_per_owner is not None:
        busy = (
            select(jobs.c.owner)
            .where(jobs.c.status.in_(RUNNING))
            .group_by(jobs.c.owner)
            .having(func.count() >= limits.running_per_owner)
        )
        waiting = waiting.where(jobs.c.owner.not_in(busy))
    return _first(connection, jobs.c.id == waiting.scalar_subquery())


def _take_turn(connection: Connection, owner: str) -> None:
    turn = (connection.scalar(select(func.max(turns.c.turn))) or 0) + 1
    taken = upsert(turns).values(owner=owner, turn=turn)
    connection.execute(taken.on_conflict_do_update(index_elements=["owner"], set_={"turn": turn}))


def _artifacts(
    connection: Connection, wanted: ColumnElement[bool], limit: int | None = None
) -> list[Artifact]:
    found = select(artifacts).where(wanted).order_by(artifacts.c.job_id, artifacts.c.place).limit(limit)
    return [artifact_of(row) for row in connection.execute(found)]


def _insert_artifacts(connection: Connection, delivered: Sequence[Artifact]) -> None:
    if delivered:
        connection.execute(
            insert(artifacts), [{**vars(file), "place": place} for place, file in enumerate(delivered)]
        )
