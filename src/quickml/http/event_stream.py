"""A stream of Server-Sent Events: what is stored, then what comes, with heartbeats.

The format is that of html.spec.whatwg.org/multipage/server-sent-events.html. `id` is the number of the event;
a client that reconnects with `Last-Event-ID` gets the events after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quickml.errors import JobNotFoundError, StoreError
from quickml.http.files.streaming import disconnected
from quickml.http.state import AppState
from quickml.service import EncodedEvent, Subscription

MEDIA_TYPE = "text/event-stream"
REPLAYED = 200
"""Events that a stream reads at a time, so that a slow client takes little memory."""
RETRY_MS = 1000
"""Delay before an EventSource reconnects."""
GREETING = f"retry: {RETRY_MS}\n\n".encode()
HEARTBEAT = b":\n\n"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the events of a stream come from."""

    owner: str
    watch: Callable[[str], AbstractContextManager[Subscription]]
    """Subscribes to what comes; takes the secret of the token that it needs, empty if it needs none."""
    stored: Callable[[int, int], Sequence[EncodedEvent]]
    """Reads the stored events after a number, at most so many."""
    ended: Callable[[], None] = lambda: None
    """Called when the last event of all was sent; in the event loop."""


class EventStream(Response):
    """The stream. Plain ASGI, since thousands of them must be cheap."""

    def __init__(
        self, state: AppState, source: Source, secret: str = "", *, after: int, greeting: bytes = GREETING
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx would buffer it
        super().__init__(media_type=f"{MEDIA_TYPE}; charset=utf-8", headers=headers)
        del self.headers["content-length"]
        self._source, self._streams, self._greeting = source, state.streams, greeting
        self._secret = secret if state.settings.tokens_required else ""
        self._last, self._heartbeat_s = after, state.settings.heartbeat_s
        self._is_over = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """See ASGI.

        Raises:
            ShareError: the owner has too many streams open; nothing was sent then.
            CrowdedError: too many streams are open; the same.
        """
        watched = self._source.watch(self._secret)
        with self._streams.held(self._source.owner, 1), watched as watcher:
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            gone = asyncio.create_task(_close_when_gone(receive, watcher))
            try:
                await _send(send, self._greeting)
                with suppress(JobNotFoundError, StoreError):  # too late for a problem document
                    while not watcher.is_closed and not self._is_over:
                        await self._replay(send, watcher)
                        watcher.start(self._last)
                        await self._follow(send, watcher)
            finally:
                gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        if self._is_over:
            self._source.ended()

    async def _replay(self, send: Send, watcher: Subscription) -> None:
        while not watcher.is_closed and not self._is_over:
            found = await run_in_threadpool(self._source.stored, self._last, REPLAYED)
            if found:
                self._last, self._is_over = found[-1].sequence, found[-1].is_last
                await _send(send, b"".join(one.content for one in found))
            if len(found) < REPLAYED:
                return

    async def _follow(self, send: Send, watcher: Subscription) -> None:
        """Send what comes, until the watcher is closed or the client is too far behind."""
        while not self._is_over:
            try:
                async with asyncio.timeout(self._heartbeat_s):
                    taken = await watcher.take()
            except TimeoutError:
                await _send(send, HEARTBEAT)
                continue
            if not taken:
                return
            self._last, self._is_over = taken[-1].sequence, taken[-1].is_last
            await _send(send, taken[0].content if len(taken) == 1 else b"".join(one.content for one in taken))


async def _send(send: Send, content: bytes) -> None:
    await send({"type": "http.response.body", "body": content, "more_body": True})


async def _close_when_gone(receive: Receive, watcher: Subscription) -> None:
    await disconnected(receive)
    watcher.close()
