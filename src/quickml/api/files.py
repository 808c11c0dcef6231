"""Files that users upload."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from quickml.api.message import ApiMessage, ApiRequest, Sha256, Size


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
