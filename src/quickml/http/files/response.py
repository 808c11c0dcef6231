"""Responses with a file: conditions, ranges, headers, and who sends the bytes."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from urllib.parse import quote

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from quickml.http.files.conditions import Validators, Verdict
from quickml.http.files.ranges import ByteRange, ranges_of
from quickml.http.files.streaming import FileResponse
from quickml.http.state import AppState, state_of
from quickml.report.script import source
from quickml.service import PART_BYTES, Artifact, Service, Stored

SANDBOX = "; ".join([
    "sandbox allow-scripts",
    "default-src 'none'",
    f"script-src {source()}",
    "style-src 'unsafe-inline'",
    "img-src data:",
])  # fmt: skip
"""Reports are written by jobs: a browser may show them, in an origin of their own, but they may load
nothing, and run no script but the player of films."""
INLINE = frozenset({"text/html", "application/json"})
"""Media types that a browser shows; it saves all others."""
IMMUTABLE = "private, max-age=31536000, immutable"
"""`Cache-Control` of URLs with a sha256 in them: their content never changes."""
REVALIDATED = "private, no-cache"
"""`Cache-Control` of other URLs: their content may change, also back to an older file."""
CHECKED_PARTS = 16
"""Number of parts in a range up to which they are checked before they are sent."""
REDIRECT_EXPIRES_S = 900
"""For how long the storage's own URL is valid; a client that continues later asks for another one."""
_PLAIN_RANGE = re.compile(r"bytes=(?:[0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})")
"""The form of `Range` that all servers understand alike."""
_UNSAFE = re.compile(
    r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|^\.+|[. ]+\Z'
)
"""Characters that are not safe in file names on all systems, and those that change the writing direction."""


@dataclass(frozen=True, kw_only=True)
class Representation:
    """A file as it is sent."""

    sha256: str
    size_bytes: int
    modified: datetime
    """In whole seconds."""
    name: str
    """The name that a client may save it under."""
    media_type: str
    cache: str
    """`Cache-Control`."""

    @property
    def validators(self) -> Validators:
        """What conditions are compared with."""
        may_go_back = self.cache == REVALIDATED
        return Validators(etag=f'"{self.sha256}"', modified=self.modified, may_go_back=may_go_back)

    def headers(self) -> dict[str, str]:
        """Headers of a response with the whole file, without `Content-Length`."""
        return {
            **self.headers_without_content(),
            "Content-Type": self.media_type,
            "Accept-Ranges": "bytes",
            "Last-Modified": format_datetime(self.modified, usegmt=True),
            "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(self.sha256)).decode()}:",
            "Content-Disposition": disposition(self.name, self.media_type),
            "Content-Security-Policy": SANDBOX,
        }

    def headers_without_content(self) -> dict[str, str]:
        """Headers of a 304 (RFC 9110, section 15.4.5)."""
        return {"ETag": self.validators.etag, "Cache-Control": self.cache}


def respond(
    request: Request,
    owner: str,
    artifact: Artifact,
    stored: Stored,
    *,
    name: str = "",
    cache: str = IMMUTABLE,
) -> Response:
    """Respond to a GET or HEAD of a file. May wait for storage.

    Args:
        request: its conditions and ranges are honoured.
        owner: the owner whose quota the download counts for.
        artifact: the file.
        stored: the same, as it is stored.
        name: saved under this name instead of its own.
        cache: value of `Cache-Control`.

    Raises:
        HTTPException: 412 where a condition fails, 416 where no range is satisfiable.
        ArtifactDamagedError: the client asks for whole parts, as it does to repair a download, and the stored
            ones are damaged.
    """
    representation = Representation(
        sha256=artifact.sha256,
        size_bytes=artifact.size_bytes,
        modified=stored.stored_at.replace(microsecond=0),
        name=name or artifact.name,
        media_type=artifact.media_type,
        cache=cache,
    )
    verdict = representation.validators.judge(request.headers)
    if verdict is Verdict.FAILED:
        etag = representation.validators.etag
        detail = f"conditions: expected a condition that holds for {etag}, found one that fails"
        raise HTTPException(412, detail, headers={"ETag": etag})
    if verdict is Verdict.NOT_MODIFIED:
        return Response(status_code=304, headers=representation.headers_without_content())
    if request.method == "HEAD":
        length = {"Content-Length": str(representation.size_bytes)}
        return Response(headers={**representation.headers(), **length})
    return _respond_with_content(request, owner, artifact, representation)


def _respond_with_content(
    request: Request, owner: str, artifact: Artifact, representation: Representation
) -> Response:
    state = state_of(request.app)
    service = state.service
    ranges = _wanted(representation, request.headers)
    _check_whole_parts(service, artifact, ranges or [])
    is_elsewhere = state.settings.downloads == "redirect" and "signature" in request.query_params
    if is_elsewhere and (url := service.contents.redirect_url(artifact, REDIRECT_EXPIRES_S)):
        return RedirectResponse(url, 307, headers={"Cache-Control": "no-store"})
    prefix = state.settings.accel_redirect
    path = service.contents.relative_path(artifact)
    if prefix is not None and path is not None and _is_plain(request.headers, ranges):
        headers = {**representation.headers(), "X-Accel-Redirect": f"{prefix}{path}"}
        del headers["Accept-Ranges"]  # nginx adds it
        return Response(headers=headers)
    return _stream(state, owner, artifact, representation, ranges)


def _wanted(representation: Representation, headers: Headers) -> list[ByteRange] | None:
    """The ranges to send; None for the whole file."""
    if "range" not in headers or not representation.validators.allow_range(headers):
        return None
    field = ", ".join(headers.getlist("range"))
    ranges = ranges_of(field, representation.size_bytes)
    if ranges == []:
        detail = f"Range: expected a part of {representation.size_bytes} bytes, found {field!r:.80}"
        content_range = f"bytes */{representation.size_bytes}"
        etag = representation.validators.etag
        raise HTTPException(416, detail, headers={"Content-Range": content_range, "ETag": etag})
    return ranges


def _check_whole_parts(service: Service, artifact: Artifact, ranges: Sequence[ByteRange]) -> None:
    """Check the stored parts that a client asks for again because it has received others.

    Sending the same damaged bytes again would hide that it is the server's disk that damaged them.
    """
    for start, stop in ranges:
        is_whole = start % PART_BYTES == 0 and (stop % PART_BYTES == 0 or stop == artifact.size_bytes)
        if is_whole and stop - start <= CHECKED_PARTS * PART_BYTES:
            service.contents.check_parts(artifact, start, stop)


def _is_plain(headers: Headers, ranges: Sequence[ByteRange] | None) -> bool:
    """Whether nginx responds as this server does. Its conditions differ, and so do malformed ranges."""
    if "if-match" in headers or "if-unmodified-since" in headers:
        return False
    if "range" not in headers:
        return True
    fields = headers.getlist("range")
    return ranges is not None and len(fields) == 1 and _PLAIN_RANGE.fullmatch(fields[0]) is not None


def _stream(
    state: AppState,
    owner: str,
    artifact: Artifact,
    representation: Representation,
    ranges: Sequence[ByteRange] | None,
) -> FileResponse:
    """The whole file, one range, or several as `multipart/byteranges` (RFC 9110, section 14.6)."""
    headers = representation.headers()
    pieces: list[ByteRange | bytes]
    if ranges is None:
        pieces = [ByteRange(0, representation.size_bytes)]
    elif len(ranges) == 1:
        pieces = [*ranges]
        headers["Content-Range"] = ranges[0].content_range(representation.size_bytes)
    else:
        boundary = secrets.token_hex(16)
        pieces = _multipart(representation, ranges, boundary)
        headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
    length = sum(len(piece) if isinstance(piece, bytes) else piece.size for piece in pieces)
    return FileResponse(
        partial(state.service.contents.open, artifact),
        pieces,
        status=200 if ranges is None else 206,
        headers={**headers, "Content-Length": str(length)},
        downloads=state.downloads,
        owner=owner,
    )


def _multipart(
    representation: Representation, ranges: Sequence[ByteRange], boundary: str
) -> list[ByteRange | bytes]:
    pieces: list[ByteRange | bytes] = []
    line_end = ""
    for one in ranges:
        content_type = f"Content-Type: {representation.media_type}"
        content_range = f"Content-Range: {one.content_range(representation.size_bytes)}"
        head = f"{line_end}--{boundary}\r\n{content_type}\r\n{content_range}\r\n\r\n"
        pieces += [head.encode("latin-1"), one]
        line_end = "\r\n"
    return [*pieces, f"\r\n--{boundary}--\r\n".encode()]


def disposition(name: str, media_type: str) -> str:
    """The value of `Content-Disposition` (RFC 6266), with the name in both of its forms."""
    kind = "inline" if media_type.partition(";")[0].strip() in INLINE else "attachment"
    safe = _UNSAFE.sub("_", name.rpartition("/")[2]) or "_"
    ascii_name = re.sub(r"[^\x20-\x7e]|%", "_", safe)  # some clients decode percent signs
    return f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(safe, safe='')}"
