"""The events of a file that is being read: a stream of Server-Sent Events, or a page of JSON."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from quickml.api import routes
from quickml.api.files import ImportItem, ImportPage
from quickml.http.auth import Owner, secret_of
from quickml.http.event_stream import MEDIA_TYPE, EventStream, Source
from quickml.http.parameters import Sha256Path
from quickml.http.routes.events import LARGEST, Accept, LastEventId, is_stream, number_of
from quickml.http.state import AppState, TheState
from quickml.service import EncodedEvent, ImportRun, Service

router = APIRouter()


@router.get(
    routes.USER_FILE_EVENTS,
    response_model=ImportPage,
    responses={
        200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}, "description": "Events"},
        204: {"description": "The file is read, and there are no more events"},
    },
)
async def get_import_events(
    *,
    request: Request,
    state: TheState,
    owner: Owner,
    sha256: Sha256Path,
    after: Annotated[int, Query(ge=0, le=LARGEST, description="Number of the last event already seen.")] = 0,
    last_event_id: LastEventId = None,
    accept: Accept = "*/*",
) -> Response:
    """Stream what the server finds while it reads a file: how far it is, problems, and when it is done.

    A file that was not read before is read now. The stream ends with the event `imported`.
    """
    run = await run_in_threadpool(_run, state.service, owner, sha256)
    after = max(after, number_of(last_event_id) or 0)
    if not is_stream(accept):
        return _page(run, after)
    if run.is_done and not run.events(after):
        return Response(status_code=204)
    return EventStream(state, _source(state, run, owner), secret_of(request), after=after)


def _run(service: Service, owner: str, sha256: str) -> ImportRun:
    return service.importer.run(owner, service.uploads.file(sha256, owner))


def _source(state: AppState, run: ImportRun, owner: str) -> Source:
    def stored(after: int, most: int) -> list[EncodedEvent]:
        return [state.watchers.encoded_import(event) for event in run.events(after)[:most]]

    return Source(owner=owner, watch=partial(state.watchers.watch_import, run.id), stored=stored)


def _page(run: ImportRun, after: int) -> Response:
    found = run.events(after)
    page = ImportPage(
        events=tuple(ImportItem.model_validate({"id": one.sequence, "event": one.body}) for one in found),
        last=found[-1].sequence if found else after,
        is_finished=run.is_done,
    )
    return Response(page.model_dump_json(), media_type="application/json")
