"""Where jobs are kept: the port, of which `sql.py` is the form on disk and `memory.py` the twin for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from quickml.events import Event, Failed, Status
from quickml.jobs.job import NO_LIMITS, Artifact, Attempt, Job, Limits, NewJob, StoredEvent


class JobStore(Protocol):
    """Jobs, their attempts, events and artifacts. Every call is atomic, and safe from several processes.

    A call that names an attempt raises `FencedError` when that attempt is not the latest of a running job.
    One that takes an owner raises `JobNotFoundError` when there is no such job, or it is somebody else's.
    Any call may raise `StoreError`.
    """

    def submit(self, new: NewJob, limits: Limits = NO_LIMITS) -> tuple[Job, bool]:
        """Store a job; it is on disk when this returns.

        Returns:
            The job, and whether it is new: the same owner's same `idempotency_key` gives the first job again.

        Raises:
            QueueFullError: a limit is reached; says which, and how many there are.
            IdempotencyError: the key was used with another document.
        """

    def job(self, job_id: str, owner: str | None = None) -> Job:
        """One job; of this owner where one is named.

        Raises:
            JobNotFoundError: there is none, or it is somebody else's.
        """

    def jobs(
        self,
        *,
        owner: str | None = None,
        name: str | None = None,
        statuses: Sequence[Status] = (),
        limit: int = 50,
        before: str | None = None,
    ) -> list[Job]:
        """Newest first, those older than the job `before`, which need not be there any more.

        Of this owner, this name, one of these statuses, where given.

        Raises:
            JobNotFoundError: `before` is no id of a job.
        """

    def claim(self, limits: Limits = NO_LIMITS) -> Attempt | None:
        """Begin the next attempt; None when nothing may run. The job is `building` from then on.

        Owners take turns: of those with a job that may run, the one whose last claim is the longest ago,
        owners who never had one first; and of that owner's jobs the first.
        """

    def advance(self, attempt: Attempt, status: Status) -> None:
        """Move the job on to the next running status; `complete`, `fail` and `release` do the others.

        Raises:
            TransitionError: a step that `TRANSITIONS` has not, or one that ends the attempt.
        """

    def append(self, attempt: Attempt, events: Sequence[Event]) -> int:
        """Store events with the next sequence numbers, and what they tell about the job (progress, metrics).

        Returns:
            The last sequence number.
        """

    def complete(self, attempt: Attempt, artifacts: Sequence[Artifact], last: Event) -> None:
        """The job is ready: status, artifacts and its last event in one step.

        Raises:
            TransitionError: it is not `verifying`.
            JobError: an artifact of another job, or two of one name.
        """

    def fail(self, attempt: Attempt, reason: str, *, retry: bool, last: Failed | None = None) -> Status:
        """The attempt broke off through a fault of its own.

        With `retry` the first such attempt of a job puts it back into the queue, with an `interrupted` event.
        The second one fails it, for the same reason or another.

        Args:
            attempt: which.
            reason: for a person; becomes the job's `error`.
            retry: whether another attempt might fare better.
            last: the last event of a job that has failed; one made of the reason where left out.

        Returns:
            The job's new status.
        """

    def release(self, attempt: Attempt, reason: str) -> None:
        """The attempt broke off through no fault of its own: the job is queued again, and nothing counted."""

    def stop(self, job_id: str, owner: str | None = None) -> Job:
        """Ask for what was learned so far. Nothing changes for a finished job.

        A queued job is cancelled, unless an attempt began: the next one then stops as soon as it has read
        what that one had learned.
        """

    def cancel(self, job_id: str, owner: str | None = None) -> Job:
        """Give up; nothing changes for a finished job. Its attempt, if any, is fenced from now on."""

    def delete(self, job_id: str, owner: str | None = None) -> list[Artifact]:
        """Remove a finished job with its events; returns those of its artifacts that no other job has.

        Another job may come to have one in the next moment: `ArtifactStore.sweep` minds that.

        Raises:
            TransitionError: it is not finished.
        """

    def stop_requested(self, attempt: Attempt) -> bool:
        """Whether somebody asked this attempt's job to stop."""

    def events(self, job_id: str, after: int = 0, limit: int = 1000) -> list[StoredEvent]:
        """A job's events whose sequence number is above `after`."""

    def news(self, after: int, limit: int = 1000) -> list[StoredEvent]:
        """Events of all jobs whose position is above `after`; what one reader feeds every watcher from."""

    def position(self) -> int:
        """The position of the newest event."""

    def artifacts(self, job_id: str) -> list[Artifact]:
        """A job's files; none before it is ready."""

    def artifact(self, sha256: str, name: str | None, owner: str | None = None) -> Artifact:
        """A file by its content and name, or of any name, of a job of this owner. Raises JobNotFoundError."""

    def referenced(self) -> set[str]:
        """The sha256 of every artifact of every job; what a sweep keeps."""

    def recover(self, reason: str) -> list[Job]:
        """At a start, before anything is claimed: release all attempts, since nobody runs them any more.

        Returns:
            The jobs that are queued again.
        """

    def running(self) -> list[Attempt]:
        """Attempts that have begun and not ended, by job."""

    def counts(self) -> dict[Status, int]:
        """How many jobs there are of each status."""

    def now(self) -> datetime:
        """The store's clock (UTC)."""
