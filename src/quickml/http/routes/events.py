"""The events of a job, and all changes of an owner's jobs: streams of Server-Sent Events, or pages of JSON.

A job's stream ends after its last event. A request for later events is answered with 204, which stops an
EventSource. The stream of all changes does not end.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from quickml.api import routes
from quickml.api.jobs import ChangePage, EventItem, EventPage
from quickml.api.message import Names
from quickml.events import TERMINAL
from quickml.http.answers import change_message, event_of
from quickml.http.auth import Owner, secret_of
from quickml.http.event_stream import GREETING, MEDIA_TYPE, EventStream, Source
from quickml.http.parameters import JobId
from quickml.http.state import AppState, TheState
from quickml.service import AnyEvent, EncodedEvent, ImportEvent, Job, Service, StoredEvent

router = APIRouter()

PAGE = 1000
"""Events in one page of JSON."""

LARGEST = 2**53
"""The largest whole number that JavaScript counts to."""
MOST = 240
Types = Annotated[
    Names | None, Query(max_length=20, description="Types of events of which to return some: `most` of each.")
]
Most = Annotated[
    int,
    Query(
        ge=2,
        le=PAGE,
        description="With `types`, number of events of each type at most. They are evenly spaced, and the"
        " first and the last one are among them.",
    ),
]
LastEventId = Annotated[
    str | None, Header(description="The same, as an EventSource sends it when it reconnects.")
]
Accept = Annotated[
    str, Header(description="`text/event-stream` for a stream, `application/json` for a page.")
]


def encode(event: AnyEvent) -> bytes:
    """An event in the format of the stream. Bodies are JSON without line breaks."""
    if isinstance(event, ImportEvent):
        return f"id: {event.sequence}\ndata: {json.dumps(event.body)}\n\n".encode()
    if isinstance(event, StoredEvent):
        return f"id: {event.sequence}\ndata: {event.body}\n\n".encode()
    start = f'"position":{event.position},"job_id":"{event.job_id}"'
    if event.sequence > 0:
        rest = f'"change":"event","id":{event.sequence},"event":{event.body}'
    else:
        rest = f'"change":"{event.type}","time":"{event.body}"'
    return f"id: {event.position}\ndata: {{{start},{rest}}}\n\n".encode()


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
    after: Annotated[int, Query(ge=0, le=LARGEST, description="Number of the last event already seen.")] = 0,
    types: Types = None,
    most: Most = MOST,
    last_event_id: LastEventId = None,
    accept: Accept = "*/*",
) -> Response:
    """Stream the events of a job as they happen, or get a page of those there are.

    With `types`, the response is one page of the whole job, from which events are left out: enough to draw a
    small curve of a long training.
    """
    after = max(after, number_of(last_event_id) or 0)
    if types:
        return await run_in_threadpool(_outline, state.service, job_id, owner, types, most)
    if not is_stream(accept):
        return await run_in_threadpool(_page, state.service, job_id, owner, after)
    job = await run_in_threadpool(state.service.job, job_id, owner)
    if job.status in TERMINAL and job.last_event <= after:
        return Response(status_code=204)
    # A power failure may take events that were sent: those that follow are numbered from what is left.
    source = source_of(state, job_id, owner)
    return EventStream(state, source, secret_of(request), after=min(after, job.last_event))


@router.get(
    routes.CHANGES,
    response_model=ChangePage,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}, "description": "Changes"}},
)
async def get_changes(
    *,
    request: Request,
    state: TheState,
    owner: Owner,
    after: Annotated[
        int | None,
        Query(ge=0, le=LARGEST, description="Position of the last change already seen. Default: the newest."),
    ] = None,
    last_event_id: LastEventId = None,
    accept: Accept = "*/*",
) -> Response:
    """Stream the events of all of your jobs, and which are submitted and deleted; or get a page of them.

    Without `after`, a stream begins with the next change. To miss nothing, open it before you list the jobs.
    """
    newest = await run_in_threadpool(state.service.position, owner)
    known = [number for number in (after, number_of(last_event_id)) if number is not None]
    after = min(max(known, default=newest), newest)
    if not is_stream(accept):
        return await run_in_threadpool(_changes_page, state.service, owner, after)
    greeting = GREETING + f"id: {after}\n\n".encode()  # for an EventSource that reconnects before any change
    return EventStream(state, _all_of(state, owner), secret_of(request), after=after, greeting=greeting)


def number_of(last_event_id: str | None) -> int | None:
    """The number of the last event that a client has; None if it has none."""
    if last_event_id is None or not last_event_id.isdecimal() or len(last_event_id) > 15:
        return None
    return int(last_event_id)


def is_stream(accept: str) -> bool:
    """Whether a client wants a stream. Raises HTTPException if it wants neither that nor JSON."""
    if "application/json" in accept and MEDIA_TYPE not in accept:
        return False
    if MEDIA_TYPE not in accept and "text/*" not in accept and "*/*" not in accept:
        raise HTTPException(406, f"Accept: expected {MEDIA_TYPE} or application/json, found {accept!r:.80}")
    return True


def source_of(state: AppState, job_id: str, owner: str) -> Source:
    """The events of a job."""

    def stored(after: int, most: int) -> list[EncodedEvent]:
        return [state.watchers.encoded(event) for event in state.service.events(job_id, owner, after, most)]

    return Source(
        owner=owner,
        watch=partial(state.watchers.watch, job_id),
        stored=stored,
        ended=partial(state.service.inference.look, job_id, owner),
    )


def _page(service: Service, job_id: str, owner: str, after: int) -> Response:
    job = service.job(job_id, owner)
    found = service.events(job_id, owner, after, PAGE)
    last = found[-1].sequence if found else min(after, job.last_event)
    return _page_of(job, found, last)


def _outline(service: Service, job_id: str, owner: str, types: Sequence[str], most: int) -> Response:
    job = service.job(job_id, owner)
    return _page_of(job, service.outline(job, types, most), job.last_event)


def _page_of(job: Job, found: Sequence[StoredEvent], last: int) -> Response:
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


def _all_of(state: AppState, owner: str) -> Source:
    def stored(after: int, most: int) -> list[EncodedEvent]:
        return [state.watchers.encoded_change(one) for one in state.service.changes(owner, after, most)]

    return Source(owner=owner, watch=partial(state.watchers.watch_owner, owner), stored=stored)


def _changes_page(service: Service, owner: str, after: int) -> Response:
    found = service.changes(owner, after, PAGE)
    told = tuple(message for change in found if (message := change_message(change)) is not None)
    page = ChangePage(changes=told, position=found[-1].position if found else after)
    return Response(page.model_dump_json(), media_type="application/json")
