"""Files that users upload."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from quickml.api.message import ApiMessage, ApiRequest, Sha256, Size
from quickml.errors import Problem


class FileRequest(ApiRequest):
    """The description of a file that is to be uploaded."""

    name: str = Field(min_length=1, max_length=255)
    """Name of the file."""
    size_bytes: Size
    """Size of the file."""
    sha256: Sha256 | None = None
    """SHA-256 of the file. If you have uploaded the same content before, nothing needs to be sent; if an
    upload of it is open, it continues."""


class UserFileMessage(ApiMessage):
    """A file that you have uploaded."""

    sha256: Sha256
    """SHA-256 of the file."""
    name: str
    """Newest name of the file."""
    names: tuple[str, ...]
    """All names under which you have uploaded it, the newest first."""
    size_bytes: Size
    """Size of the file."""
    created_at: datetime
    """Time at which it was uploaded first."""
    used_at: datetime
    """Time at which it was uploaded, or used by a job, last."""
    url: str
    """Path of the file on the server."""


class UserFileDetails(UserFileMessage):
    """A file that you have uploaded, and the jobs that use it."""

    jobs: tuple[str, ...]
    """IDs of the jobs that use it, the newest first."""


class UserFilePage(ApiMessage):
    """A page of your files, newest first."""

    files: tuple[UserFileMessage, ...]
    """Files of this page."""
    next: str | None
    """`cursor` of the next page; null on the last page."""


class UploadMessage(ApiMessage):
    """An upload that is not complete."""

    id: str
    """ID of the upload."""
    name: str
    """Name of the file."""
    size_bytes: Size | None
    """Size of the file; null as long as the client has not told it."""
    sha256: Sha256 | None
    """SHA-256 of the file, if the client has told it."""
    offset: Size
    """Number of bytes that have arrived."""
    created_at: datetime
    """Time at which the upload began."""
    expires_at: datetime
    """Time at which it is removed unless it is complete."""
    url: str
    """Path to which the bytes are sent."""


class UploadList(ApiMessage):
    """Your uploads that are not complete, newest first."""

    uploads: tuple[UploadMessage, ...]
    """Uploads."""


class BegunUpload(ApiMessage):
    """Where to send the bytes of a file, or the file itself if you have uploaded it before."""

    file: UserFileMessage | None = None
    """The file, if nothing needs to be sent."""
    upload: UploadMessage | None = None
    """Otherwise the upload."""


class ImportProgress(ApiMessage):
    """How far the server is with reading a file. Older progress is not told again."""

    type: Literal["progress"] = "progress"
    """Type of the event."""
    what: str
    """What is done with the parts of the file: `looked at`, `decoded`."""
    done: int
    """Number of parts that are done."""
    total: int
    """Number of parts."""


class ImportProblem(ApiMessage):
    """Something in the file that nothing can be learned from.

    Damaged pictures are told as soon as they are found. Reading a table ends at the first line that is
    damaged; what is wrong with cells is told after the last row, for every column, since only all rows tell
    what a column holds.
    """

    type: Literal["problem"] = "problem"
    """Type of the event."""
    problem: Problem
    """What is wrong, with line and column, or the entry of an archive, in `values`."""


class ImportEnd(ApiMessage):
    """The last event: the file is read, and its profile can be had."""

    type: Literal["imported"] = "imported"
    """Type of the event."""


class ImportItem(ApiMessage):
    """An event and its number."""

    id: int
    """Number of the event: later events have higher ones."""
    event: Annotated[ImportProgress | ImportProblem | ImportEnd, Field(discriminator="type")]
    """The event."""


class ImportPage(ApiMessage):
    """Events of a file that is being read, in order."""

    events: tuple[ImportItem, ...]
    """Events."""
    last: int
    """Number of the last event: the `after` of the next request."""
    is_finished: bool
    """Whether there will be no more events."""
