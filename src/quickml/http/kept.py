"""Content that is kept in memory and is the same for all clients, also compressed.

It is sent in pieces, so that slow clients take no memory; `Sending` does not count it against any owner.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quickml.http.accept import IDENTITY, encoding
from quickml.http.files.conditions import Validators, Verdict
from quickml.http.server.pieces import send_in_pieces

GZIP = "gzip"
_STARTED = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, kw_only=True)
class EncodedContent:
    """Content in one content coding."""

    body: bytes
    etag: str
    """Strong, with its quotes: each coding has its own."""

    @classmethod
    def of(cls, body: bytes) -> EncodedContent:
        """Content with its tag, which is a hash."""
        return cls(body=body, etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"')


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Content in several content codings."""

    media_type: str
    codings: Mapping[str, EncodedContent]
    """By content coding, in order of preference; the last one is `identity`."""

    @classmethod
    def compressed(cls, body: bytes, media_type: str) -> Kept:
        """Content as it is, and compressed."""
        codings = {GZIP: gzip.compress(body, mtime=0), IDENTITY: body}
        found = {name: EncodedContent.of(one) for name, one in codings.items()}
        return cls(media_type=media_type, codings=found)

    def response(
        self,
        headers: Headers,
        *,
        cache: str,
        vary: str = "Accept-Encoding",
        more: Mapping[str, str] | None = None,
    ) -> Response:
        """The response to a GET or HEAD. Ranges are not offered: a server may ignore `Range`.

        Args:
            headers: those of the request.
            cache: value of `Cache-Control`.
            vary: value of `Vary`.
            more: other headers.

        Raises:
            HTTPException: 412, where a condition fails.
        """
        coding = encoding(headers, [name for name in self.codings if name != IDENTITY])
        chosen = self.codings[coding]
        fields = {"ETag": chosen.etag, "Cache-Control": cache, "Vary": vary, **(more or {})}
        verdict = Validators(etag=chosen.etag, modified=_STARTED).judge(headers)
        if verdict is Verdict.NOT_MODIFIED:
            return Response(status_code=304, headers=fields)
        if verdict is Verdict.FAILED:
            detail = f"conditions: expected a condition that holds for {chosen.etag}, found one that fails"
            raise HTTPException(412, detail, headers={"ETag": chosen.etag})
        if coding != IDENTITY:
            fields["Content-Encoding"] = coding
        return _InPieces(chosen.body, headers=fields, media_type=self.media_type)


class _InPieces(Response):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """See ASGI."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send_in_pieces(send, b"" if scope["method"] == "HEAD" else self.body)
