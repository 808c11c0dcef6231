"""Jobs in a database: their attempts, events, films and artifacts.

Every change of a job is the same three steps in one transaction: read its record, take the next one from
`lifecycle`, write it together with its events.

What a user was promised (a job accepted, ready, cancelled) waits for the disk. Events on the way do not: a
power failure may take the last of them, and takes their attempt in any case.

Readers that follow events ask for those of a job after a sequence number. The order in which the rows of
different jobs were written says nothing: writers may commit in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection, and_, delete, func, insert, select

from quickml.events import Event, Failed, Status
from quickml.jobs import appending, counters, feed, frames, job_files, lifecycle, queue, turns
from quickml.jobs.feed import FeedStore
from quickml.jobs.frames import UNCHANGED, FilmChange, StoredFrames
from quickml.jobs.ids import job_id_of, new_id
from quickml.jobs.job import NO_LIMITS, Artifact, Attempt, Job, Limits, NewJob, StoredEvent, Waiting
from quickml.jobs.keys import FILES
from quickml.jobs.outline import outline
from quickml.jobs.rows import (
    IS_STORED,
    artifact_of,
    events_after,
    find,
    held,
    insert_artifacts,
    job_of,
    job_row,
    last_events,
    names_of,
    owned,
    owner_lock,
    select_artifacts,
    write,
)
from quickml.jobs.seats import ANY_SEAT, Seat
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import artifacts, deleted_files, events, jobs, keys

SWEEP_S = 1800.0
"""How long a sweep may take before another process may sweep, too."""


class JobStore:
    """Jobs, their attempts, events and artifacts. Every call is atomic, and safe from several processes.

    A call that names an attempt raises `FencedError` when that attempt is not the latest of a running job.
    A call that takes an owner raises `JobNotFoundError` when there is no such job, or another owner has it.
    Any call may raise `StoreError`.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] | None = None) -> None:
        self._database, self._clock = database, clock or database.now
        self.feed = FeedStore(database)
        """All changes of each owner's jobs."""

    # Owners

    def submit(self, new: NewJob, limits: Limits = NO_LIMITS) -> tuple[Job, bool]:
        """Store a job; it is on disk when this returns.

        Returns:
            The job, and whether it is new: the same owner's same `idempotency_key` gives the first job again.

        Raises:
            QueueFullError: a limit is reached; says which one, and how many jobs there are.
            IdempotencyError: the key was used with another document.
            UploadNotFoundError: the owner does not have one of the files that the job uses.
        """
        now = self._clock()
        with self._database.write(lock=owner_lock(new.owner)) as connection:
            if new.idempotency_key is not None:
                same = and_(jobs.c.owner == new.owner, jobs.c.idempotency_key == new.idempotency_key)
                if (first := find(connection, same)) is not None:
                    lifecycle.check_repeat(first, new)
                    return first, False
            if limits.queue_length is not None:
                self._database.lock(connection, "queue")  # the jobs of all owners are counted
            queue.check_room(connection, new.owner, limits)
            newest = connection.scalar(select(func.max(jobs.c.id)))
            job = lifecycle.submitted(new, new_id("job", now, after=newest), now)
            connection.execute(insert(jobs).values(**job_row(job), idempotency_key=new.idempotency_key))
            job_files.use(connection, job, new.files, now)
            turns.follow(connection, None, job)
            feed.mark_submitted(connection, job, now)
        return job, True

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

    def stop(self, job_id: str, owner: str | None = None) -> Job:
        """Ask a job to end its training and keep what it learned. Does nothing to a finished job.

        A queued job is cancelled, unless an attempt began: the next one then stops as soon as it has read
        that one's checkpoint.
        """
        return self._ask(job_id, owner, lifecycle.stopped)

    def cancel(self, job_id: str, owner: str | None = None) -> Job:
        """Cancel a job; does nothing to a finished one. Its attempt, if any, is fenced from now on."""
        return self._ask(job_id, owner, lifecycle.cancelled)

    def _ask(
        self, job_id: str, owner: str | None, change: Callable[[Job, datetime], tuple[Job, Sequence[Event]]]
    ) -> Job:
        with self._database.write() as connection:
            before = owned(connection, job_id, owner)
            job, news = change(before, self._clock())
            return self._write(connection, before, job, news)

    def delete(self, job_id: str, owner: str | None = None) -> None:
        """Delete a finished job with its events, its film and the rows of its files.

        A sweep removes the files.

        Raises:
            TransitionError: it is not finished.
        """
        with self._database.write() as connection:
            job = owned(connection, job_id, owner)
            lifecycle.check_finished(job)
            for table in (artifacts, deleted_files, events):
                connection.execute(delete(table).where(table.c.job_id == job_id))
            connection.execute(delete(jobs).where(jobs.c.id == job_id))
            frames.remove(connection, job_id)
            job_files.remove(connection, job_id)
            feed.mark_deleted(connection, job, self._clock())

    # Attempts

    def claim(self, holder: str, limits: Limits = NO_LIMITS, seat: Seat = ANY_SEAT) -> Attempt | None:
        """Begin the next attempt; None when nothing may run. The job is `building` from then on.

        `holder` is the host that runs it; see `jobs.hosts`. `seat` says which jobs are taken.
        Ask `is_any_queued` first: most times there is nothing, and no need to wait to write.

        Owners take turns: of those with a job that may run, the one whose last claim is the longest ago,
        owners who never had one first; and of that owner's jobs the first.
        """
        durable = self._database.is_server  # a number that was given out is never given out again
        with self._database.write(durable=durable, lock="claim") as connection:
            waiting = queue.first_in_turn(connection, limits, seat)
            if waiting is None:
                return None
            begun = lifecycle.begun(waiting, self._clock(), holder=holder)
            return lifecycle.attempt_at(self._write(connection, waiting, begun))

    def is_any_queued(self, seat: Seat = ANY_SEAT) -> bool:
        """Whether a job waits for an attempt that may be one for a seat."""
        with self._database.statement() as connection:
            return queue.is_any_queued(connection, has_gpu=seat.has_gpu)

    def advance(self, attempt: Attempt, status: Status) -> None:
        """Move the job on to the next running status; `complete`, `fail` and `release` do the others.

        Raises:
            TransitionError: a step that `TRANSITIONS` has not, or one that ends the attempt.
        """
        with self._database.write(durable=self._database.is_server) as connection:
            job = held(connection, attempt)
            self._write(connection, job, lifecycle.advanced(job, status, self._clock()))

    def append(
        self, attempt: Attempt, events: Sequence[Event], *, after: int, film: FilmChange = UNCHANGED
    ) -> int:
        """Store events and changes of the film, and update the progress and metrics of the job.

        The first event follows the event number `after`. Events that are stored already are skipped, so a
        call that failed can be repeated, also with more events and later changes added.

        Returns:
            The last sequence number.

        Raises:
            EventsLostError: there is no event `after`.
        """
        if events and not film and self._database.writes_at_once and not counters.has_any(events):
            with self._database.statement() as connection:
                stored = appending.append(connection, attempt, events, after, self._clock())
            if stored is not None:
                return stored
        with self._database.write(durable=False) as connection:
            job = held(connection, attempt)
            if film:
                frames.store(connection, job.id, film)
            return self._write(connection, job, job, lifecycle.unstored(job, events, after)).last_event

    def keep_checkpoint(self, attempt: Attempt, sha256: str) -> str | None:
        """Record the stored file that the next attempt goes on from.

        Returns:
            The sha256 of the one that it replaces, which is not referred to any more.
        """
        with self._database.write() as connection:  # durable: the caller deletes the one that was replaced
            job = held(connection, attempt)
            self._write(connection, job, lifecycle.kept(job, sha256))
        return job.checkpoint

    def complete(self, attempt: Attempt, artifacts: Sequence[Artifact], last: Event) -> None:
        """The job is ready: status, artifacts and its last event in one step. The stored film is removed.

        Raises:
            TransitionError: it is not `verifying`.
            JobError: an artifact of another job, or two of one name.
        """
        with self._database.write() as connection:
            job = held(connection, attempt)
            lifecycle.check_artifacts(job, artifacts)
            insert_artifacts(connection, artifacts)
            frames.remove(connection, job.id)
            self._write(connection, job, lifecycle.completed(job, self._clock()), (last,))

    def fail(self, attempt: Attempt, reason: str, *, retry: bool, last: Failed | None = None) -> Status:
        """The attempt failed through its own fault.

        With `retry` the first such attempt of a job puts it back into the queue, with an `interrupted` event.
        The second one fails it, for the same reason or another, unless the job has advanced in between.

        Args:
            attempt: which.
            reason: for a person; becomes the job's `error`.
            retry: whether another attempt might succeed.
            last: the last event of a job that has failed; one made of the reason where left out.

        Returns:
            The job's new status.
        """
        with self._database.write() as connection:
            job = held(connection, attempt)
            after, event = lifecycle.failed(job, reason, self._clock(), retry=retry, last=last)
            return self._write(connection, job, after, (event,)).status

    def lose(self, attempt: Attempt, reason: str) -> Status:
        """The attempt ended through something that was done to it, such as a full disk or a killed worker.

        The job is queued again, with an `interrupted` event, and fails only after several losses
        between which it did not advance: what happens to every attempt may be the job's own doing.

        Returns:
            The job's new status.
        """
        with self._database.write() as connection:
            job = held(connection, attempt)
            after, event = lifecycle.lost(job, reason, self._clock())
            return self._write(connection, job, after, (event,)).status

    def release(self, attempt: Attempt, reason: str) -> None:
        """The attempt was given back: the job is queued again, which counts as nothing."""
        with self._database.write() as connection:
            job = held(connection, attempt)
            again, event = lifecycle.released(job, reason, self._clock())
            self._write(connection, job, again, (event,))

    # Readers

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
        """A file by its content and name, or of any name, of a job of this owner; see `rows.artifact_of`."""
        with self._database.statement() as connection:
            return artifact_of(connection, sha256, name, owner)

    def names(self, job_id: str, sha256: str) -> set[str]:
        """The names under which a job has a content, or had it."""
        with self._database.statement() as connection:
            return names_of(connection, job_id, sha256)

    # Operations

    def sweeping(self) -> AbstractContextManager[bool]:
        """Whether this process may remove what nothing refers to: no other one is just doing it."""
        return self._database.alone("sweep", at_most_s=SWEEP_S)

    def referenced(self) -> set[str]:
        """The sha256 of every stored file: artifacts, checkpoints, files of users, and `file_mark`."""
        kept = select(jobs.c.checkpoint).where(jobs.c.checkpoint.is_not(None))
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

    def _write(self, connection: Connection, before: Job, job: Job, news: Sequence[Event] = ()) -> Job:
        return write(connection, before, job, news, self._clock())
