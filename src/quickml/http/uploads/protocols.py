"""Two protocols for the same upload: the IETF's draft (draft-ietf-httpbis-resumable-upload) and tus 1.0.

They differ in header fields and media types, and in how an upload becomes complete: the draft's client says
so, a tus upload is complete when its announced length has arrived. The draft's fields have names and meanings
that have changed with its interop versions: before 4, `Upload-Incomplete` was the opposite of
`Upload-Complete`; before 6, appended bytes had no media type of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Protocol

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from quickml.errors import UploadLengthError
from quickml.http.uploads import fields
from quickml.service import FileLimits, NewUpload, UploadState, checked_name, checked_sha256

PARTIAL = "application/partial-upload"
OFFSET = "application/offset+octet-stream"
VERSION = "1.0.0"
"""Of tus."""
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,expiration,termination"
INTEROP_VERSIONS = range(3, 9)
"""Versions of the draft that are understood: 3 is that of iOS 17."""
MAX_NOTE = 4096
UNNAMED = "unnamed"
"""Name of a file whose client says none."""


@dataclass(frozen=True, kw_only=True)
class AppendRequest:
    """What a request says about the bytes in its body."""

    offset: int
    length: int | None
    """Length of the whole, where the request says it."""
    is_last: bool | None
    """Whether the body completes the upload; None where the length alone decides."""


class UploadProtocol(Protocol):
    """One of the two."""

    name: str

    def creation(self, headers: Headers) -> tuple[NewUpload, AppendRequest]:
        """What a request wants to upload, and what of it is in its body."""

    def append(self, headers: Headers) -> AppendRequest:
        """What a request appends.

        Raises:
            HTTPException: a header field is missing or wrong.
        """

    def headers(self, state: UploadState, limits: FileLimits) -> Mapping[str, str]:
        """Response headers that describe an upload."""

    def base_headers(self) -> Mapping[str, str]:
        """Response headers of every response."""


class IetfProtocol:
    """The draft, in the version that a client speaks."""

    name = "ietf"

    def __init__(self, headers: Headers) -> None:
        version = fields.integer(headers, "upload-draft-interop-version")
        self.interop = version if version in INTEROP_VERSIONS else None
        """None if the client does not say it, or says one that is not known."""

    def creation(self, headers: Headers) -> tuple[NewUpload, AppendRequest]:
        """See `UploadProtocol`."""
        append = AppendRequest(offset=0, length=self._length(headers, 0), is_last=self._is_last(headers))
        name = fields.file_name(headers) or UNNAMED
        sha256 = fields.sha256_in(headers)
        new = NewUpload(
            name=checked_name(name, "Content-Disposition"), size_bytes=append.length, sha256=sha256
        )
        return new, append

    def append(self, headers: Headers) -> AppendRequest:
        """See `UploadProtocol`."""
        kind = fields.media_type(headers)
        if kind != PARTIAL and not (self.interop is not None and self.interop < 6):
            raise HTTPException(415, f"Content-Type: expected {PARTIAL}, found {kind[:80]!r}")
        offset, is_last = fields.integer(headers, "upload-offset"), self._is_last(headers)
        if offset is None:
            raise HTTPException(400, "Upload-Offset: expected a number of bytes, found none")
        if is_last is None:
            raise HTTPException(400, "Upload-Complete: expected ?1 or ?0, found neither")
        return AppendRequest(offset=offset, length=self._length(headers, offset), is_last=is_last)

    def _length(self, headers: Headers, offset: int) -> int | None:
        announced, content = fields.integer(headers, "upload-length"), fields.content_length(headers)
        if content is None or not self._is_last(headers):
            return announced
        if announced not in (None, offset + content):
            raise UploadLengthError(expected=announced or 0, found=offset + content)
        return offset + content

    @staticmethod
    def _is_last(headers: Headers) -> bool | None:
        is_incomplete = fields.boolean(headers, "upload-incomplete")
        return fields.boolean(headers, "upload-complete") if is_incomplete is None else not is_incomplete

    def headers(self, state: UploadState, limits: FileLimits) -> Mapping[str, str]:
        """See `UploadProtocol`."""
        upload = state.upload
        described = {
            "Upload-Complete": f"?{int(upload.is_complete)}",
            "Upload-Offset": str(state.offset),
            "Upload-Limit": f"max-size={limits.max_file_bytes}, max-age={state.max_age_s}",
        }
        if self.interop == 3:
            described["Upload-Incomplete"] = f"?{int(not upload.is_complete)}"
        if upload.size_bytes is not None:
            described["Upload-Length"] = str(upload.size_bytes)
        return described

    def base_headers(self) -> Mapping[str, str]:
        """See `UploadProtocol`."""
        return {}


class TusProtocol:
    """tus 1.0."""

    name = "tus"

    def creation(self, headers: Headers) -> tuple[NewUpload, AppendRequest]:
        """See `UploadProtocol`."""
        length = fields.integer(headers, "upload-length")
        if length is None and fields.single(headers, "upload-defer-length") != "1":
            raise HTTPException(400, "Upload-Length: expected a number of bytes, found none")
        note = fields.single(headers, "upload-metadata") or ""
        if len(note) > MAX_NOTE:
            raise HTTPException(400, f"Upload-Metadata: expected at most {MAX_NOTE} characters, found more")
        pairs = fields.metadata(note)
        name = fields.plain(pairs.get("filename") or pairs.get("name") or "") or UNNAMED
        sha256 = pairs.get("sha256")
        new = NewUpload(
            name=checked_name(name, "Upload-Metadata filename"),
            size_bytes=length,
            sha256=None if sha256 is None else checked_sha256(sha256, "Upload-Metadata sha256"),
            note=note,
        )
        return new, AppendRequest(offset=0, length=length, is_last=None)

    def append(self, headers: Headers) -> AppendRequest:
        """See `UploadProtocol`."""
        kind = fields.media_type(headers)
        if kind != OFFSET:
            raise HTTPException(415, f"Content-Type: expected {OFFSET}, found {kind[:80]!r}")
        offset = fields.integer(headers, "upload-offset")
        if offset is None:
            raise HTTPException(400, "Upload-Offset: expected a number of bytes, found none")
        return AppendRequest(offset=offset, length=fields.integer(headers, "upload-length"), is_last=None)

    def headers(self, state: UploadState, limits: FileLimits) -> Mapping[str, str]:  # noqa: ARG002
        """See `UploadProtocol`."""
        upload = state.upload
        described = {**self.base_headers(), "Upload-Offset": str(state.offset)}
        if upload.size_bytes is None:
            described["Upload-Defer-Length"] = "1"
        else:
            described["Upload-Length"] = str(upload.size_bytes)
        if upload.note:
            described["Upload-Metadata"] = upload.note
        if not upload.is_complete:
            ends_at = datetime.now(UTC) + timedelta(seconds=state.max_age_s)
            described["Upload-Expires"] = format_datetime(ends_at, usegmt=True)
        return described

    def base_headers(self) -> Mapping[str, str]:
        """See `UploadProtocol`."""
        return {"Tus-Resumable": VERSION}


def protocol_of(headers: Headers) -> UploadProtocol:
    """The protocol that a request speaks.

    Raises:
        HTTPException: 412 for another version of tus.
    """
    version = fields.single(headers, "tus-resumable")
    if version is None:
        return IetfProtocol(headers)
    if version != VERSION:
        found = f"Tus-Resumable: expected {VERSION}, found {version[:80]!r}"
        raise HTTPException(412, found, headers={"Tus-Version": VERSION, "Tus-Resumable": VERSION})
    return TusProtocol()


def is_creation(headers: Headers) -> bool:
    """Whether a request is that of a protocol, and not a JSON message."""
    return any(name in headers for name in ("tus-resumable", "upload-complete", "upload-incomplete"))


def offered(limits: FileLimits) -> dict[str, str]:
    """What a server offers to clients of both protocols: the headers of a response to OPTIONS."""
    return {
        "Accept-Patch": f"{PARTIAL}, {OFFSET}",
        "Upload-Limit": f"max-size={limits.max_file_bytes}, max-age={int(limits.keep_uploads_s)}",
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(limits.max_file_bytes),
    }
