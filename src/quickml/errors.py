"""Every exception that QuickML raises on purpose.

    QuickMLError
    ├── ProblemsError          something is invalid; contains every Problem
    │   ├── DocumentError          a document
    │   ├── SettingsError          the settings
    │   └── RequestError           the parameters or the body of a request
    ├── PatchError             a JSON Patch does not fit a document
    ├── StoredPlanError        a plan in the database cannot be read
    ├── DatasetError           the data is missing, damaged, or not what its description says
    │   ├── DatasetUnavailableError  a server cannot show the data
    │   └── SourceError            data of the user cannot be learned from; says where it is wrong
    │       ├── TableError             a table
    │       └── PicturesError          pictures
    ├── TrainingError          training cannot continue (for example, the loss is no longer finite)
    │   └── CheckpointError        a checkpoint cannot be resumed from
    ├── ResultError            the result folder cannot be written
    ├── RoomError              a disk has too little room for a result
    ├── AnswersError           a file of answers is damaged or another file
    ├── InputError             an input does not fit the model
    │   └── PictureError           a file is not a picture that can be read
    ├── FilmError              a film of a training is damaged, or is not one
    ├── StoreError             the database cannot be opened, read or written
    ├── JobError               a job failed, or a request cannot be carried out on it
    │   ├── JobNotFoundError       there is no such job, or it belongs to another owner
    │   ├── JobFileError           a finished job does not have a file that newer jobs have
    │   ├── QueueFullError         a limit on queued jobs is reached
    │   ├── IdempotencyError       the idempotency key was used with another document
    │   ├── DiskFullError          too little disk space is free
    │   ├── TransitionError        the job's status does not allow this step
    │   ├── JobStateError          the request needs a job with another status
    │   └── FencedError            the attempt no longer holds the job and must not write
    ├── CrowdedError           too many event streams are open
    ├── DownloadsError         the owner has too many downloads open
    ├── ShareError             the owner's requests take as much of something as allowed
    ├── TokenError             a token cannot be created or found
    ├── LinkError              a signed link was changed or has expired
    ├── ServiceError           a server refused a request or sent an invalid response; raised by the client
    │   └── UnreachableError       the server cannot be reached, or the connection broke
    ├── UploadError            a file of a user cannot be uploaded, found or deleted; see `upload_errors`
    ├── ArtifactError          a file cannot be stored or read
    │   ├── ArtifactNotFoundError  there is no file with this SHA-256
    │   └── ArtifactDamagedError   a stored file has changed
    └── CoreMLError
        ├── CompileError           a layer or setting cannot be written to the requested format
        ├── CoreMLFileError        a file is damaged, or is not a Core ML file
        │   └── UnsupportedModelError  a valid file contains something that the runtime cannot run
        └── VerificationError      an exported file does not compute the same as the trained model

Exceptions of other libraries are translated where they enter our code. Any other exception is a bug.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quickml.problems import MAX_QUOTED, placed
from quickml.problems import Notice as Notice  # noqa: PLC0414  # for those who import from here
from quickml.problems import Problem as Problem  # noqa: PLC0414  # for those who import from here
from quickml.problems import unexpected as unexpected  # noqa: PLC0414  # for those who import from here
from quickml.text import printable


class QuickMLError(Exception):
    """The root. Its message is one clear sentence that needs no traceback, printable whatever it quotes."""

    def __str__(self) -> str:
        return printable(super().__str__())


class ProblemsError(QuickMLError):
    """Something is invalid; `problems` contains every problem, in order."""

    def __init__(self, problems: Sequence[Problem], *, more: bool = False) -> None:
        self.problems = tuple(problems)
        self.more = more
        """Whether further problems were left out, because there are too many."""
        super().__init__(str(self))

    def __str__(self) -> str:
        last = ["further problems were left out"] if self.more else []
        return "\n".join([*map(str, self.problems), *last])


class DocumentError(ProblemsError):
    """The document is invalid. `layers` has the layers whose shapes are known, as for a valid one."""

    def __init__(
        self, problems: Sequence[Problem], *, more: bool = False, layers: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.layers = tuple(layers)
        super().__init__(problems, more=more)


class SettingsError(ProblemsError):
    """The settings are invalid."""


class RequestError(ProblemsError):
    """The parameters or the body of a request are invalid."""


class PatchError(QuickMLError):
    """An operation of a JSON Patch is invalid, or does not fit the document."""

    def __init__(self, operation: Mapping[str, Any]) -> None:
        self.operation = operation
        path = operation.get("path") if isinstance(operation, Mapping) else None
        found = str(operation)[:MAX_QUOTED]
        super().__init__(f"{path}: expected an operation that fits the document, found {found}")


class StoredPlanError(QuickMLError):
    """A stored plan is damaged, or was written by another version."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"stored plan: {reason}")


class DatasetError(QuickMLError):
    """The data is missing, damaged, or not what its description says."""


class DatasetUnavailableError(DatasetError):
    """A server cannot show the data: it is not there yet, damaged, or too large to look at."""


class SourceError(DatasetError):
    """Data of the user cannot be learned from. `line` counts from 1; `column` is a name, or a number."""

    def __init__(
        self,
        file: str,
        expected: str,
        found: str,
        hint: str = "",
        *,
        line: int | None = None,
        column: str | int | None = None,
        entry: str | None = None,
    ) -> None:
        self.file, self.line, self.column, self.entry = file, line, column, entry
        self.expected, self.found, self.hint = expected, found, hint
        super().__init__(unexpected(self.place, expected, found, hint))

    @property
    def place(self) -> str:
        """`flowers.csv, line 4, column 'sepal'`, or `fruit.zip: Kiwi/IMG_0012.HEIC`."""
        return placed(self.file, self.line, self.column, self.entry)


class TableError(SourceError):
    """A table cannot be read, or a cell is not what it should be."""


class PicturesError(SourceError):
    """A folder, an archive or a list of pictures cannot be learned from."""


class TrainingError(QuickMLError):
    """Training cannot continue."""


class CheckpointError(TrainingError):
    """A checkpoint is damaged or does not fit the model; training starts from the beginning instead."""


class ResultError(QuickMLError):
    """The result folder cannot be written."""


class RoomError(QuickMLError):
    """A disk has too little room for a result."""

    def __init__(self, folder: Path, *, needed_bytes: int, free_bytes: int) -> None:
        self.folder, self.needed_bytes, self.free_bytes = folder, needed_bytes, free_bytes
        needed, free = (f"{size / 1e6:,.1f} MB" for size in (needed_bytes, free_bytes))
        super().__init__(
            f"{folder}: expected at least {needed} of free disk space for the result, found {free};"
            " free some, or name a folder on another disk with --out"
        )


class AnswersError(QuickMLError):
    """A file of answers is damaged or is another file, or does not have what was asked for."""


class InputError(QuickMLError):
    """An input does not fit the description of a model."""


class PictureError(InputError):
    """A file is not a picture that can be read."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"{name}: expected {expected}, found {found}")


class FilmError(QuickMLError):
    """The film of a training is damaged, or the file is not a film."""

    def __init__(self, place: str, expected: str, found: object, hint: str = "") -> None:
        self.place = place
        super().__init__(unexpected(place, expected, found, hint))


class StoreError(QuickMLError):
    """The database cannot be opened, read or written."""


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


class DiskFullError(JobError):
    """Too little disk space is free for another job."""

    def __init__(self, *, needed_bytes: int, free_bytes: int) -> None:
        self.needed_bytes, self.free_bytes = needed_bytes, free_bytes
        super().__init__(
            f"disk: expected at least {needed_bytes:,} free bytes, found {free_bytes:,}; try again later"
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


class LinkError(QuickMLError):
    """A signed link was changed or has expired."""


class ServiceError(QuickMLError):
    """A server refused a request, or sent a response that the client cannot interpret.

    `status` is the HTTP status, or None if the response was not valid. `kind` is the last part of the problem
    document's type, such as `not-found` or `queue-full`. `retry_after_s` says when to try again.
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
    """The server cannot be reached, or the connection broke.

    `was_sent` is False if the server certainly has not received the request.
    """

    def __init__(self, message: str, *, was_sent: bool) -> None:
        self.was_sent = was_sent
        super().__init__(message)


class ArtifactError(QuickMLError):
    """The artifact store cannot store or read a file."""


class ArtifactNotFoundError(ArtifactError):
    """There is no file with this SHA-256."""

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
    """A layer or setting cannot be written to the requested format."""


class CoreMLFileError(CoreMLError):
    """A file is damaged, or is not a Core ML file."""


class UnsupportedModelError(CoreMLFileError):
    """A valid Core ML file contains something that the runtime cannot run; the message names it."""


class VerificationError(CoreMLError):
    """An exported file does not compute the same as the trained model; `figures` has the differences."""

    def __init__(self, message: str, figures: Mapping[str, object]) -> None:
        self.figures = dict(figures)
        super().__init__(message)
