"""Jobs in memory: the twin of `sql.py` for tests, and for one process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from quickml.errors import JobNotFoundError
from quickml.events import RUNNING, Event, Failed, Status
from quickml.jobs import lifecycle
from quickml.jobs.ids import job_id_of, new_id
from quickml.jobs.job import NO_LIMITS, Artifact, Attempt, Job, Limits, NewJob, StoredEvent


class MemoryJobStore:
    """The `JobStore` without a disk; safe from several threads."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._keys: dict[tuple[str, str | None], str] = {}
        self._turns: dict[str, int] = {}
        self._events: list[StoredEvent] = []
        self._position = 0
        self._artifacts: dict[str, list[Artifact]] = {}

    # Owners

    def submit(self, new: NewJob, limits: Limits = NO_LIMITS) -> tuple[Job, bool]:
        """See `JobStore`."""
        with self._lock:
            now = self._clock()
            if (key := (new.owner, new.idempotency_key)) in self._keys:
                first = self._jobs[self._keys[key]]
                lifecycle.check_repeat(first, new)
                return first, False
            waiting = [job.owner for job in self._jobs.values() if job.status is Status.QUEUED]
            lifecycle.check_room(limits, of_owner=waiting.count(new.owner), of_all=len(waiting))
            job = lifecycle.submitted(new, new_id("job", now, after=max(self._jobs, default=None)), now)
            self._jobs[job.id] = job
            if new.idempotency_key is not None:
                self._keys[key] = job.id
            return job, True

    def job(self, job_id: str, owner: str | None = None) -> Job:
        """See `JobStore`."""
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None or owner not in (None, job.owner):
            raise JobNotFoundError(job_id)
        return job

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
        oldest = None if before is None else job_id_of(before)
        with self._lock:
            wanted = [
                job
                for _, job in sorted(self._jobs.items(), reverse=True)
                if owner in (None, job.owner)
                and name in (None, job.name)
                and (not statuses or job.status in statuses)
                and (oldest is None or job.id < oldest)
            ]
        return wanted[:limit]

    def stop(self, job_id: str, owner: str | None = None) -> Job:
        """See `JobStore`."""
        with self._lock:
            return self._write(*lifecycle.stopped(self.job(job_id, owner), self._clock()))

    def cancel(self, job_id: str, owner: str | None = None) -> Job:
        """See `JobStore`."""
        with self._lock:
            return self._write(*lifecycle.cancelled(self.job(job_id, owner), self._clock()))

    def delete(self, job_id: str, owner: str | None = None) -> list[Artifact]:
        """See `JobStore`."""
        with self._lock:
            lifecycle.check_finished(self.job(job_id, owner))
            del self._jobs[job_id]
            self._keys = {key: first for key, first in self._keys.items() if first != job_id}
            self._events = [event for event in self._events if event.job_id != job_id]
            mine = self._artifacts.pop(job_id, [])
            others = self.referenced()
        return [artifact for artifact in mine if artifact.sha256 not in others]

    # Attempts

    def claim(self, limits: Limits = NO_LIMITS) -> Attempt | None:
        """See `JobStore`."""
        with self._lock:
            busy = Counter(job.owner for job in self._jobs.values() if job.status in RUNNING)
            waiting = [
                job
                for job in self._jobs.values()
                if job.status is Status.QUEUED
                and (limits.running_per_owner is None or busy[job.owner] < limits.running_per_owner)
            ]
            if not waiting:
                return None
            job = min(waiting, key=lambda job: (self._turns.get(job.owner, 0), job.id))
            self._turns[job.owner] = max(self._turns.values(), default=0) + 1
            return lifecycle.attempt_at(self._write(lifecycle.begun(job, self._clock())))

    def advance(self, attempt: Attempt, status: Status) -> None:
        """See `JobStore`."""
        with self._lock:
            self._write(lifecycle.advanced(self._held(attempt), status, self._clock()))

    def append(self, attempt: Attempt, events: Sequence[Event]) -> int:
        """See `JobStore`."""
        with self._lock:
            return self._write(self._held(attempt), events).last_event

    def complete(self, attempt: Attempt, artifacts: Sequence[Artifact], last: Event) -> None:
        """See `JobStore`."""
        with self._lock:
            job = self._held(attempt)
            lifecycle.check_artifacts(job, artifacts)
            self._write(lifecycle.completed(job, self._clock()), (last,))
            self._artifacts[job.id] = list(artifacts)

    def fail(self, attempt: Attempt, reason: str, *, retry: bool, last: Failed | None = None) -> Status:
        """See `JobStore`."""
        with self._lock:
            job = self._held(attempt)
            job, event = lifecycle.failed(job, reason, self._clock(), retry=retry, last=last)
            return self._write(job, (event,)).status

    def release(self, attempt: Attempt, reason: str) -> None:
        """See `JobStore`."""
        with self._lock:
            self._release(self._held(attempt), reason)

    def recover(self, reason: str) -> list[Job]:
        """See `JobStore`."""
        with self._lock:
            return [self._release(job, reason) for job in self._running()]

    def _release(self, job: Job, reason: str) -> Job:
        again, event = lifecycle.released(job, reason, self._clock())
        return self._write(again, (event,))

    def stop_requested(self, attempt: Attempt) -> bool:
        """See `JobStore`."""
        with self._lock:
            return self._held(attempt).stop_requested

    # Watchers

    def events(self, job_id: str, after: int = 0, limit: int = 1000) -> list[StoredEvent]:
        """See `JobStore`."""
        with self._lock:
            mine = [event for event in self._events if event.job_id == job_id]
            return [event for event in mine if event.sequence > after][:limit]

    def news(self, after: int, limit: int = 1000) -> list[StoredEvent]:
        """See `JobStore`."""
        with self._lock:
            return [event for event in self._events if event.position > after][:limit]

    def position(self) -> int:
        """See `JobStore`."""
        with self._lock:
            return self._events[-1].position if self._events else 0

    def artifacts(self, job_id: str) -> list[Artifact]:
        """See `JobStore`."""
        with self._lock:
            return list(self._artifacts.get(job_id, []))

    def artifact(self, sha256: str, name: str | None, owner: str | None = None) -> Artifact:
        """See `JobStore`."""
        with self._lock:
            for job_id, artifacts in sorted(self._artifacts.items()):
                for artifact in artifacts:
                    mine = owner in (None, self._jobs[job_id].owner)
                    if mine and artifact.sha256 == sha256 and name in (None, artifact.name):
                        return artifact
        raise JobNotFoundError(name or sha256)

    # Operations

    def referenced(self) -> set[str]:
        """See `JobStore`."""
        with self._lock:
            return {artifact.sha256 for artifacts in self._artifacts.values() for artifact in artifacts}

    def running(self) -> list[Attempt]:
        """See `JobStore`."""
        with self._lock:
            return [lifecycle.attempt_at(job) for job in self._running()]

    def counts(self) -> dict[Status, int]:
        """See `JobStore`."""
        with self._lock:
            found = Counter(job.status for job in self._jobs.values())
        return {status: found[status] for status in Status}

    def now(self) -> datetime:
        """See `JobStore`."""
        return self._clock()

    def _running(self) -> list[Job]:
        return [job for _, job in sorted(self._jobs.items()) if job.status in RUNNING]

    def _held(self, attempt: Attempt) -> Job:
        return lifecycle.check_fence(self._jobs.get(attempt.job_id), attempt)

    def _write(self, job: Job, news: Sequence[Event] = ()) -> Job:
        told = self._jobs[job.id] = lifecycle.told(job, news, self._clock())
        for sequence, event in enumerate(news, start=job.last_event + 1):
            self._position += 1
            self._events.append(
                StoredEvent(
                    position=self._position,
                    job_id=job.id,
                    sequence=sequence,
                    type=event.type,
                    body=event.to_json(),
                )
            )
        return told
