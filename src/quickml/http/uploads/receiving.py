"""Receiving the body of a request into an upload, in pieces and with bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from quickml.errors import InterruptedUploadError

PIECE_BYTES = 512 << 10
"""What is received before it is written. uvicorn reads no more from a connection while a piece is written."""
DRAIN_BYTES, DRAIN_S = 1 << 20, 1.0
"""What is still read of a body that was refused, and for how long. Many clients read no response before they
have sent their request, and a connection that is closed with unread bytes may lose the response."""

LINGER_S, QUIET_S = 1.0, 0.1
"""For how long a request that another one has ended is still received, and how long nothing may come. What
the network has delivered need not be sent again."""

Write = Callable[[bytearray], Awaitable[None]]


class BodyReceiver:
    """The body of one request. Used in the event loop's thread, except for `interrupt`."""

    def __init__(self, receive: Receive, *, timeout_s: float) -> None:
        """Wait at most `timeout_s` for each next piece."""
        self._receive, self._timeout_s = receive, timeout_s
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Timeout | None = None
        self._ends_at: float | None = None
        """When it ends at the latest, once it is interrupted."""
        self.is_complete = False
        """Whether all of it was received."""

    def interrupt(self) -> None:
        """End `receive_into`. Called from other threads."""
        self._loop.call_soon_threadsafe(self._interrupt)

    def _interrupt(self) -> None:
        self._ends_at = self._loop.time() + LINGER_S
        if self._waiting is not None:
            self._waiting.reschedule(self._loop.time() + QUIET_S)

    async def receive_into(self, write: Write) -> None:
        """Hand pieces to `write` as they come. What has arrived is written also if this raises.

        Raises:
            InterruptedUploadError: another request has ended this one.
            ClientDisconnect: the connection has ended before the body.
            HTTPException: 408 if nothing came for too long.
        """
        piece = bytearray()
        try:
            while not self.is_complete:
                message = await self._next()
                if message["type"] != "http.request":
                    raise ClientDisconnect
                piece += message.get("body", b"")
                self.is_complete = not message.get("more_body", False)
                if len(piece) >= PIECE_BYTES:
                    full, piece = piece, bytearray()
                    await write(full)
        finally:
            if piece:
                await write(piece)

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(self._allowed_s()) as self._waiting:
                return await self._receive()
        except TimeoutError:
            if self._ends_at is not None:
                raise InterruptedUploadError from None
            detail = f"request body: expected more of it within {self._timeout_s:g} s, found nothing"
            raise HTTPException(408, detail) from None
        finally:
            self._waiting = None

    def _allowed_s(self) -> float:
        """How long the next piece may take."""
        if self._ends_at is None:
            return self._timeout_s
        left_s = self._ends_at - self._loop.time()
        if left_s <= 0:
            raise InterruptedUploadError
        return min(left_s, QUIET_S)

    async def drain(self) -> None:
        """Read a little of what is left, so that the client can send it and then read the response."""
        left = DRAIN_BYTES
        try:
            async with asyncio.timeout(DRAIN_S):
                while not self.is_complete and left > 0:
                    message = await self._receive()
                    if message["type"] != "http.request":
                        return
                    left -= len(message.get("body", b""))
                    self.is_complete = not message.get("more_body", False)
        except TimeoutError:
            pass
