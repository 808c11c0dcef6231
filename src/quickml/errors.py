"""Every error QuickML raises on purpose.

    QuickMLError
    ├── ProblemsError          something is invalid; carries every Problem found
    │   ├── DocumentError          a document
    │   ├── SettingsError          the settings
    │   └── RequestError           the parameters or the body of a request
    ├── StoredPlanError        a plan kept in the database that cannot be read back
    ├── DatasetError           the data cannot be had, or is not what it should be
    ├── TrainingError          training cannot go on (a loss that is no longer a number, ...)
    │   └── CheckpointError        a training kept on disk that cannot be gone on with
    ├── ResultError            the result cannot be put where it was asked for
    ├── InputError             something handed to a finished model does not fit it
    ├── StoreError             the database cannot be opened, read or written
    ├── JobError               a job that cannot be done, or not now
    │   ├── JobNotFoundError       there is none, or it is somebody else's
    │   ├── QueueFullError         a limit on what may wait is reached
    │   ├── IdempotencyError       a key that was used with another document
    │   ├── DiskFullError          too little room to keep what a job would make
    │   ├── TransitionError        a step that the job's status does not allow
    │   ├── JobStateError          something that only a job of another status can be asked
    │   └── FencedError            the attempt was given up on, and may write no more
    ├── CrowdedError           more watch than may
    ├── DownloadsError         an owner has as many downloads open as it may
    ├── TokenError             a token that cannot be made or found
    ├── LinkError              a signed link that was changed, or has expired
    ├── ServiceError           a server refuses, or answers what nobody understands; seen by a client
    │   └── UnreachableError       it does not answer, or broke off
    ├── ArtifactError          a file cannot be stored
    │   ├── ArtifactNotFoundError  there is no file with this sha256
    │   └── ArtifactDamagedError   a stored file is not what was stored
    └── CoreMLError
        ├── CompileError           a layer or a setting that cannot be written to the asked format
        ├── CoreMLFileError        a file that is damaged, or no Core ML file
        │   └── UnsupportedModelError  a sound file holding something the runtime cannot run
        └── VerificationError      the delivered file does not compute what was trained

A foreign library's exception is translated where it crosses our boundary; whatever is not in
this tree is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class QuickMLError(Exception):
    """The root: one clear sentence for a person, no traceback needed."""


def unexpected(place: str, expected: str, found: object, hint: str = "", subject: str = "") -> str:
    """The message of an error: where, what was expected, what was found, and what to do about it."""
    expects = f"{subject} expects" if subject else "expected"
    return f"{place}: {expects} {expected}, found {found}" + (f"; {hint}" if hint else "")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something invalid in a document, a request or the settings."""

    pointer: str
    """Where: a JSON pointer (RFC 6901), empty for the whole document; `?name` for a query parameter; for a
    setting, the flag, the variable, or the file and line."""
    expected: str
    """What was expected."""
    found: str
    """What was found."""
    hint: str = ""
    """What to do about it, where that helps."""
    subject: str = ""
    """What expects it, such as a layer type; empty where that is clear."""

    def __str__(self) -> str:
        return unexpected(self.pointer or "/", self.expected, self.found, self.hint, self.subject)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something in a document that was ignored or repaired so that it trains."""

    pointer: str
    """Where: a JSON pointer (RFC 6901) into the document."""
    message: str
    """What was ignored or repaired."""

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.message}"


class ProblemsError(QuickMLError):
    """Something is invalid; `problems` has every problem, in order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class DocumentError(ProblemsError):
    """The document is invalid."""


class SettingsError(ProblemsError):
    """The settings are invalid."""


class RequestError(ProblemsError):
    """The parameters or the body of a request are invalid."""


class StoredPlanError(QuickMLError):
    """A stored plan is damaged, or was written by another version."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"stored plan: {reason}")


class DatasetError(QuickMLError):
    """The data cannot be had, or is not what its description says."""


class TrainingError(QuickMLError):
    """Training cannot go on."""


class CheckpointError(TrainingError):
    """A training kept on disk is damaged, or does not fit the model; it starts over instead."""


class ResultError(QuickMLError):
    """The result cannot be put where it was asked for."""


class InputError(QuickMLError):
    """An input for a finished model that does not fit its description."""


class StoreError(QuickMLError):
    """The database cannot be opened, read or written."""


class JobError(QuickMLError):
    """A job that cannot be done, or not now."""


class JobNotFoundError(JobError):
    """There is no such job, or it is somebody else's, which must not be told apart."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(f"{wanted[:64]!r}: there is no such job or file")


class QueueFullError(JobError):
    """A limit on what may wait is reached."""

    def __init__(self, *, limit: str, allowed: int, found: int) -> None:
        self.limit, self.allowed, self.found = limit, allowed, found
        super().__init__(
            f"{limit}: expected fewer than {allowed} jobs waiting, found {found}; try again later"
        )


class IdempotencyError(JobError):
    """The key was used before, with another document."""

    def __init__(self, *, key: str, job_id: str) -> None:
        self.key, self.job_id = key, job_id
        super().__init__(f"Idempotency-Key {key!r}: expected the document of {job_id}, found another one")


class TransitionError(JobError):
    """A step that the job's status does not allow. Both are the status' words."""

    def __init__(self, *, job_id: str, status: str, wanted: str) -> None:
        self.job_id, self.status, self.wanted = job_id, status, wanted
        super().__init__(f"{job_id}: a job that is {status} cannot become {wanted}")


class DiskFullError(JobError):
    """There is too little room to keep what a job would make."""

    def __init__(self, *, needed_bytes: int, free_bytes: int) -> None:
        self.needed_bytes, self.free_bytes = needed_bytes, free_bytes
        super().__init__(
            f"the disk: expected at least {needed_bytes:,} free bytes, found {free_bytes:,}; try again later"
        )


class JobStateError(JobError):
    """Something that only a job of another status can be asked. Both are the status' words."""

    def __init__(self, *, job_id: str, status: str, expected: str) -> None:
        self.job_id, self.status, self.expected = job_id, status, expected
        super().__init__(f"{job_id}: expected a job that is {expected}, found one that is {status}")


class FencedError(JobError):
    """The attempt is not the latest of a running job: it was given up on, and may write no more."""

    def __init__(self, *, job_id: str, attempt: int) -> None:
        self.job_id, self.attempt = job_id, attempt
        super().__init__(f"{job_id}: attempt {attempt} was given up on")


class CrowdedError(QuickMLError):
    """Nobody else can watch now."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        super().__init__(f"watchers: expected fewer than {allowed}, found as many; try again later")


class DownloadsError(QuickMLError):
    """An owner cannot begin another download now."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        super().__init__(
            f"downloads: expected fewer than {allowed} open ones, found as many; try again later"
        )


class TokenError(QuickMLError):
    """A token that cannot be made or found."""


class LinkError(QuickMLError):
    """A signed link that lets nobody in: it was changed, or has expired."""


class ServiceError(QuickMLError):
    """A server refuses what it was asked for, or answers what a client does not understand.

    `status` is that of HTTP, None where the answer was understood no further; `kind` the end of the problem
    document's type, such as `not-found` or `queue-full`; `retry_after_s` when it may be asked again.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        kind: str = "",
        problems: Sequence[Problem] = (),
        retry_after_s: float | None = None,
    ) -> None:
        self.status, self.kind, self.problems = status, kind, tuple(problems)
        self.retry_after_s = retry_after_s
        super().__init__(message)


class UnreachableError(ServiceError):
    """A server does not answer, or broke off; `was_sent` unless it surely never saw what was asked."""

    def __init__(self, message: str, *, was_sent: bool) -> None:
        self.was_sent = was_sent
        super().__init__(message)


class ArtifactError(QuickMLError):
    """The artifact store cannot store or read a file."""


class ArtifactNotFoundError(ArtifactError):
    """There is no file with this sha256."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        super().__init__(f"{sha256[:64]!r}: there is no file with this sha256")


class ArtifactDamagedError(ArtifactError):
    """A stored file is not what was stored: the disk failed, or something else changed the file."""

    def __init__(self, sha256: str, *, expected: str = "the content that was stored", found: str) -> None:
        self.sha256 = sha256
        super().__init__(
            f"stored file {sha256}: expected {expected}, found {found};"
            " restore it from a backup, or submit the job again"
        )


class CoreMLError(QuickMLError):
    """Anything about Core ML files."""


class CompileError(CoreMLError):
    """A layer or a setting that cannot be written to the asked format."""


class CoreMLFileError(CoreMLError):
    """A file that is damaged, or is no Core ML file."""


class UnsupportedModelError(CoreMLFileError):
    """A sound Core ML file holding something the runtime cannot run; the message names it."""


class VerificationError(CoreMLError):
    """A delivered file computes something else than the trained model; `figures` say how far off."""

    def __init__(self, message: str, figures: Mapping[str, object]) -> None:
        self.figures = dict(figures)
        super().__init__(message)
