"""The events of a job: a stream of Server-Sent Events, or pages of JSON.

The format is that of html.spec.whatwg.org/multipage/server-sent-events.html. `id` is the number of the event
in its job; a client that reconnects with `Last-Event-ID` gets the events after it. The stream ends after the
last event of the job. A request for later events is answered with 204, which stops an EventSource.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quickml.api import routes
from quickml.api.jobs import EventItem, EventPage
from quickml.errors import JobNotFoundError, StoreError
from quickml.events import TERMINAL
from quickml.http.answers import event_of
from quickml.http.auth import Owner, secret_of
from quickml.http.files.streaming import disconnected
from quickml.http.parameters import JobId
from quickml.http.state import AppState, TheState
from quickml.service import Service, StoredEvent, Subscription

router = APIRouter()

MEDIA_TYPE = "text/event-stream"
PAGE = 1000
"""Events in one page of JSON."""
REPLAYED = 200
"""Events that a stream reads at a time, so that a slow client takes little memory."""
RETRY_MS = 1000
"""Delay before an EventSource reconnects."""
GREETING = f"retry: {RETRY_MS}\n\n".encode()
HEARTBEAT = b":\n\n"


def encode(event: StoredEvent) -> bytes:
    """An event in the format of the stream. Its body is JSON without line breaks."""
    return f"id: {event.sequence}\ndata: {event.body}\n\n".encode()


@router.get(
    routes.JOB_EVENTS,
    response_model=EventPage,
    responses={
        200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}, "description": "Events"},
        204: {"description": "The job is finished and has no more events"},
    },
)
async def get_events(
    *,
    request: Request,
    state: TheState,
    owner: Owner,
    job_id: JobId,
    after: Annotated[int, Query(ge=0, le=2**53, description="Number of the last event already seen.")] = 0,
    last_event_id: Annotated[
        str | None, Header(description="The same, as an EventSource sends it when it reconnects.")
    ] = None,
    accept: Annotated[
        str, Header(description="`text/event-stream` for a stream, `application/json` for a page.")
    ] = "*/*",
) -> Response:
    """Stream the events of a job as they happen, or get a page of those there are."""
    if last_event_id is not None and last_event_id.isdecimal() and len(last_event_id) < 16:
        after = max(after, int(last_event_id))
    if "application/json" in accept and MEDIA_TYPE not in accept:
        return await run_in_threadpool(_page, state.service, job_id, owner, after)
    if MEDIA_TYPE not in accept and "text/*" not in accept and "*/*" not in accept:
        raise HTTPException(406, f"Accept: expected {MEDIA_TYPE} or application/json, found {accept!r:.80}")
    job = await run_in_threadpool(state.service.job, job_id, owner)
    if job.status in TERMINAL and job.last_event <= after:
        return Response(status_code=204)
    # A power failure may take events that were sent: those that follow are numbered from what is left.
    return EventStream(state, job_id, owner, secret_of(request), after=min(after, job.last_event))


def _page(service: Service, job_id: str, owner: str, after: int) -> Response:
    job = service.job(job_id, owner)
    found = service.events(job_id, owner, after, PAGE)
    last = found[-1].sequence if found else min(after, job.last_event)
    page = EventPage(
        events=[
            EventItem(id=event.sequence, event=known)
            for event in found
            if (known := event_of(event)) is not None
        ],
        last=last,
        is_finished=job.status in TERMINAL and job.last_event <= last,
    )
    return Response(page.model_dump_json(), media_type="application/json")


class EventStream(Response):
    """The stream. Plain ASGI, since thousands of them must be cheap."""

    def __init__(self, state: AppState, job_id: str, owner: str, secret: str = "", *, after: int) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx would buffer it
        super().__init__(media_type=f"{MEDIA_TYPE}; charset=utf-8", headers=headers)
        del self.headers["content-length"]
        self._service, self._watchers, self._streams = state.service, state.watchers, state.streams
        self._job_id, self._owner = job_id, owner
        self._secret = secret if state.settings.tokens_required else ""
        self._last, self._heartbeat_s = after, state.settings.heartbeat_s
        self._is_over = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """See ASGI.

        Raises:
            ShareError: the owner has too many streams open; nothing was sent then.
            CrowdedError: too many streams are open; the same.
        """
        watched = self._watchers.watch(self._job_id, self._secret)
        with self._streams.held(self._owner, 1), watched as watcher:
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            gone = asyncio.create_task(_close_when_gone(receive, watcher))
            try:
                await _send(send, GREETING)
                with suppress(JobNotFoundError, StoreError):  # too late for a problem document
                    while not watcher.is_closed and not self._is_over:
                        await self._replay(send, watcher)
                        watcher.start(self._last)
                        await self._follow(send, watcher)
            finally:
                gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _replay(self, send: Send, watcher: Subscription) -> None:
        while not watcher.is_closed and not self._is_over:
            found = await run_in_threadpool(
                self._service.events, self._job_id, self._owner, self._last, REPLAYED
            )
            if found:
                told = [self._watchers.encoded(event) for event in found]
                self._last, self._is_over = told[-1].sequence, told[-1].is_last
                await _send(send, b"".join(one.content for one in told))
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
