"""What clients send: never more than allowed, never slower than allowed, and of the right type."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quickml.http.state import state_of

_CLOSE = {"Connection": "close"}  # what else the client sends of this body is not worth reading


class BodyLimits:
    """Middleware that ends the reading of a body at a size and after a time, both of the whole."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, timeout_s: float) -> None:
        self._app, self._max_bytes, self._timeout_s = app, max_bytes, timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http":
            receive = _Limited(receive, self._max_bytes, self._timeout_s)
        await self._app(scope, receive, send)


class _Limited:
    """`receive`, until the body is whole; from then on it may wait for the client to go."""

    __slots__ = ("_deadline", "_left_bytes", "_receive", "_timeout_s", "_total_bytes")

    def __init__(self, receive: Receive, max_bytes: int, timeout_s: float) -> None:
        self._receive, self._timeout_s = receive, timeout_s
        self._left_bytes = self._total_bytes = max_bytes
        self._deadline: float | None = asyncio.get_running_loop().time() + timeout_s

    async def __call__(self) -> Message:
        if self._deadline is None:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            detail = f"the body: expected all of it within {self._timeout_s:g} s"
            raise HTTPException(408, detail, headers=_CLOSE) from None
        self._left_bytes -= len(message.get("body", b""))
        if self._left_bytes < 0:
            raise too_large(self._total_bytes)
        if not message.get("more_body", False):
            self._deadline = None
        return message


def too_large(max_bytes: int) -> HTTPException:
    """The answer to a body over the limit."""
    return HTTPException(413, f"the body: expected at most {max_bytes:,} bytes, found more", headers=_CLOSE)


async def raw_body(request: Request) -> bytes:
    """The body, as it came."""
    announced = request.headers.get("content-length", "")
    most = state_of(request.app).settings.max_body_bytes
    if announced.isdecimal() and int(announced) > most:  # refused before any of it is read
        raise too_large(most)
    try:
        return await request.body()
    except ClientDisconnect:
        raise HTTPException(400, "the body: expected all of it, found its beginning") from None


async def json_body(request: Request) -> bytes:
    """A body that says it is JSON, not parsed.

    No web page can send one to this server without asking first (CORS), as it could with plain text.
    """
    given = request.headers.get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        found = repr(given)[:80] if given else "none"
        raise HTTPException(415, f"Content-Type: expected application/json, found {found}", headers=_CLOSE)
    return await raw_body(request)


RawBody = Annotated[bytes, Depends(raw_body)]
JsonBody = Annotated[bytes, Depends(json_body)]
