"""Exceptions about files of users and their uploads."""

from __future__ import annotations

from collections.abc import Sequence

from quickml.errors.base import QuickMLError

MAX_LISTED = 3
"""Number of jobs that a message names."""


class UploadError(QuickMLError):
    """A file of a user cannot be uploaded, found or deleted."""


class UploadNotFoundError(UploadError):
    """There is no such upload or file, or it belongs to another owner; the message must not tell which."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(f"{wanted[:64]!r}: there is no such upload or file")


class OffsetError(UploadError):
    """Bytes were sent for another offset than the upload has."""

    def __init__(self, *, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        super().__init__(
            f"Upload-Offset: expected {expected}, found {found};"
            " ask for the offset with HEAD and continue from there"
        )


class BusyUploadError(OffsetError):
    """Another request appends to the upload at the moment."""

    def __init__(self, *, expected: int, found: int) -> None:
        super().__init__(expected=expected, found=found)
        self.args = (
            f"upload: expected one request at a time, found another one in progress, at offset {expected};"
            " ask for the offset with HEAD, which ends the other one",
        )


class UploadLengthError(UploadError):
    """Lengths that were announced for an upload, or the bytes that were sent, do not fit together."""

    def __init__(self, *, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"length of the upload: expected {expected:,} bytes, found {found:,}")


class UploadCompleteError(UploadError):
    """The upload is complete and takes no more bytes."""

    def __init__(self) -> None:
        super().__init__("upload: expected one that is not complete, found one that is; HEAD names its file")


class InterruptedUploadError(UploadError):
    """The request was ended, because another one asked for the offset or removed the upload."""

    def __init__(self) -> None:
        super().__init__(
            "upload: expected no other request meanwhile, found one that asked for the offset or removed it"
        )


class FileTooLargeError(UploadError):
    """A file is larger than a file may be."""

    def __init__(self, *, allowed_bytes: int) -> None:
        self.allowed_bytes = allowed_bytes
        super().__init__(f"file: expected at most {allowed_bytes:,} bytes, found more")


class QuotaError(UploadError):
    """The files of an owner would take more room than they may."""

    def __init__(self, *, allowed_bytes: int, free_bytes: int) -> None:
        self.allowed_bytes, self.free_bytes = allowed_bytes, max(0, free_bytes)
        super().__init__(
            f"files: expected at most {allowed_bytes:,} bytes for one owner, open uploads included, found"
            f" room for {self.free_bytes:,} more; delete files that are not needed any more"
        )


class TooManyFilesError(UploadError):
    """The owner has as many files as allowed."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        super().__init__(
            f"files: expected fewer than {allowed:,} of one owner, open uploads included, found {allowed:,};"
            " delete files that are not needed any more, or put many into one archive"
        )


class TooManyUploadsError(UploadError):
    """The owner has as many open uploads as allowed."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        super().__init__(
            f"uploads: expected fewer than {allowed} unfinished ones, found {allowed};"
            " finish or cancel one of those that GET /v1/uploads lists"
        )


class DigestError(UploadError):
    """What has arrived is not the content that was announced. The upload is removed."""

    def __init__(self, *, expected: str, found: str) -> None:
        self.expected, self.found = expected, found
        super().__init__(
            f"sha256: expected {expected}, found {found}; the file was damaged on its way, or has changed"
            " meanwhile. Upload it again"
        )


class FileInUseError(UploadError):
    """A file cannot be deleted while a job needs it."""

    def __init__(self, job_ids: Sequence[str]) -> None:
        self.job_ids = tuple(job_ids)
        more = ", ..." if len(job_ids) > MAX_LISTED else ""
        names = ", ".join(job_ids[:MAX_LISTED]) + more
        super().__init__(
            f"file: expected no queued or running job that needs it, found {names}; wait for it, or cancel it"
        )
