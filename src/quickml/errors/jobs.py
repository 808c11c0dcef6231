"""Exceptions about jobs and what a server allows."""

from __future__ import annotations

from datetime import datetime

from quickml.errors.base import QuickMLError


class StoreError(QuickMLError):
    """The database cannot be opened, read or written."""


class LauncherError(QuickMLError):
    """Machines for workers cannot be had."""


class GpuError(QuickMLError):
    """This machine lacks GPUs that it is said to have."""


class JobError(QuickMLError):
    """A job failed, or a request cannot be carried out on it."""


class JobNotFoundError(JobError):
    """There is no such job, or it belongs to another owner; the message must not tell which."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(f"{wanted[:64]!r}: there is no such job or file")


class JobFileError(JobError):
    """A finished job does not have a file that newer jobs have."""

    def __init__(self, *, job_id: str, name: str) -> None:
        self.job_id, self.name = job_id, name
        super().__init__(
            f"{job_id}: expected a job with {name}, found one without; jobs of older servers have none"
        )


class FilesDeletedError(JobError):
    """The files of a job were deleted, because they were kept for as long as they had to be."""

    def __init__(self, *, job_id: str, deleted_at: datetime | None) -> None:
        self.job_id, self.deleted_at = job_id, deleted_at
        found = "" if deleted_at is None else f" on {deleted_at:%Y-%m-%d at %H:%M} UTC"
        super().__init__(
            f"{job_id}: expected a job with its files, found one whose files were deleted{found};"
            " submit its document again to train it once more"
        )


class QueueFullError(JobError):
    """A limit on queued jobs is reached."""

    def __init__(self, *, limit: str, allowed: int, found: int) -> None:
        self.limit, self.allowed, self.found = limit, allowed, found
        super().__init__(
            f"{limit}: expected fewer than {allowed} queued jobs, found {found}; try again later"
        )


class IdempotencyError(JobError):
    """The idempotency key was used before with another document."""

    def __init__(self, *, key: str, job_id: str) -> None:
        self.key, self.job_id = key, job_id
        super().__init__(f"Idempotency-Key {key!r}: expected the document of {job_id}, found another one")


class TransitionError(JobError):
    """The job's status does not allow this step."""

    def __init__(self, *, job_id: str, status: str, wanted: str) -> None:
        self.job_id, self.status, self.wanted = job_id, status, wanted
        super().__init__(f"{job_id}: expected a job that can become {wanted}, found one that is {status}")


_FINEST_BYTES = 256 << 20


def coarse(free_bytes: int) -> int:
    """Free space, rounded down to an eighth or to 256 MiB: what is told to owners.

    The exact space would tell whether the content that an owner uploads is stored already, for another one.
    """
    step = max(_FINEST_BYTES, (1 << free_bytes.bit_length()) >> 4)
    return free_bytes // step * step


class DiskFullError(JobError):
    """Too little disk space is free for another job."""

    def __init__(self, *, needed_bytes: int, free_bytes: int) -> None:
        self.needed_bytes, self.free_bytes = needed_bytes, free_bytes
        found = f"about {coarse(free_bytes):,}" if coarse(free_bytes) else "fewer"
        super().__init__(
            f"disk: expected at least {needed_bytes:,} free bytes, found {found}; try again later"
        )


class JobStateError(JobError):
    """The request needs a job with another status."""

    def __init__(self, *, job_id: str, status: str, expected: str) -> None:
        self.job_id, self.status, self.expected = job_id, status, expected
        super().__init__(f"{job_id}: expected a job that is {expected}, found one that is {status}")


class FencedError(JobError):
    """The attempt is not the latest attempt of a running job, and must not write."""

    def __init__(self, *, job_id: str, attempt: int) -> None:
        self.job_id, self.attempt = job_id, attempt
        super().__init__(f"{job_id}: expected the attempt that holds the job, found attempt {attempt}")


class EventsLostError(JobError):
    """The database has lost events that it had confirmed, as a crash may do. The job is not to blame."""

    def __init__(self, *, job_id: str, last: int, after: int) -> None:
        self.job_id, self.last, self.after = job_id, last, after
        super().__init__(f"{job_id}: expected events that follow number {last}, found {after + 1}")


class CrowdedError(QuickMLError):
    """Too many event streams are open."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        super().__init__(
            f"event streams: expected fewer than {allowed} open, found {allowed}; try again later"
        )


class DownloadsError(QuickMLError):
    """The owner has too many downloads open."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        super().__init__(f"downloads: expected fewer than {allowed} open, found {allowed}; try again later")


class ShareError(QuickMLError):
    """The requests of an owner take as much of something as allowed, such as memory."""

    def __init__(self, what: str, allowed: int) -> None:
        self.what, self.allowed = what, allowed
        super().__init__(
            f"{what}: expected at most {allowed:,} at once for one owner, found more; try again later"
        )


class TokenError(QuickMLError):
    """A token cannot be created or found."""


class OwnerError(QuickMLError):
    """The name of an owner, or how long its jobs are to be kept, is wrong."""


class LinkError(QuickMLError):
    """A signed link was changed or has expired."""
