"""Request bodies: limited in size and time, and of the right type.

This is not left to FastAPI and Starlette. FastAPI reads and parses a declared body before any dependency
runs, and in the event loop: a client without a token could have its JSON parsed. Starlette's limit answers in
plain text instead of a problem document, and has no time limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quickml.api import routes
from quickml.http import problems
from quickml.http.auth import Owner
from quickml.http.shares import Share, Shares
from quickml.http.state import owner_in, state_of
from quickml.http.uploads.protocols import is_creation

Body = TypeVar("Body", bound=BaseModel)

UNCOUNTED_BYTES = 64 << 10
"""Smaller bodies do not count as memory of their owner. uvicorn buffers as much for each connection."""
_CLOSE = {"Connection": "close"}  # the rest of the body is not read


class BodyLimits:
    """Middleware that stops reading a body over a size, after a time, or beyond the memory of its owner."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, timeout_s: float, memory: Shares) -> None:
        self._app, self._max_bytes, self._timeout_s, self._memory = app, max_bytes, timeout_s, memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or _is_upload(scope):
            await self._app(scope, receive, send)
            return
        limited = _LimitedReceive(
            *(scope, receive), max_bytes=self._max_bytes, timeout_s=self._timeout_s, memory=self._memory
        )
        try:
            await self._app(scope, limited, send)
        finally:
            limited.release()


def _is_upload(scope: Scope) -> bool:
    """Whether the body is written to a file as it comes; `uploads.receiving` limits it."""
    if scope["path"] == routes.USER_FILES:
        return scope["method"] == "POST" and is_creation(Headers(scope=scope))
    return bool(scope["path"].startswith(f"{routes.UPLOADS}/")) and scope["method"] in ("PATCH", "POST")


class _LimitedReceive:
    """`receive`, limited until the body is complete; later calls wait for the client to disconnect."""

    def __init__(
        self, scope: Scope, receive: Receive, *, max_bytes: int, timeout_s: float, memory: Shares
    ) -> None:
        self._scope, self._receive, self._timeout_s, self._memory = scope, receive, timeout_s, memory
        self._left_bytes = self._total_bytes = max_bytes
        self._deadline: float | None = asyncio.get_running_loop().time() + timeout_s
        self._share: Share | None = None

    async def __call__(self) -> Message:
        if self._deadline is None:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            detail = f"request body: expected all of it within {self._timeout_s:g} s, found it incomplete"
            raise HTTPException(408, detail, headers=_CLOSE) from None
        self._count(len(message.get("body", b"")))
        if not message.get("more_body", False):
            self._deadline = None
        return message

    def _count(self, received_bytes: int) -> None:
        self._left_bytes -= received_bytes
        if self._left_bytes < 0:
            raise _too_large(self._total_bytes)
        taken = self._total_bytes - self._left_bytes
        if taken > UNCOUNTED_BYTES:
            self._share = self._share or Share(self._memory, owner_in(self._scope))
            self._share.take(taken - self._share.amount)

    def release(self) -> None:
        """The body is no longer needed."""
        if self._share is not None:
            self._share.release()


def _too_large(max_bytes: int) -> HTTPException:
    detail = f"request body: expected at most {max_bytes:,} bytes, found more"
    return HTTPException(413, detail, headers=_CLOSE)


async def raw_body(request: Request, _: Owner) -> bytes:
    """The body, unparsed. It counts as memory of the owner until the request is answered.

    Raises:
        HTTPException: 413 for a body that is too large, 400 for one that is not complete.
        ShareError: the owner's requests and responses take too much memory.
    """
    return await _read(request)


async def _read(request: Request) -> bytes:
    announced = request.headers.get("content-length", "").lstrip("0")
    most = state_of(request.app).settings.max_body_bytes
    # Refused before any of it is read. 19 digits are enough to know; Python converts no more than 4,300.
    if announced.isdecimal() and int(announced[:19]) > most:
        raise _too_large(most)
    body = bytearray()  # a list of many short pieces would take many times as much
    try:
        async for piece in request.stream():
            body += piece
    except ClientDisconnect:
        raise HTTPException(400, "the request body ended early") from None
    return bytes(body)


def is_json(request: Request) -> bool:
    """Whether the body of a request is said to be JSON."""
    kind = _type(request)
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def wrong_type(request: Request, expected: str) -> HTTPException:
    """The error of a body of another type than expected."""
    given = request.headers.get("content-type", "")
    found = repr(given)[:80] if given else "none"
    return HTTPException(415, f"Content-Type: expected {expected}, found {found}", headers=_CLOSE)


RawBody = Annotated[bytes, Depends(raw_body)]


async def json_body(request: Request, _: Owner) -> bytes:
    """A body whose Content-Type is JSON, unparsed.

    A web page of another origin cannot send one without asking first (CORS); plain text it could.
    """
    if not is_json(request):
        raise wrong_type(request, "application/json")
    return await _read(request)


JsonBody = Annotated[bytes, Depends(json_body)]

BYTES = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A body that is JSON, or the bytes of one sample."""

    content: bytes
    is_json: bool


async def sample_body(request: Request, _: Owner) -> Sent:
    """A body that is JSON, or the bytes of one sample, unparsed; see `json_body`."""
    has_json = is_json(request)
    if not has_json and _type(request) != BYTES:
        raise wrong_type(request, f"application/json or {BYTES}")
    return Sent(content=await _read(request), is_json=has_json)


SampleBody = Annotated[Sent, Depends(sample_body)]


def parse(model: type[Body], body: bytes) -> Body:
    """A JSON body as a message. It may be long: call this in a thread.

    Raises:
        RequestError: it is not such a message.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise problems.of_body(error, body) from None


def parsed(model: type[Body]) -> Callable[..., Coroutine[Any, Any, Body]]:
    """A dependency that gives the JSON body as a message."""

    async def read(request: Request, owner: Owner, body: JsonBody) -> Body:
        return await state_of(request.app).checks.run(owner, parse, model, body)

    return read
