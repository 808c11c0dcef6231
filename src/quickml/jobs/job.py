"""The records of a job: the job itself, its attempts, artifacts and events.

    queued → building → training → compiling → verifying → ready
      any of these except ready → failed, cancelled
      any of the running ones → queued   (the attempt was interrupted, and the job is retried)

An attempt is one run of a job in one worker. Its number counts from 1 and is the fence: a write of an attempt
is accepted only while its number is the latest of the job and the job is running.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from quickml.events import Status

_ENDS = frozenset({Status.FAILED, Status.CANCELLED})
_AGAIN = frozenset({Status.QUEUED}) | _ENDS
GPU = "gpu"
"""What a job may need."""
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.BUILDING}) | _ENDS,
    Status.BUILDING: frozenset({Status.TRAINING}) | _AGAIN,
    Status.TRAINING: frozenset({Status.COMPILING}) | _AGAIN,
    Status.COMPILING: frozenset({Status.VERIFYING}) | _AGAIN,
    Status.VERIFYING: frozenset({Status.READY}) | _AGAIN,
    Status.READY: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}
"""Which status may follow which."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as stored."""

    id: str
    """`job_` and 26 characters that sort by time of creation; safe in a URL and as a file name."""
    owner: str
    name: str
    """The name in the document."""
    document: str
    """JSON text as it was submitted."""
    status: Status
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    """When its first attempt began."""
    finished_at: datetime | None = None
    max_seconds: float | None = None
    """Time limit of the training over all attempts; None is unlimited."""
    attempt: int = 0
    """How many attempts have begun; the number of the latest."""
    failures: int = 0
    """How many attempts failed through their own fault since the job last advanced; the first is retried."""
    lost: int = 0
    """How many ended through something that was done to them, since the job last advanced."""
    checkpoint_progress: float = 0.0
    """The greatest `progress` with which a checkpoint was stored. The job advances when this grows."""
    stop_requested: bool = False
    """The training was asked to end early and keep what it has learned."""
    stopped_early: bool = False
    epoch: int = 0
    epochs: int = 0
    progress: float = 0.0
    """0 to 1, over all epochs."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The latest metrics; those on the test samples after training."""
    error: str = ""
    """Of a failed job: what happened, for a person."""
    last_event: int = 0
    """Sequence number of the newest event."""
    plan: str | None = None
    """The plan of the document as JSON, made at submit; None of a job of an older server."""
    holder: str | None = None
    """The host that runs the latest attempt; None when no attempt runs. See `jobs.hosts`."""
    begun_at: datetime | None = None
    """When the latest attempt began; None when no attempt runs."""
    cost_s: float | None = None
    """How long it was estimated to take when it was submitted; None of a job of an older server."""
    needs: str | None = None
    """What a seat must have to take it: `GPU`, or None for a job that any seat takes."""
    checkpoint: str | None = None
    """The sha256 of the training's stored checkpoint; None without one, and for finished jobs."""
    files_deleted_at: datetime | None = None
    """When its files were deleted; None while it has them, or never had any."""


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job to be stored."""

    owner: str
    name: str
    document: str
    epochs: int
    plan: str | None = None
    max_seconds: float | None = None
    idempotency_key: str | None = None
    files: tuple[str, ...] = ()
    """The sha256 of each of the owner's files that it uses."""
    cost_s: float | None = None
    """How long it is estimated to take."""
    needs: str | None = None
    """See `Job`."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """An attempt, as its worker receives it."""

    job_id: str
    number: int
    """The fence."""
    owner: str = ""
    """Of the job."""
    document: str
    plan: str | None = None
    """The plan of the document as JSON; None of a job of an older server."""
    checkpoint: str | None = None
    """The sha256 of the checkpoint that an earlier attempt has stored."""
    last_event: int = 0
    """Sequence number of the newest event when the attempt began; the attempt's events follow it."""
    max_seconds: float | None = None


MEMBER = "member"
"""The kind of a file inside a package."""
VARIANT = "variant"
"""The kind of a Core ML file, or of a package's zip, with other weights than the delivered one."""
ANSWERS = "answers"
"""The kind of the file with the answers to all test samples."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A finished file of a job."""

    job_id: str
    name: str
    """A plain file name: `model.mlmodel`, `model.mlpackage.zip`, `report.html`; of a file in a package, its
    path from the package on: `model.mlpackage/Manifest.json`."""
    kind: str
    """`mlmodel`, `mlpackage`, `onnx`, `report`, `keras`, `spec`, `answers`, ...; `member` in a package."""
    size_bytes: int
    sha256: str
    media_type: str
    composition: str | None = None
    """Of a file that is not stored itself: what it is put together of; see `composed.Composition`."""


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """A stored event of a job."""

    job_id: str
    sequence: int
    """In the job, from 1 without gaps."""
    type: str
    body: str
    """JSON, as an event's `to_json` writes it."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that happened to the jobs of an owner: an event of one, or that one was submitted or deleted.

    A change without an event has the type `submitted` or `deleted`, and the time as its body.
    """

    position: int
    """In the order of all changes of the owner. The positions of a deleted job's events are left out."""
    job_id: str
    sequence: int
    """Of the event in its job, from 1; 0 and below for a change without an event."""
    type: str
    body: str
    """The event as JSON, or the time."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The queue of all owners."""

    count: int
    longest_s: float
    """How long the first of the jobs has been queued."""
    seats: int
    """Seats for jobs that need no GPU: all that run, and as many queued ones of each owner as may begin."""
    gpu_seats: int = 0
    """The same for jobs that need a GPU. Each kind is counted as if no queued job of the other began."""
    short: int = 0
    """Queued jobs that are short and need no GPU, of each owner as many as may begin."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of queued and running jobs; None is unlimited."""

    queued_per_owner: int | None = None
    running_per_owner: int | None = None
    queue_length: int | None = None


NO_LIMITS = Limits()
