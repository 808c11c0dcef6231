"""A file as the answer to a request: what of it is sent, what is said about it, and who sends it."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response

from quickml.errors import ArtifactError, ArtifactNotFoundError
from quickml.http.files.conditions import Validators, Verdict
from quickml.http.files.quotas import Downloads
from quickml.http.files.ranges import Span, spans_of
from quickml.http.files.streaming import FileBody
from quickml.http.state import state_of
from quickml.service import Artifact

SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A page that somebody's job made is shown, but can run nothing and reach nobody."""
INLINE = frozenset({"text/html", "application/json"})
"""What a browser shows; everything else it saves."""
FOREVER = "private, max-age=31536000, immutable"
"""What an address with a hash in it leads to never changes."""
REVALIDATED = "private, no-cache"
"""What another address leads to may be another file tomorrow, also an older one."""
_PLAIN_RANGE = re.compile(r"bytes=(?:[0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})")
"""That every server reads in the same way."""
_UNSAFE = re.compile(
    r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|^\.+|[. ]+\Z'
)
"""What a name on a disk had better not have, nor one that is read in two directions."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """A file that can be sent."""

    path: Path
    sha256: str
    size_bytes: int
    modified: datetime
    """In whole seconds."""
    name: str
    """That a client may save it under."""
    media_type: str
    cache: str
    """`Cache-Control`."""

    @property
    def validators(self) -> Validators:
        """What conditions are held against."""
        may_go_back = self.cache == REVALIDATED
        return Validators(etag=f'"{self.sha256}"', modified=self.modified, may_go_back=may_go_back)

    def headers(self) -> dict[str, str]:
        """Of an answer with all of it, but for its length."""
        return {
            **self.lasting_headers(),
            "Content-Type": self.media_type,
            "Accept-Ranges": "bytes",
            "Last-Modified": format_datetime(self.modified, usegmt=True),
            "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(self.sha256)).decode()}:",
            "Content-Disposition": disposition(self.name, self.media_type),
            "Content-Security-Policy": SANDBOX,
        }

    def lasting_headers(self) -> dict[str, str]:
        """What also an answer without content says (RFC 9110, section 15.4.5)."""
        return {"ETag": self.validators.etag, "Cache-Control": self.cache}


def content_of(artifact: Artifact, path: Path, *, name: str, cache: str) -> Content:
    """What lies there.

    Raises:
        ArtifactNotFoundError: nothing does.
        ArtifactError: it is not as it was stored.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise ArtifactNotFoundError(artifact.sha256) from None
    if found.st_size != artifact.size_bytes:
        raise ArtifactError(f"{path}: expected {artifact.size_bytes} bytes, found {found.st_size}")
    return Content(
        path=path,
        sha256=artifact.sha256,
        size_bytes=artifact.size_bytes,
        modified=datetime.fromtimestamp(int(found.st_mtime), UTC),
        name=name,
        media_type=artifact.media_type,
        cache=cache,
    )


def deliver(
    request: Request, owner: str, artifact: Artifact, path: Path, *, name: str = "", cache: str = FOREVER
) -> Response:
    """The answer to a GET or HEAD of a file, under its own name or another one. May wait for the disk.

    Raises:
        HTTPException: 412 where a condition fails, 416 where nothing that was asked for is there.
        ArtifactError: the file is lost, or not as it was stored.
    """
    content = content_of(artifact, path, name=name or artifact.name, cache=cache)
    verdict = content.validators.judge(request.headers)
    if verdict is Verdict.FAILED:
        detail = f"expected a condition that holds for {content.validators.etag}, found one that does not"
        raise HTTPException(412, detail, headers={"ETag": content.validators.etag})
    if verdict is Verdict.NOT_MODIFIED:
        return Response(status_code=304, headers=content.lasting_headers())
    if request.method == "HEAD":
        return Response(headers={**content.headers(), "Content-Length": str(content.size_bytes)})
    spans = _wanted(content, request.headers)
    state = state_of(request.app)
    prefix = state.settings.accel_redirect
    if prefix is not None and _is_plain(request.headers, spans):
        place = state.service.place(artifact)
        said = {**content.headers(), "X-Accel-Redirect": f"{prefix}{place}"}
        del said["Accept-Ranges"]  # nginx says it itself, and would say it twice
        return Response(headers=said)
    return _body(content, spans, state.downloads, owner)


def _wanted(content: Content, headers: Headers) -> list[Span] | None:
    """The ranges to send; None for all of it."""
    if "range" not in headers or not content.validators.allow_range(headers):
        return None
    field = ", ".join(headers.getlist("range"))
    spans = spans_of(field, content.size_bytes)
    if spans == []:
        detail = f"Range: expected a part of {content.size_bytes} bytes, found {field!r:.80}"
        place = {"Content-Range": f"bytes */{content.size_bytes}", "ETag": content.validators.etag}
        raise HTTPException(416, detail, headers=place)
    return spans


def _is_plain(headers: Headers, spans: list[Span] | None) -> bool:
    """Whether nginx answers as we would. Its conditions are others, and it ignores no malformed range."""
    if "if-match" in headers or "if-unmodified-since" in headers:
        return False
    if "range" not in headers:
        return True
    fields = headers.getlist("range")
    return spans is not None and len(fields) == 1 and _PLAIN_RANGE.fullmatch(fields[0]) is not None


def _body(content: Content, spans: list[Span] | None, downloads: Downloads, owner: str) -> FileBody:
    """All of it, one range, or several as `multipart/byteranges` (RFC 9110, section 14.6)."""
    headers = content.headers()
    pieces: list[Span | bytes]
    if spans is None:
        pieces = [Span(0, content.size_bytes)]
    elif len(spans) == 1:
        pieces = [*spans]
        headers["Content-Range"] = spans[0].content_range(content.size_bytes)
    else:
        boundary = secrets.token_hex(16)
        pieces = _parts(content, spans, boundary)
        headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
    length = sum(len(piece) if isinstance(piece, bytes) else piece.size for piece in pieces)
    return FileBody(
        content.path,
        pieces,
        status=200 if spans is None else 206,
        headers={**headers, "Content-Length": str(length)},
        downloads=downloads,
        owner=owner,
    )


def _parts(content: Content, spans: list[Span], boundary: str) -> list[Span | bytes]:
    pieces: list[Span | bytes] = []
    line_end = ""
    for span in spans:
        place = span.content_range(content.size_bytes)
        head = (
            f"{line_end}--{boundary}\r\nContent-Type: {content.media_type}\r\nContent-Range: {place}\r\n\r\n"
        )
        pieces += [head.encode("latin-1"), span]
        line_end = "\r\n"
    return [*pieces, f"\r\n--{boundary}--\r\n".encode()]


def disposition(name: str, media_type: str) -> str:
    """`Content-Disposition` (RFC 6266) of a file: shown or saved, and under which name, in both forms."""
    shown = "inline" if media_type.partition(";")[0].strip() in INLINE else "attachment"
    safe = _UNSAFE.sub("_", name.rpartition("/")[2]) or "_"
    ascii_name = re.sub(r"[^\x20-\x7e]|%", "_", safe)  # some read %41 as a letter
    return f"{shown}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(safe, safe='')}"
