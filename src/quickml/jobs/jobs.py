"""Jobs in a database: their attempts, events, films and artifacts.

Every change of a job is the same three steps in one transaction: read its record, take the next one from
`lifecycle`, write it together with its events.

What a user was promised (a job accepted, ready, cancelled) waits for the disk. Events on the way do not: a
power failure may take the last of them, and takes their attempt in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection, and_, delete, func, insert, select

from quickml.events import Event, Failed, Status
from quickml.jobs import appending, counters, feed, frames, job_files, lifecycle, queue, turns
from quickml.jobs.feed import FeedStore
from quickml.jobs.frames import UNCHANGED, FilmChange
from quickml.jobs.ids import new_id
from quickml.jobs.job import NO_LIMITS, Artifact, Attempt, Job, Limits, NewJob
from quickml.jobs.reader import JobReader
from quickml.jobs.rows import find, held, insert_artifacts, job_row, owned, owner_lock, write
from quickml.jobs.seats import ANY_SEAT, Seat
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import artifacts, deleted_files, events, jobs

SWEEP_S = 1800.0
"""How long a sweep may take before another process may sweep, too."""


class JobStore(JobReader):
    """Jobs, their attempts, events and artifacts. Every call is atomic, and safe from several processes.

    A call that names an attempt raises `FencedError` when that attempt is not the latest of a running job.
    A call that takes an owner raises `JobNotFoundError` when there is no such job, or another owner has it.
    Any call may raise `StoreError`.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(database, clock)
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

    # Operations

    def sweeping(self) -> AbstractContextManager[bool]:
        """Whether this process may remove what nothing refers to: no other one is just doing it."""
        return self._database.alone("sweep", at_most_s=SWEEP_S)

    def _write(self, connection: Connection, before: Job, job: Job, news: Sequence[Event] = ()) -> Job:
        return write(connection, before, job, news, self._clock())
