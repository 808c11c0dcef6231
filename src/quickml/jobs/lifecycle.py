"""The lifecycle of a job as pure functions from one record to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from quickml import events
from quickml.errors import (
    EventsLostError,
    FencedError,
    FilesDeletedError,
    IdempotencyError,
    JobError,
    JobStateError,
    QueueFullError,
    TransitionError,
)
from quickml.events import RUNNING, TERMINAL, Event, Status, meaning
from quickml.jobs.job import TRANSITIONS, Artifact, Attempt, Job, Limits, NewJob

FORGIVEN = 1
"""How many attempts may fail through their own fault before the job fails, unless it advances."""
FORGIVEN_LOSSES = 2
"""How many attempts may be lost before the job fails, unless it advances."""


def submitted(new: NewJob, job_id: str, now: datetime) -> Job:
    """The record of a new job."""
    return Job(
        id=job_id,
        owner=new.owner,
        name=new.name,
        document=new.document,
        status=Status.QUEUED,
        created_at=now,
        updated_at=now,
        max_seconds=new.max_seconds,
        epochs=new.epochs,
        plan=new.plan,
        cost_s=new.cost_s,
        needs=new.needs,
    )


def check_room(limits: Limits, *, of_owner: int, of_all: int) -> None:
    """Check that one more job may be queued.

    Raises:
        QueueFullError: a limit is reached.
    """
    for limit, allowed, found in (
        ("queued_per_owner", limits.queued_per_owner, of_owner),
        ("queue_length", limits.queue_length, of_all),
    ):
        if allowed is not None and found >= allowed:
            raise QueueFullError(limit=limit, allowed=allowed, found=found)


def check_repeat(first: Job, new: NewJob) -> None:
    """Check that `new`, which has the idempotency key of `first`, has the same document.

    Raises:
        IdempotencyError: it has another one.
    """
    if first.document != new.document:
        raise IdempotencyError(key=new.idempotency_key or "", job_id=first.id)


def check_fence(job: Job | None, attempt: Attempt) -> Job:
    """The job, if the attempt holds it.

    Raises:
        FencedError: it does not.
    """
    if job is None or job.attempt != attempt.number or job.status not in RUNNING:
        raise FencedError(job_id=attempt.job_id, attempt=attempt.number)
    return job


def check_artifacts(job: Job, artifacts: Sequence[Artifact]) -> None:
    """Check that all artifacts belong to this job and have different names.

    Raises:
        JobError: they do not.
    """
    found = [(artifact.job_id, artifact.name) for artifact in artifacts]
    if len(set(found)) < len(found) or any(job_id != job.id for job_id, _ in found):
        raise JobError(f"{job.id}: expected artifacts of this job with different names, found {found}")


def check_finished(job: Job) -> None:
    """Check that the job may be deleted.

    Raises:
        TransitionError: it is not finished.
    """
    if job.status not in TERMINAL:
        raise TransitionError(job_id=job.id, status=job.status, wanted="deleted")


def check_ready(job: Job) -> None:
    """Check that the job is ready.

    Raises:
        JobStateError: it is not.
    """
    if job.status is not Status.READY:
        raise JobStateError(job_id=job.id, status=job.status, expected="ready")


def check_files(job: Job) -> None:
    """Check that the files of the job were not deleted.

    Raises:
        FilesDeletedError: they were.
    """
    if job.files_deleted_at is not None:
        raise FilesDeletedError(job_id=job.id, deleted_at=job.files_deleted_at)


def later(job: Job, now: datetime) -> datetime:
    """The time of a change of the job: not before the last one, even if the clock was set back."""
    return max(now, job.updated_at)


def moved(job: Job, status: Status, now: datetime) -> Job:
    """The job with its next status.

    Raises:
        TransitionError: `TRANSITIONS` does not have this step.
    """
    if status not in TRANSITIONS[job.status]:
        raise TransitionError(job_id=job.id, status=job.status, wanted=status)
    now = later(job, now)
    job = replace(job, status=status, updated_at=now)
    if status not in RUNNING:
        job = replace(job, holder=None, begun_at=None)
    if status in TERMINAL:
        job = replace(job, finished_at=now, checkpoint=None)
    return job


def begun(job: Job, now: datetime, *, holder: str) -> Job:
    """The job with its next attempt, which `holder` runs."""
    job = replace(moved(job, Status.BUILDING, now), holder=holder)
    return replace(
        job, attempt=job.attempt + 1, started_at=job.started_at or job.updated_at, begun_at=job.updated_at
    )


def attempt_at(job: Job) -> Attempt:
    """The latest attempt, as its worker receives it."""
    return Attempt(
        job_id=job.id,
        number=job.attempt,
        owner=job.owner,
        document=job.document,
        plan=job.plan,
        checkpoint=job.checkpoint,
        last_event=job.last_event,
        max_seconds=job.max_seconds,
    )


def advanced(job: Job, status: Status, now: datetime) -> Job:
    """The job in the next stage of its attempt, or as it is if it is there already: a call may be repeated.

    Raises:
        TransitionError: not a stage, or not the next one.
    """
    if status not in RUNNING:
        raise TransitionError(job_id=job.id, status=job.status, wanted=status)
    return job if status is job.status else moved(job, status, now)


def kept(job: Job, checkpoint: str) -> Job:
    """The job with another stored checkpoint, given by its sha256.

    If the job has advanced further than ever before, the counts of failed and lost attempts start again at 0.
    An attempt that starts from the beginning does not reset them, so the number of attempts is bounded.
    """
    job = replace(job, checkpoint=checkpoint)
    if job.progress <= job.checkpoint_progress:
        return job
    return replace(job, checkpoint_progress=job.progress, failures=0, lost=0)


def completed(job: Job, now: datetime) -> Job:
    """The job, ready.

    Raises:
        TransitionError: it is not verifying.
    """
    return replace(moved(job, Status.READY, now), progress=1.0)


def failed(
    job: Job, reason: str, now: datetime, *, retry: bool, last: events.Failed | None
) -> tuple[Job, Event]:
    """The job, queued again or failed, and the event that says so."""
    if retry and job.failures < FORGIVEN:
        again, event = released(job, reason, now)
        return replace(again, failures=job.failures + 1), event
    event = last or events.Failed(time=now, error=JobError.__name__, message=reason)
    return replace(_after(job, event, now), failures=job.failures + 1, error=reason), event


def lost(job: Job, reason: str, now: datetime) -> tuple[Job, Event]:
    """The job, queued again or, after too many losses, failed, and the event that says so."""
    job = replace(job, lost=job.lost + 1)
    if job.lost <= FORGIVEN_LOSSES:
        return released(job, reason, now)
    message = f"{reason}; {job.lost} attempts were lost without progress"
    event = events.Failed(time=now, error=JobError.__name__, message=message)
    return replace(_after(job, event, now), error=message), event


def released(job: Job, reason: str, now: datetime) -> tuple[Job, Event]:
    """The job, queued again, and the event that says so."""
    event = events.Interrupted(time=now, attempt=job.attempt, reason=reason)
    return _after(job, event, now), event


def cancelled(job: Job, now: datetime) -> tuple[Job, Sequence[Event]]:
    """The job, cancelled, and the event that says so; a finished job is unchanged."""
    if job.status in TERMINAL:
        return job, ()
    event = events.Cancelled(time=now)
    return _after(job, event, now), (event,)


def stopped(job: Job, now: datetime) -> tuple[Job, Sequence[Event]]:
    """The job, asked to stop; cancelled if it never began; a finished job is unchanged."""
    if job.status is Status.QUEUED and job.attempt == 0:
        return cancelled(job, now)
    if job.status in TERMINAL or job.stop_requested:
        return job, ()
    return replace(job, stop_requested=True, updated_at=later(job, now)), ()


def _after(job: Job, event: Event, now: datetime) -> Job:
    status = meaning(event.type).status
    return moved(job, status, now) if status else job


def unstored(job: Job, news: Sequence[Event], after: int) -> Sequence[Event]:
    """Those of the events, which follow the event number `after`, that are not stored yet.

    Raises:
        EventsLostError: there is no such event.
    """
    if after > job.last_event:
        raise EventsLostError(job_id=job.id, last=job.last_event, after=after)
    return news[job.last_event - after :]


def told(job: Job, news: Sequence[Event], now: datetime) -> Job:
    """The job with the progress and metrics of events, and their number counted."""
    if not news:
        return job
    last = job.last_event + len(news)
    return replace(job, **heard(news), last_event=last, updated_at=later(job, now))


def heard(news: Sequence[Event]) -> dict[str, Any]:
    """What events say of their job: some of its fields."""
    found: dict[str, Any] = {}
    for event in news:
        match event:
            case events.Started():
                found |= {"epochs": event.epochs}
            case events.Progress():
                done = event.epoch - 1 + event.step / max(event.steps, 1)
                found |= _reached(event.epoch, event.epochs, done, event.metrics)
            case events.EpochEnded():
                found |= _reached(event.epoch, event.epochs, event.epoch, event.metrics)
            case events.Trained():
                found |= {"epoch": event.epochs, "progress": 1.0, "metrics": _numbers(event.metrics)}
                found["stopped_early"] = event.stopped is not None
    return found


def _reached(epoch: int, epochs: int, done: float, metrics: dict[str, float]) -> dict[str, Any]:
    progress = min(max(done / max(epochs, 1), 0.0), 1.0)
    return {"epoch": epoch, "epochs": epochs, "progress": progress, "metrics": _numbers(metrics)}


def _numbers(metrics: dict[str, float]) -> dict[str, float]:
    """As they are stored: JSON has no infinite numbers, so they become NaN."""
    return {name: value if math.isfinite(value) else math.nan for name, value in metrics.items()}
