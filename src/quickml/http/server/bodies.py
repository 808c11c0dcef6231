"""Request bodies: limited in size and time, and of the right type.

This is not left to FastAPI and Starlette. FastAPI reads and parses a declared body before any dependency
runs, and in the event loop: a client without a token could have its JSON parsed. Starlette's limit answers in
plain text instead of a problem document, and has no time limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quickml.http.state import state_of

Body = TypeVar("Body", bound=BaseModel)

_CLOSE = {"Connection": "close"}  # the rest of the body is not read


class BodyLimits:
    """Middleware that stops reading a body over a size, or after a time."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, timeout_s: float) -> None:
        self._app, self._max_bytes, self._timeout_s = app, max_bytes, timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http":
            receive = _LimitedReceive(receive, self._max_bytes, self._timeout_s)
        await self._app(scope, receive, send)


class _LimitedReceive:
    """`receive`, limited until the body is complete; later calls wait for the client to disconnect."""

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
            detail = f"request body: expected all of it within {self._timeout_s:g} s, found it incomplete"
            raise HTTPException(408, detail, headers=_CLOSE) from None
        self._left_bytes -= len(message.get("body", b""))
        if self._left_bytes < 0:
            raise _too_large(self._total_bytes)
        if not message.get("more_body", False):
            self._deadline = None
        return message


def _too_large(max_bytes: int) -> HTTPException:
    detail = f"request body: expected at most {max_bytes:,} bytes, found more"
    return HTTPException(413, detail, headers=_CLOSE)


async def raw_body(request: Request) -> bytes:
    """The body, unparsed."""
    announced = request.headers.get("content-length", "").lstrip("0")
    most = state_of(request.app).settings.max_body_bytes
    # Refused before any of it is read. 19 digits are enough to know; Python converts no more than 4,300.
    if announced.isdecimal() and int(announced[:19]) > most:
        raise _too_large(most)
    try:
        return await request.body()
    except ClientDisconnect:
        raise HTTPException(400, "the request body ended early") from None


async def json_body(request: Request) -> bytes:
    """A body whose Content-Type is JSON, unparsed.

    A web page of another origin cannot send one without asking first (CORS); plain text it could.
    """
    given = request.headers.get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        found = repr(given)[:80] if given else "none"
        raise HTTPException(415, f"Content-Type: expected application/json, found {found}", headers=_CLOSE)
    return await raw_body(request)


def parsed(model: type[Body]) -> Callable[[Request], Coroutine[Any, Any, Body]]:
    """A dependency that gives the JSON body as a message. It is parsed in a thread: it may be long."""

    async def read(request: Request) -> Body:
        body = await json_body(request)
        try:
            return await run_in_threadpool(model.model_validate_json, body)
        except ValidationError as error:
            items = error.errors(include_url=False, include_context=False)
            raise RequestValidationError(
                [{**item, "loc": ("body", *item["loc"])} for item in items]
            ) from None

    return read


RawBody = Annotated[bytes, Depends(raw_body)]
JsonBody = Annotated[bytes, Depends(json_body)]
