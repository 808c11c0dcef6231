"""Reading stored jobs.

Readers that follow events ask for those of a job after a sequence number. The order in which the rows of
different jobs were written says nothing: writers may commit in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select

from quickml.events import RUNNING, Status
from quickml.jobs import counters, frames, job_files, queue
from quickml.jobs.frames import StoredFrames
from quickml.jobs.ids import job_id_of
from quickml.jobs.job import NO_LIMITS, Artifact, Job, Limits, StoredEvent, Waiting
from quickml.jobs.keys import FILES
from quickml.jobs.outline import outline
from quickml.jobs.rows import (
    IS_STORED,
    artifact_of,
    events_after,
    job_of,
    last_events,
    names_of,
    owned,
    select_artifacts,
)
from quickml.jobs.seats import ANY_SEAT, Seat
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import artifacts, jobs, keys


class JobReader:
    """Jobs, their events and artifacts. Any call may raise `StoreError`; none waits for writers.

    A call that takes an owner raises `JobNotFoundError` when there is no such job, or another owner has it.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] | None = None) -> None:
        self._database, self._clock = database, clock or database.now

    def job(self, job_id: str, owner: str | None = None) -> Job:
        """One job; of this owner where one is named.

        Raises:
            JobNotFoundError: there is none, or another owner has it.
        """
        with self._database.statement() as connection:
            return owned(connection, job_id, owner, for_update=False)

    def jobs(
        self,
        *,
        owner: str | None = None,
        name: str | None = None,
        statuses: Sequence[Status] = (),
        limit: int = 50,
        before: str | None = None,
    ) -> list[Job]:
        """Newest first, those older than the job `before`, which need not exist any more.

        Of this owner, this name, one of these statuses, where given.

        Raises:
            JobNotFoundError: `before` is not the id of a job.
        """
        wanted = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if owner is not None:
            wanted = wanted.where(jobs.c.owner == owner)
        if name is not None:
            wanted = wanted.where(jobs.c.name == name)
        if statuses:
            wanted = wanted.where(jobs.c.status.in_(statuses))
        if before is not None:
            wanted = wanted.where(jobs.c.id < job_id_of(before))
        with self._database.statement() as connection:
            return [job_of(row) for row in connection.execute(wanted)]

    # Of one job

    def events(self, job_id: str, after: int = 0, limit: int = 1000) -> list[StoredEvent]:
        """A job's events whose sequence number is above `after`."""
        with self._database.statement() as connection:
            return events_after(connection, job_id_of(job_id), after, limit)

    def outline(self, job: Job, types: Collection[str], most: int) -> list[StoredEvent]:
        """A job's events of some types, thinned; see `outline.outline`."""
        with self._database.read() as connection:
            return outline(connection, job, types, most)

    def frames(self, job_id: str, owner: str | None = None, after: int = frames.HEAD) -> StoredFrames:
        """The first frames of a job's stored film whose numbers are above `after`; see `frames.page`."""
        with self._database.read() as connection:
            job = owned(connection, job_id, owner, for_update=False)
            return frames.page(connection, job, after)

    def news(self, after: Mapping[str, int], limit: int = 500) -> dict[str, list[StoredEvent]]:
        """New events of many jobs at once.

        Args:
            after: the jobs, each with the sequence number of the last event that is known.
            limit: the most events of each job.

        Returns:
            By job, the events that follow, where there are any. A job that does not exist any more has an
            empty list.
        """
        found: dict[str, list[StoredEvent]] = {}
        with self._database.statement() as connection:
            last = last_events(connection, list(after))
            for job_id, known in after.items():
                if job_id not in last:
                    found[job_id] = []
                elif last[job_id] > known:
                    found[job_id] = events_after(connection, job_id, known, limit)
        return found

    def artifacts(self, job_id: str) -> list[Artifact]:
        """A job's files; none before it is ready."""
        with self._database.statement() as connection:
            return select_artifacts(connection, artifacts.c.job_id == job_id)

    def artifact(self, sha256: str, name: str | None, owner: str | None = None) -> Artifact:
        """The file with a content and, if given, a name, of any job of the owner; see `rows.artifact_of`."""
        with self._database.statement() as connection:
            return artifact_of(connection, sha256, name, owner)

    def names(self, job_id: str, sha256: str) -> set[str]:
        """The names of a job's files with this content, including deleted files."""
        with self._database.statement() as connection:
            return names_of(connection, job_id, sha256)

    # Of all jobs

    def is_any_queued(self, seat: Seat = ANY_SEAT) -> bool:
        """Whether a job waits for an attempt that may be one for a seat."""
        with self._database.statement() as connection:
            return queue.is_any_queued(connection, has_gpu=seat.has_gpu)

    def referenced(self) -> set[str]:
        """The sha256 of every stored file: artifacts, checkpoints, files of users, and `file_mark`."""
        unfinished = jobs.c.status.in_({Status.QUEUED, *RUNNING})  # by an index: only these have checkpoints
        kept = select(jobs.c.checkpoint).where(unfinished, jobs.c.checkpoint.is_not(None))
        mark = select(keys.c.value).where(keys.c.name == FILES)
        with self._database.read() as connection:
            delivered = connection.scalars(select(artifacts.c.sha256).where(IS_STORED).distinct())
            found = {*delivered, *connection.scalars(kept), *connection.scalars(mark)}
            return found | {*job_files.contents(connection)}

    def ahead(self, job: Job, limits: Limits = NO_LIMITS) -> int:
        """Number of queued jobs that have their turn before this one; see `queue.ahead`."""
        with self._database.read() as connection:
            return queue.ahead(connection, job, limits)

    def counts(self) -> dict[Status, int]:
        """How many jobs there are of each status."""
        with self._database.statement() as connection:
            by_status = select(jobs.c.status, func.count().label("number")).group_by(jobs.c.status)
            found = {row.status: row.number for row in connection.execute(by_status)}
        return {status: found.get(status, 0) for status in Status}

    def waiting(self, limits: Limits = NO_LIMITS, *, short_s: float = 0.0) -> Waiting:
        """How many jobs are queued, and for how long; the seats that all jobs could use; see `queue`."""
        with self._database.read() as connection:
            return queue.waiting(connection, self._clock(), limits, short_s)

    def file_bytes(self) -> int:
        """Total size of the stored files of all jobs. A file that two jobs have counts twice."""
        total = select(func.sum(artifacts.c.size_bytes)).where(IS_STORED)
        with self._database.statement() as connection:
            return int(connection.scalar(total) or 0)

    def counters(self) -> counters.Totals:
        """What the events of all jobs add up to, see `counters`."""
        with self._database.statement() as connection:
            return counters.totals(connection)
